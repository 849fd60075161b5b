"""A message as REST shows it, to integrators and to visitors of a web page alike: its text open."""

from pydantic import BaseModel

from schemas.activity import Attachment
from schemas.conversation import Author, Direction, Edit, MessageState
from schemas.values import EncryptedText, Failure, Instant, Surface
from services.records.conversations import MessageRecord


class EditView(BaseModel):
    """An earlier text of a message, which an edit replaced at `edited_at`."""

    text: str | None
    masked: list[str]
    edited_at: Instant


class MessageView(BaseModel):
    """A message with its text open."""

    id: str
    conversation: str
    direction: Direction
    surface: Surface
    channel: str
    author: Author
    text: str | None
    masked: list[str]
    attachments: list[Attachment]
    sent_at: Instant | None
    received_at: Instant
    state: MessageState
    error: Failure | None
    platform_id: str | None
    reply_to: str | None = None
    quote: str | None = None
    forwarded_from: str | None = None
    links: list[str] = []
    edits: list[EditView] = []


def decrypt_text(sealed: EncryptedText | None) -> str | None:
    """The text of a person. Raises NotImplementedError for one that is sealed with a key: nothing seals yet."""
    if sealed is None:
        return None
    if sealed.key is not None:
        raise NotImplementedError("text that is sealed with a person's key cannot be opened yet")
    return sealed.text


def message_view(record: MessageRecord) -> MessageView:
    kept = record.model_dump(include=set(MessageView.model_fields) - {"text", "edits"})
    return MessageView(**kept, text=decrypt_text(record.text), edits=[_edit_view(one) for one in record.edits])


def _edit_view(edit: Edit) -> EditView:
    return EditView(text=decrypt_text(edit.text), masked=edit.masked, edited_at=edit.edited_at)


def initial_view(record: MessageRecord) -> MessageView:
    """A reply as its POST answers it, however far it is on its way by now: a repeat gets the same answer."""
    fresh = {"state": "queued", "error": None, "sent_at": None, "platform_id": None}
    return message_view(record.model_copy(update=fresh))
