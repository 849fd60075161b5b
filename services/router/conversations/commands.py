"""The two commands that end an agent's turn: a reply and a resolve."""

from schemas.activity import Address
from schemas.commands import Reply, Resolve
from schemas.conversation import Author
from schemas.outbound import OutboundAttachment, OutboundMessage
from schemas.values import Surface
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_pending
from services.domain.outgoing_files import as_sent, to_attachment
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import MESSAGES, MessageRecord
from services.router.conversations import moved_chats
from services.router.conversations.command_outcomes import handle_command
from services.router.conversations.context import ConversationsContext
from services.router.conversations.domain import responses
from services.router.conversations.domain.refusals import refuse_reply, refuse_resolve
from services.router.conversations.facts import next_sequence, record_fact, record_resolved


def handle_reply(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Send an agent's answer to the customer. The result is the id of its message."""
    reply = received.event.payload_as(Reply)
    handle_command(
        context.work,
        received,
        reply,
        lambda case: refuse_reply(case, reply, context.capabilities),
        lambda case: _send(context, case, reply),
        created=True,
    )


def _send(context: ConversationsContext, case: ConversationState, reply: Reply) -> str:
    work, surface = context.work, reply.surface or case.last_surface
    files = _files(context, case, reply, surface)
    message = _to_message(work, case, reply, surface, files)
    work.put(MESSAGES, message.id, message)
    address = moved_chats.current_address(work, case, surface)
    work.emit("pasokh.outbound.message", case.key, _to_outbound(message, case, reply, address, files))
    after = responses.replied(case, message.id, reply.accepted_at, work.now)
    record_fact(
        work,
        "replied",
        after,
        case.status,
        at=reply.accepted_at,
        message=message.id,
        message_surface=surface,
        author="agent",
        confirmed_by=reply.confirmed_by,
    )
    # `replied` is about the message, `pending` about the status: a second answer in a row changes no status.
    if not is_pending(case.status):
        record_fact(work, "pending", after, after.status)
    return message.id


def _files(
    context: ConversationsContext, case: ConversationState, reply: Reply, surface: Surface
) -> list[OutboundAttachment]:
    """The files of the reply, each as the channel takes it."""
    capabilities = context.capabilities.get(case.addresses[surface].channel or case.channel)
    return as_sent(reply.attachments, capabilities) if capabilities else reply.attachments


def _to_message(
    work: UnitOfWork, case: ConversationState, reply: Reply, surface: Surface, files: list[OutboundAttachment]
) -> MessageRecord:
    return MessageRecord(
        id=work.new_id("message"),
        conversation=case.id,
        workspace=case.workspace,
        key=case.key,
        order=next_sequence(work),
        direction="outbound",
        surface=surface,
        channel=case.addresses[surface].channel or case.channel,
        author=Author(kind="agent", id=reply.agent, name=reply.agent_name),
        text=reply.text if reply.text.text else None,
        masked=reply.masked,
        attachments=[to_attachment(file) for file in files],
        received_at=reply.accepted_at,
        state="queued",
    )


def _to_outbound(
    message: MessageRecord,
    case: ConversationState,
    reply: Reply,
    address: Address,
    files: list[OutboundAttachment],
) -> OutboundMessage:
    return OutboundMessage(
        id=message.id,
        conversation=case.id,
        key=case.key,
        workspace=case.workspace,
        # After a hand-off the private side may be on another channel than the conversation; its address names it.
        channel=address.channel or case.channel,
        account=address.account or case.account,
        surface=message.surface,
        address=address,
        author=message.author,
        text=reply.text,
        accepted_at=reply.accepted_at,
        attachments=files,
    )


def handle_resolve(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Resolve a conversation: its agent has capacity again, and it closes after `CLOSES_AFTER`."""
    resolve = received.event.payload_as(Resolve)
    handle_command(
        context.work,
        received,
        resolve,
        lambda case: refuse_resolve(case, resolve),
        lambda case: record_resolved(context.work, case),
    )
