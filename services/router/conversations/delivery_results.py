"""The results of sends: the platform accepted a message of ours, or refused it, or nobody knows."""

from collections.abc import Sequence
from dataclasses import replace

from schemas.conversation import MessageState
from schemas.outbound import DeliveryFailed, DeliverySent
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord
from services.router.conversations.context import ActivityContext, ConversationsContext
from services.router.conversations.delivered import advance, cover
from services.router.conversations.domain import responses
from services.router.conversations.domain.delivery_states import DOUBTFUL
from services.router.conversations.facts import put_conversation
from services.router.conversations.handoff_notices import private_reply_of
from services.router.conversations.message_changes import apply_waiting
from services.router.conversations.message_ids import put_alias
from services.router.conversations.misplaced_echoes import check_later


def handle_sent(context: ConversationsContext, received: ReceivedEvent) -> None:
    """The platform accepted a message, and names it from now on by its own ids."""
    work, sent = context.work, received.event.payload_as(DeliverySent)
    message = work.get(MESSAGES, sent.message)
    if message is None:
        return
    sent_at = sent.started_at or sent.at
    # A receipt that was first had no better time than its own.
    message = replace(_with_ids(context, message, sent), sent_at=sent_at)
    if sent.further_ids and len(sent.aliases) == len(sent.further_ids) + 1:
        # Echoes may have shown some of them.
        message = replace(message, parts={alias: message.parts.get(alias, "sent") for alias in sent.aliases})
    _store_address(work, message, sent)
    # A watermark that was first waits in the conversation: it covers the message by this time.
    message = cover(work, advance(work, message, "sent", sent_at))
    work.put(MESSAGES, message.id, message)
    # What arrived under the platform's ids before they were known.
    apply_waiting(work, sent.aliases, ActivityContext(None, context.handoffs, context.capabilities))
    opening = private_reply_of(work, message)
    if opening is not None:
        context.handoffs.private_reply_sent(work, opening, sent, context.configuration(opening.workspace))


def _with_ids(
    context: ConversationsContext, message: MessageRecord, result: DeliverySent | DeliveryFailed
) -> MessageRecord:
    """The message with the platform's ids of it. An echo that stands under one of them is the message itself."""
    work = context.work
    for alias in result.aliases:
        put_alias(work, alias, message)
    known = context.capabilities.by_channel.get(message.channel)
    if result.aliases and message.surface == "public" and known is not None and known.flat_threads:
        check_later(work, message.key, result.aliases)
    platform_id = result.platform_id or message.platform_id
    message = replace(message, platform_id=platform_id, further_ids=result.further_ids)
    return _without_echoes(work, message, result.aliases)


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
        put_conversation(work, after)


def handle_failed(context: ConversationsContext, received: ReceivedEvent) -> None:
    """The platform refused a message for good, or the sender cannot know whether the platform has it."""
    work, failed = context.work, received.event.payload_as(DeliveryFailed)
    message = work.get(MESSAGES, failed.message)
    if message is None:
        return
    if failed.aliases:
        message = _with_ids(context, message, failed)
        # The part that failed has no id at the platform. Its state is that of the message until it is known to be there.
        state: MessageState = "queued" if failed.error.code in DOUBTFUL else "failed"
        sent: dict[str, MessageState] = {alias: message.parts.get(alias, "sent") for alias in failed.aliases}
        parts = {**sent, f"{message.id}/failed": state}
        message = replace(message, parts=parts)
        work.put(MESSAGES, message.id, message)
    after = advance(work, message, "failed", failed.at, failed.error)
    apply_waiting(work, failed.aliases, ActivityContext(None, context.handoffs, context.capabilities))
    case = private_reply_of(work, message)
    if case is not None and after.state == "failed":
        context.handoffs.private_reply_failed(work, case, context.configuration(case.workspace))
