"""What agents do: reply and resolve. Each command leaves an outcome in its batch, which is also its dedupe record."""

from collections.abc import Mapping

from schemas.activity import Address
from schemas.channel import Capabilities
from schemas.commands import Reply, Resolve
from schemas.conversation import Author
from schemas.outbound import OutboundMessage
from schemas.values import Problem, Surface
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_finished, is_pending
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import OUTCOMES
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord
from services.router.conversations import places
from services.router.conversations.context import ConversationsContext
from services.router.conversations.domain import responses, transitions
from services.router.conversations.domain.handoff import is_private_only
from services.router.conversations.facts import (
    close_task,
    next_sequence,
    record_applied,
    record_change,
    record_fact,
    record_rejected,
)

NO_CONVERSATION = Problem(status=404, title="Not found", detail="There is no such conversation.")


WAITS = "It waits and has no agent yet"
LEFT_THE_QUEUE = "It was answered elsewhere by your own side and has no agent: transfer it to one"


def is_repeat(work: UnitOfWork, command: ReceivedEvent) -> bool:
    """Whether the command was answered before."""
    return work.get(OUTCOMES, command.event.id) is not None


def handle_reply(context: ConversationsContext, command: ReceivedEvent) -> None:
    """Send an agent's answer to the customer, or refuse it."""
    work = context.work
    if is_repeat(work, command):
        return
    reply = command.event.payload_as(Reply)
    conversation = work.get(CONVERSATIONS, reply.conversation)
    surface = reply.surface or (conversation.last_surface if conversation else None)
    refusal = _why_not_reply(reply, conversation, surface, context.capabilities)
    if refusal is not None:
        record_rejected(work, command, reply.request_hash, refusal)
    elif conversation is not None and surface is not None:
        _send(work, command, reply, conversation, "public" if surface == "public" else "private")


def _why_not_reply(
    reply: Reply, conversation: ConversationState | None, surface: str | None, capabilities: Mapping[str, Capabilities]
) -> Problem | None:
    if conversation is None:
        return NO_CONVERSATION
    if is_finished(conversation.status):
        detail = f"The conversation is {conversation.status}. Reopen it, or wait for the customer to write again."
        return Problem(status=409, title="Conversation is finished", detail=detail)
    if conversation.agent != reply.agent:
        nobody = LEFT_THE_QUEUE if transitions.has_no_task(conversation) else WAITS
        holder = f"It is with {conversation.agent}" if conversation.agent else nobody
        detail = f"{reply.agent} is not the assignee. {holder}; only the assignee can reply."
        return Problem(status=409, title="Not the assignee", detail=detail)
    return _why_not_there(reply, conversation, surface or "", capabilities)


def _why_not_there(
    reply: Reply, conversation: ConversationState, surface: str, capabilities: Mapping[str, Capabilities]
) -> Problem | None:
    if surface not in conversation.addresses:
        there = ", ".join(sorted(conversation.addresses)) or "nowhere"
        detail = f"The customer has not written on the {surface} side of this channel, only here: {there}."
        return Problem(status=409, title="No address on that surface", detail=detail)
    secrets = reply.masked or reply.sensitive_kinds
    if surface == "public" and secrets and reply.confirmed_by is None:
        detail = f"A public reply must not hold a secret ({', '.join(secrets)}). Write it without, or in private."
        return Problem(status=409, title="Secret in a public reply", detail=detail)
    if surface == "public" and is_private_only(conversation):
        detail = (
            "The case is sensitive: answer on the private surface, where nobody else reads. While nobody followed the "
            "link there is none: wait until it expires, or say that the public may read it by POST …/handoff/clear."
        )
        return Problem(status=409, title="Public reply to a sensitive case", detail=detail)
    channel = conversation.addresses[surface].channel or conversation.channel
    limit = capabilities[channel].text_limit if channel in capabilities else None
    if limit is not None and len(reply.text.text) > limit:
        detail = f"{channel} takes at most {limit} characters; this has {len(reply.text.text)}. Split it."
        return Problem(status=422, title="Text too long", detail=detail, pointer="/text")
    return None


def _send(
    work: UnitOfWork, command: ReceivedEvent, reply: Reply, conversation: ConversationState, surface: Surface
) -> None:
    message = _to_message(work, reply, conversation, surface)
    address = places.current_address(work, conversation, surface)
    work.put(MESSAGES, message.id, message)
    work.emit("pasokh.outbound.message", conversation.key, _outbound(message, conversation, reply, address))
    after = responses.replied(conversation, message.id, reply.accepted_at, work.now)
    record_fact(
        work,
        "replied",
        after,
        conversation.status,
        at=reply.accepted_at,
        message=message.id,
        message_surface=surface,
        author="agent",
        confirmed_by=reply.confirmed_by,
    )
    if not is_pending(conversation.status):
        record_fact(work, "pending", after, after.status)
    record_applied(work, command, reply.request_hash, message.id, created=True)


def _to_message(work: UnitOfWork, reply: Reply, conversation: ConversationState, surface: Surface) -> MessageRecord:
    return MessageRecord(
        id=work.new_id("message"),
        conversation=conversation.id,
        workspace=conversation.workspace,
        key=conversation.key,
        order=next_sequence(work),
        direction="outbound",
        surface=surface,
        channel=conversation.addresses[surface].channel or conversation.channel,
        author=Author(kind="agent", id=reply.agent, name=reply.agent_name),
        text=reply.text,
        masked=reply.masked,
        received_at=reply.accepted_at,
        state="queued",
    )


def _outbound(
    message: MessageRecord, conversation: ConversationState, reply: Reply, address: Address
) -> OutboundMessage:
    return OutboundMessage(
        id=message.id,
        conversation=conversation.id,
        key=conversation.key,
        workspace=conversation.workspace,
        channel=address.channel or conversation.channel,
        account=address.account or conversation.account,
        surface=message.surface,
        address=address,
        author=message.author,
        text=reply.text,
        accepted_at=reply.accepted_at,
    )


def handle_resolve(context: ConversationsContext, command: ReceivedEvent) -> None:
    """Finish a conversation: its agent's units are free, and it closes in `domain.CLOSES_AFTER`."""
    work = context.work
    if is_repeat(work, command):
        return
    resolve = command.event.payload_as(Resolve)
    conversation = work.get(CONVERSATIONS, resolve.conversation)
    refusal = _why_not_resolve(resolve, conversation)
    if refusal is not None:
        record_rejected(work, command, resolve.request_hash, refusal)
    elif conversation is not None:
        change = responses.resolved(conversation, work.now)
        after = change.conversation
        record_change(work, "resolved", change, conversation.status)
        close_task(work, after)
        closing = {"conversation": after.id, "key": after.key}
        work.set_timer(f"close/{after.id}", work.now + transitions.CLOSES_AFTER, closing)
        record_applied(work, command, resolve.request_hash, after.id)


def _why_not_resolve(resolve: Resolve, conversation: ConversationState | None) -> Problem | None:
    if conversation is None:
        return NO_CONVERSATION
    if is_finished(conversation.status):
        return Problem(
            status=409, title="Conversation is finished", detail=f"The conversation is already {conversation.status}."
        )
    if resolve.agent and conversation.agent and resolve.agent != conversation.agent:
        detail = f"{resolve.agent} is not the assignee; it is with {conversation.agent}. Leave `agent` out to overrule."
        return Problem(status=409, title="Not the assignee", detail=detail)
    return None
