"""A message as REST shows it, to integrators and to visitors of a web page alike: its text open."""

from dataclasses import replace

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
    """The text of a person. Raises NotImplementedError for one that is encrypted with a key: no code writes such yet."""
    if sealed is None:
        return None
    if sealed.key is not None:
        raise NotImplementedError("text that is sealed with a person's key cannot be opened yet")
    return sealed.text


def message_view(record: MessageRecord) -> MessageView:
    return MessageView(
        id=record.id,
        conversation=record.conversation,
        direction=record.direction,
        surface=record.surface,
        channel=record.channel,
        author=record.author,
        text=decrypt_text(record.text),
        masked=record.masked,
        attachments=record.attachments,
        sent_at=record.sent_at,
        received_at=record.received_at,
        state=record.state,
        error=record.error,
        platform_id=record.platform_id,
        reply_to=record.reply_to,
        quote=record.quote,
        forwarded_from=record.forwarded_from,
        links=record.links,
        edits=[_edit_view(edit) for edit in record.edits],
    )


def _edit_view(edit: Edit) -> EditView:
    return EditView(text=decrypt_text(edit.text), masked=edit.masked, edited_at=edit.edited_at)


def initial_view(record: MessageRecord) -> MessageView:
    """A reply as its POST answers it, whatever its delivery state is by now: a repeated POST gets the same answer."""
    # The fields that a delivery changes, as they were when the reply was accepted.
    return message_view(replace(record, state="queued", error=None, sent_at=None, platform_id=None))
