"""A message as REST shows it, to integrators and to visitors of a web page alike: its text open."""

from pydantic import BaseModel

from schemas.activity import Attachment
from schemas.conversation import Author, Direction, MessageState
from schemas.values import Failure, Instant, Sealed, Surface
from services.records.conversations import MessageRecord


class MessageShown(BaseModel):
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


def opened_text(sealed: Sealed | None) -> str | None:
    """The text of a person. Raises NotImplementedError for one that is sealed with a key: nothing seals yet."""
    if sealed is None:
        return None
    if sealed.key is not None:
        raise NotImplementedError("text that is sealed with a person's key cannot be opened yet")
    return sealed.text


def shown_message(record: MessageRecord) -> MessageShown:
    kept = record.model_dump(include=set(MessageShown.model_fields) - {"text"})
    return MessageShown(**kept, text=opened_text(record.text))


def as_accepted(record: MessageRecord) -> MessageShown:
    """A reply as its POST answers it, however far it is on its way by now: a repeat gets the same answer."""
    fresh = {"state": "queued", "error": None, "sent_at": None, "platform_id": None}
    return shown_message(record.model_copy(update=fresh))
