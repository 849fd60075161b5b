"""A message as REST shows it, to integrators and to visitors of a web page alike: its text open."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from schemas.activity import Attachment, AttachmentKind, Call, CallState, Participant, PostContext, Review, SurveyAnswer
from schemas.channel import ActionKind
from schemas.conversation import (
    Author,
    ContentRemoval,
    Direction,
    Edit,
    MessageAction,
    MessageReaction,
    MessageState,
    SystemNote,
)
from schemas.outbound import MessageTemplate
from schemas.values import OMITTED_IF_EMPTY, EncryptedText, Failure, Instant, Json, Surface
from services.records.conversations import MessageRecord
from services.rest.files import is_file
from services.text.intents import detect_intent, suggest_intent
from services.text.normalise import MAX_READ


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


class AlbumView(BaseModel):
    """Files that were sent together: the platform's id of the album, and the ids of the messages that are shown here."""

    id: str
    messages: list[str]


class CallView(BaseModel):
    """What came of a call. A recording is one of the attachments."""

    id: str
    direction: Literal["inbound", "outbound"]
    state: CallState
    seconds: float | None


class ActionView(BaseModel):
    """An action on a message that its platform has not performed (yet)."""

    id: str = Field(description="The id of the action.")
    kind: ActionKind = Field(description="What is to be done to the message.")
    state: Literal["pending", "failed"] = Field(description="`failed`: it will not be tried again.")
    text: str | None = Field(description="The new text of an `edit`.")
    emoji: str | None = Field(description="The reaction of a `react`; null takes it back.")
    error: Failure | None = Field(description="Why it failed.")


class ReactionView(BaseModel):
    """What somebody's reaction to a message is, since `at`."""

    author: Author
    emoji: str | None
    at: Instant


class MessageView(BaseModel):
    """A message with its text open. The fields from `subject` on are left out where they are empty.

    - `subject` and `participants` are of a mail; `context` says where a public message stands.
    - `review` has the stars of a review, `call` what came of a call, `answers` those of a survey.
    - `automatic`: a machine wrote it. `album`: its files were sent together with those of other messages.
    """

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
    reactions: Annotated[list[ReactionView], OMITTED_IF_EMPTY] = []
    subject: Annotated[str | None, OMITTED_IF_EMPTY] = None
    participants: Annotated[list[Participant], OMITTED_IF_EMPTY] = []
    context: Annotated[PostContext | None, OMITTED_IF_EMPTY] = None
    review: Annotated[Review | None, OMITTED_IF_EMPTY] = None
    call: Annotated[CallView | None, OMITTED_IF_EMPTY] = None
    answers: Annotated[list[SurveyAnswer], OMITTED_IF_EMPTY] = []
    automatic: Annotated[bool, OMITTED_IF_EMPTY] = False
    album: Annotated[AlbumView | None, OMITTED_IF_EMPTY] = None
    hidden: Annotated[bool, OMITTED_IF_EMPTY] = Field(
        default=False, description="Whether the platform hides the message from others."
    )
    actions: Annotated[list[ActionView], OMITTED_IF_EMPTY] = Field(
        default=[], description="What was asked of the platform and is not done, oldest first."
    )
    template: Annotated[MessageTemplate | None, OMITTED_IF_EMPTY] = None
    system_note: Annotated[SystemNote | None, OMITTED_IF_EMPTY] = None
    mentions: Annotated[list[str], OMITTED_IF_EMPTY] = Field(default=[], description="The agents whom a note calls.")
    content_removed: Annotated[ContentRemoval | None, OMITTED_IF_EMPTY] = Field(
        default=None, description="Why its content is not stored any more; left out while it is."
    )
    intent_suggested: Annotated[str | None, OMITTED_IF_EMPTY] = Field(
        default=None,
        description="What its customer may want, by its text as it is now, where that is not probable enough to be the `intent` "
        "that routes: a guess for a person who decides. Visitors never see it.",
    )


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


def attachment_view(message: str, number: int, attachment: Attachment, url: str | None) -> AttachmentView:
    """An attachment of a message; `url` is where its file is read, None where it is none or cannot be."""
    return AttachmentView(
        # Where this installation holds the file, its id is the attachment's.
        id=attachment.blob or f"{message}-{number}",
        kind=attachment.kind,
        platform_id=attachment.platform_id,
        name=attachment.name,
        media_type=attachment.media_type,
        size_bytes=attachment.size_bytes,
        url=url if is_file(attachment) else None,
        details=attachment.details,
    )


def message_view(record: MessageRecord, file_url: FileUrl = rest_file_url, *, suggests: bool = True) -> MessageView:
    """A message as REST shows it; `file_url` says where its files are read, `suggests` whether it says what may be meant."""
    return MessageView(
        id=record.id,
        conversation=record.conversation,
        direction=record.direction,
        surface=record.surface,
        channel=record.channel,
        author=record.author,
        text=decrypt_text(record.text),
        masked=record.masked,
        attachments=[
            attachment_view(record.id, number, attachment, file_url(record, number))
            for number, attachment in enumerate(record.attachments)
        ],
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
        reactions=[_reaction_view(reaction) for reaction in record.reactions if not reaction.removed],
        subject=record.subject,
        participants=record.participants,
        context=record.context,
        review=record.review,
        call=_call_view(record.call),
        answers=record.answers,
        automatic=record.automatic,
        album=AlbumView(id=record.album, messages=[record.id]) if record.album else None,
        hidden=record.hidden,
        actions=[_action_view(action) for action in record.actions],
        template=record.template,
        system_note=record.system_note,
        mentions=record.mentions,
        content_removed=record.content_removed,
        intent_suggested=_intent_suggested(record) if suggests else None,
    )


def _intent_suggested(record: MessageRecord) -> str | None:
    """The intent of what a customer wrote that is likely, and too unlikely for rules.

    It is not stored: it costs some 60 µs, and is of the text after its edits.
    """
    text = decrypt_text(record.text)
    if text is None or record.direction != "inbound" or record.automatic:
        return None
    sample = text[:MAX_READ]
    return None if detect_intent(sample) else suggest_intent(sample)


def _call_view(call: Call | None) -> CallView | None:
    if call is None:
        return None
    return CallView(id=call.id, direction=call.direction, state=call.state, seconds=call.seconds)


def _edit_view(edit: Edit) -> EditView:
    return EditView(text=decrypt_text(edit.text), masked=edit.masked, edited_at=edit.edited_at)


def _action_view(action: MessageAction) -> ActionView:
    return ActionView(
        id=action.id,
        kind=action.kind,
        state=action.state,
        text=decrypt_text(action.text),
        emoji=action.emoji,
        error=action.error,
    )


def _reaction_view(reaction: MessageReaction) -> ReactionView:
    return ReactionView(author=reaction.author, emoji=reaction.emoji, at=reaction.at)


def initial_view(record: MessageRecord) -> MessageView:
    """A reply as its POST answers it, whatever its delivery state is by now: a repeated POST gets the same answer."""
    # The fields that a delivery changes, as they were when the reply was accepted.
    return message_view(replace(record, state="queued", error=None, sent_at=None, platform_id=None, reactions=[]))
