"""Messages and notes that the system writes into a conversation: the customer reads the first, only agents the second."""

from schemas.activity import Address
from schemas.conversation import Author, SystemNote
from schemas.outbound import OutboundMessage, ReplyReference
from schemas.values import AgentLanguage, EncryptedText, Surface
from services.domain.conversation_state import ConversationState
from services.domain.sending_rules import Draft, Refused
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.router.conversations import moved_chats
from services.router.conversations.delivered import advance
from services.router.conversations.domain.note_phrases import NOTES
from services.router.conversations.domain.plans import Judge, channel_of, other_recipient, recipient_of
from services.router.conversations.facts import next_sequence, record_fact
from services.text.sentences import SentenceReader, Value, stored_params


def notify(work: UnitOfWork, case: ConversationState, text: str, surface: Surface, rules: Judge) -> None:
    """Send the customer a message of the system. Without an address on that surface it is stored, and not sent.

    One that the sending rules refuse is stored with the reason. `rules` are those of the account that sends it.
    """
    # Stored in any case: agents see what the customer was to be told.
    address = moved_chats.current_address(work, case, surface) if surface in case.addresses else None
    channel, _ = channel_of(case, address)
    language = rules.reader.language
    message = _stored(work, case, work.new_id("notice"), text, surface, channel, language)
    refused = None
    if address is not None:
        recipient = recipient_of(case, work.get(PERSONS, case.key) if surface == "private" else None)
        planned = rules.plan(Draft(surface=surface, text=text, is_automatic=True), recipient, address)
        if isinstance(planned, Refused):
            refused = rules.failure(planned)
        else:
            judged = {"parts": planned.parts, "window": planned.window}
            outbound = _outbound(message, case, address).model_copy(update=judged)
            work.emit("pasokh.outbound.message", case.key, outbound)
    record_fact(work, "replied", case, case.status, message=message.id, message_surface=surface, author="system")
    if refused is not None:
        advance(work, message, "failed", work.now, refused)


def reply_in_private(
    work: UnitOfWork, case: ConversationState, message_id: str, text: str, post: str, language: AgentLanguage
) -> None:
    """Answer a public post of the customer in private; `post` is its id at the platform, which opens the private chat."""
    message = _stored(work, case, message_id, text, "private", case.channel, language)
    outbound = _outbound(message, case, moved_chats.current_address(work, case, "public"))
    reply = outbound.model_copy(update={"private_reply": True, "in_reply_to": ReplyReference(platform_id=post)})
    work.emit("pasokh.outbound.message", case.key, reply)
    record_fact(work, "replied", case, case.status, message=message.id, message_surface="private", author="system")


def add_note(work: UnitOfWork, case: ConversationState, code: str, language: AgentLanguage, **params: Value) -> None:
    """Add a note of the system, in the language of the agents."""
    text = NOTES.word(code, SentenceReader(language), params, work.now)
    note = MessageRecord(
        id=work.new_id("note"),
        conversation=case.id,
        workspace=case.workspace,
        key=case.key,
        order=next_sequence(work),
        direction="note",
        surface="private",
        channel=case.channel,
        author=Author(kind="system"),
        text=EncryptedText(text=text),
        received_at=work.now,
        state="received",
        system_note=SystemNote(code=code, params=stored_params(**params)),
    )
    work.put(MESSAGES, note.id, note)
    # A notice may have changed the conversation in this batch.
    record_fact(work, "noted", work.get(CONVERSATIONS, case.id) or case, case.status, message=note.id)


def _stored(
    work: UnitOfWork,
    case: ConversationState,
    message_id: str,
    text: str,
    surface: Surface,
    channel: str,
    language: AgentLanguage,
) -> MessageRecord:
    message = MessageRecord(
        id=message_id,
        conversation=case.id,
        workspace=case.workspace,
        key=case.key,
        order=next_sequence(work),
        direction="outbound",
        surface=surface,
        channel=channel,
        author=Author(kind="system"),
        text=EncryptedText(text=text),
        received_at=work.now,
        state="queued",
        language=language,
    )
    work.put(MESSAGES, message.id, message)
    return message


def _outbound(message: MessageRecord, case: ConversationState, address: Address) -> OutboundMessage:
    channel, account = channel_of(case, address)
    return OutboundMessage(
        id=message.id,
        conversation=case.id,
        key=case.key,
        workspace=case.workspace,
        channel=channel,
        account=account,
        surface=message.surface,
        address=address,
        author=message.author,
        text=message.text or EncryptedText(text=""),
        accepted_at=message.received_at,
        recipient=other_recipient(case) if message.surface == "private" else None,
        language=message.language or "en",
    )
