"""The results of sends: the platform accepted a message of ours, or refused it, or nobody knows."""

from collections.abc import Sequence
from dataclasses import replace

from schemas.outbound import DeliveryFailed, DeliverySent
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord
from services.router.conversations.context import ActivityContext, ConversationsContext
from services.router.conversations.delivered import advance, cover
from services.router.conversations.domain import responses
from services.router.conversations.handoff_notices import private_reply_of
from services.router.conversations.message_changes import apply_waiting
from services.router.conversations.message_ids import put_alias


def handle_sent(context: ConversationsContext, received: ReceivedEvent) -> None:
    """The platform accepted a message, and names it from now on by its own ids."""
    work, sent = context.work, received.event.payload_as(DeliverySent)
    message = work.get(MESSAGES, sent.message)
    if message is None:
        return
    sent_at = sent.started_at or sent.at
    platform_id = sent.platform_id or message.platform_id
    # A receipt that was first had no better time than its own.
    message = replace(message, platform_id=platform_id, further_ids=sent.further_ids, sent_at=sent_at)
    if len(sent.aliases) > 1 and not message.parts:
        message = replace(message, parts=dict.fromkeys(sent.aliases, "sent"))
    for alias in sent.aliases:
        put_alias(work, alias, message)
    message = _without_echoes(work, message, sent.aliases)
    _store_address(work, message, sent)
    # A watermark that was first waits in the conversation: it covers the message by this time.
    message = cover(work, advance(work, message, "sent", sent_at))
    work.put(MESSAGES, message.id, message)
    # What arrived under the platform's ids before they were known.
    apply_waiting(work, sent.aliases, ActivityContext(None, context.handoffs, context.capabilities))
    opening = private_reply_of(work, message)
    if opening is not None:
        context.handoffs.private_reply_sent(work, opening, sent, context.configuration(opening.workspace))


def _without_echoes(work: UnitOfWork, message: MessageRecord, aliases: Sequence[str]) -> MessageRecord:
    """Remove an echo that was taken for another message, because its text differs; its reactions move to the message."""
    for alias in aliases:
        echo = work.get(MESSAGES, alias)
        if echo is not None and echo.direction == "outbound" and echo.conversation == message.conversation:
            message = replace(message, reactions=message.reactions or echo.reactions)
            work.delete(MESSAGES, alias)
    return message


def _store_address(work: UnitOfWork, message: MessageRecord, sent: DeliverySent) -> None:
    """Later answers go to the address that the sender used at last.

    It differs when the platform had no chat or message of the requested address any more.
    """
    conversation = work.get(CONVERSATIONS, message.conversation)
    if conversation is None or sent.address is None or sent.requested_address is None:
        return
    after = responses.redirected(conversation, message.surface, sent.requested_address, sent.address)
    if after is not conversation:
        work.put(CONVERSATIONS, after.id, after)


def handle_failed(context: ConversationsContext, received: ReceivedEvent) -> None:
    """The platform refused a message for good, or the sender cannot know whether the platform has it."""
    work, failed = context.work, received.event.payload_as(DeliveryFailed)
    message = work.get(MESSAGES, failed.message)
    if message is None:
        return
    after = advance(work, message, "failed", failed.at, failed.error)
    case = private_reply_of(work, message)
    if case is not None and after.state == "failed":
        context.handoffs.private_reply_failed(work, case, context.configuration(case.workspace))
