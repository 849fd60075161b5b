"""A message as REST shows it, to integrators and to visitors of a web page alike: its text open."""

from collections.abc import Callable
from dataclasses import replace

from pydantic import BaseModel, Field

from schemas.activity import Attachment, AttachmentKind
from schemas.conversation import Author, Direction, Edit, MessageState
from schemas.values import EncryptedText, Failure, Instant, Json, Surface
from services.records.conversations import MessageRecord
from services.rest.files import is_file


class EditView(BaseModel):
    """An earlier text of a message, which an edit replaced at `edited_at`."""

    text: str | None
    masked: list[str]
    edited_at: Instant


class AttachmentView(BaseModel):
    """A file, picture or location of a message. A file is read at `url` of this installation, never at its platform."""

    id: str
    kind: AttachmentKind
    platform_id: str | None = None
    name: str | None = None
    media_type: str | None = Field(
        default=None, description="As the sender calls it; of a file that this installation holds, what its bytes show."
    )
    size_bytes: int | None = None
    url: str | None = Field(
        default=None, description="The path to read the file, with the same key; null for what is no file."
    )
    details: dict[str, Json] = {}


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
    attachments: list[AttachmentView]
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


FileUrl = Callable[[MessageRecord, int], str | None]
"""The path at which the file of a message with this number is read."""


def rest_file_url(record: MessageRecord, number: int) -> str:
    """The path for callers with a key."""
    return f"/v1/workspaces/{record.workspace}/messages/{record.id}/attachments/{number}"


def attachment_id(message: str, number: int, attachment: Attachment) -> str:
    """The id of an attachment in REST: that of its file where this installation holds it."""
    return attachment.blob or f"{message}-{number}"


def _attachment_view(record: MessageRecord, number: int, file_url: FileUrl) -> AttachmentView:
    attachment = record.attachments[number]
    return AttachmentView(
        id=attachment_id(record.id, number, attachment),
        kind=attachment.kind,
        platform_id=attachment.platform_id,
        name=attachment.name,
        media_type=attachment.media_type,
        size_bytes=attachment.size_bytes,
        url=file_url(record, number) if is_file(attachment) else None,
        details=attachment.details,
    )


def message_view(record: MessageRecord, file_url: FileUrl = rest_file_url) -> MessageView:
    """A message as REST shows it; `file_url` says where its files are read."""
    return MessageView(
        id=record.id,
        conversation=record.conversation,
        direction=record.direction,
        surface=record.surface,
        channel=record.channel,
        author=record.author,
        text=decrypt_text(record.text),
        masked=record.masked,
        attachments=[_attachment_view(record, number, file_url) for number in range(len(record.attachments))],
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
