"""Messages of ours on their way out: the record that agents see, and the event by which the sender sends it."""

from datetime import datetime

from schemas.conversation import Author
from schemas.outbound import OutboundMessage, ReplyReference
from schemas.values import EncryptedText
from services.domain.conversation_state import ConversationState
from services.domain.outgoing_files import to_attachment
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import MESSAGES, MessageRecord
from services.router.conversations import moved_chats
from services.router.conversations.domain.plans import Plan, channel_of, other_recipient
from services.router.conversations.facts import next_sequence


def put_message(
    work: UnitOfWork,
    case: ConversationState,
    author: Author,
    text: EncryptedText,
    plan: Plan,
    accepted_at: datetime,
) -> MessageRecord:
    """Store a message of ours as `queued`, and let the sender send it as it is planned."""
    message = _record(work, case, author, text, plan, accepted_at)
    work.put(MESSAGES, message.id, message)
    address = moved_chats.current_address(work, case, plan.surface, plan.address)
    channel, account = channel_of(case, address)
    # A mail is answered to everybody of the thread; a private side on another channel is no mail.
    is_mail = plan.surface == "private" and channel == case.channel
    post = ReplyReference(platform_id=plan.answers_post) if plan.answers_post else None
    outbound = OutboundMessage(
        id=message.id,
        conversation=case.id,
        key=case.key,
        workspace=case.workspace,
        channel=channel,
        account=account,
        surface=plan.surface,
        address=address,
        author=author,
        text=text,
        accepted_at=accepted_at,
        template=plan.template,
        in_reply_to=post or (case.mail if is_mail else None),
        participants=case.participants if is_mail else [],
        tag=plan.tag,
        parts=plan.parts,
        files_first=plan.files_first,
        attachments=plan.files,
        files_apart=plan.files_apart,
        window=plan.window,
        private_reply=post is not None,
        first=plan.is_first,
        recipient=other_recipient(case) if plan.surface == "private" else None,
        language=plan.language,
    )
    work.emit("pasokh.outbound.message", case.key, outbound)
    return message


def _record(
    work: UnitOfWork,
    case: ConversationState,
    author: Author,
    text: EncryptedText,
    plan: Plan,
    accepted_at: datetime,
) -> MessageRecord:
    channel, _ = channel_of(case, plan.address)
    return MessageRecord(
        id=work.new_id("message"),
        conversation=case.id,
        workspace=case.workspace,
        key=case.key,
        order=next_sequence(work),
        direction="outbound",
        surface=plan.surface,
        channel=channel,
        author=author,
        text=text if text.text else None,
        attachments=[to_attachment(file) for file in plan.files],
        received_at=accepted_at,
        state="queued",
        template=plan.template,
        language=plan.language,
    )
