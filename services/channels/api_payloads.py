"""The bodies that systems post to the channel `api`, as docs/channels/api.md describes them.

A field without which the item means nothing is required and strict. A field that only adds to it reads as absent when it is
invalid: an integrator's bad phone number must not cost a customer's message.
"""

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from schemas.activity import AttachmentKind, CallState, ContactState, IdentityKind
from schemas.values import InputInstant, Surface
from schemas.visible import is_blank

# No store and bus takes U+0000.
ExternalId = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]
ShortString = Annotated[str, Field(max_length=1024, pattern=r"^[^\x00]*$")]
Text = Annotated[str, Field(max_length=100_000, pattern=r"^[^\x00]*$")]


Url = Annotated[str, Field(max_length=4096, pattern=r"^https?://[^\s\x00]+$")]
Tag = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")]
MAX_ID_LENGTH, MAX_ITEMS_OF_LIST = 256, 50


def _or_none(raw_value: object, read: ValidatorFunctionWrapHandler) -> object:
    """The value when it is valid, else None: a bad optional field must not cost the whole message."""
    try:
        return read(raw_value)
    except ValidationError:
        return None


def _readable(raw_value: object, model: type[BaseModel]) -> list[BaseModel]:
    """The valid objects of a list; the others are dropped, and so is everything after the allowed number."""
    items = raw_value[:MAX_ITEMS_OF_LIST] if isinstance(raw_value, list) else []
    return [read for item in items if (read := _object(item, model)) is not None]


def _object(raw_value: object, model: type[BaseModel]) -> BaseModel | None:
    try:
        return model.model_validate(raw_value)
    except ValidationError:
        return None


NoneIfInvalid = WrapValidator(_or_none)


class _PayloadModel(BaseModel):
    """A posted object. Unknown fields are ignored, because a newer client may send some."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


class IdentityItem(_PayloadModel):
    """Another name of a customer. `proven`: the integrator's system has checked that it is theirs."""

    kind: IdentityKind
    value: Annotated[ExternalId, Field(max_length=MAX_ID_LENGTH)]
    proven: Annotated[bool | None, NoneIfInvalid] = None


class Customer(_PayloadModel):
    """A customer. Only `id` is required; the other fields update what is known of the person."""

    id: ExternalId
    name: Annotated[ShortString | None, NoneIfInvalid] = None
    language: Annotated[Tag | None, NoneIfInvalid] = None
    email: Annotated[ShortString | None, NoneIfInvalid] = None
    phone: Annotated[ShortString | None, NoneIfInvalid] = None

    identities: Annotated[list[IdentityItem], BeforeValidator(lambda given: _readable(given, IdentityItem))] = []


class File(_PayloadModel):
    """An attachment, to be fetched at its `url`."""

    kind: Annotated[AttachmentKind | None, NoneIfInvalid] = "file"
    url: Url
    name: Annotated[ShortString | None, NoneIfInvalid] = None
    media_type: Annotated[ShortString | None, NoneIfInvalid] = None
    size_bytes: Annotated[Annotated[int, Field(ge=0, lt=2**53)] | None, NoneIfInvalid] = None


class Item(_PayloadModel):
    """The fields that all types share. The client chooses a message's `id`, which is unique within the person."""

    id: ExternalId | None = None
    person: Customer
    surface: Surface = "private"
    thread: ExternalId | None = None
    sent_at: InputInstant | None = None


class ReviewItem(_PayloadModel):
    """What a review says besides its text."""

    stars: Annotated[int, Field(ge=1, le=5)] | None = None
    recommends: bool | None = None
    title: Annotated[ShortString | None, NoneIfInvalid] = None


class Post(_PayloadModel):
    """Where a public message stands."""

    post: Annotated[ExternalId | None, NoneIfInvalid] = None
    parent: Annotated[ExternalId | None, NoneIfInvalid] = None
    permalink: Annotated[Url | None, NoneIfInvalid] = None


class ParticipantItem(_PayloadModel):
    """Somebody else whom a mail went to."""

    address: ExternalId
    name: Annotated[ShortString | None, NoneIfInvalid] = None
    role: Annotated[Literal["from", "to", "cc"] | None, NoneIfInvalid] = None


class MessageContent(Item):
    """The fields that a message and its edit share. One with a `review` is public, and needs no text."""

    text: Text | None = None
    attachments: Annotated[list[File], BeforeValidator(lambda given: _readable(given, File))] = []
    reply_to: Annotated[ExternalId | None, NoneIfInvalid] = None
    review: ReviewItem | None = None
    context: Annotated[Post | None, NoneIfInvalid] = None
    subject: Annotated[ShortString | None, NoneIfInvalid] = None
    participants: Annotated[
        list[ParticipantItem], BeforeValidator(lambda given: _readable(given, ParticipantItem))
    ] = []
    album: Annotated[ExternalId | None, NoneIfInvalid] = None
    automatic: Annotated[bool | None, NoneIfInvalid] = None

    @model_validator(mode="after")
    def _has_content(self) -> "MessageContent":
        if (not self.text or is_blank(self.text)) and not self.attachments and self.review is None:
            raise ValueError("give a text, attachments or a review")
        return self


class NewMessage(MessageContent):
    id: ExternalId


class Echoed(NewMessage):
    """A message that somebody of the team sent to this customer in another system."""

    author_name: Annotated[ShortString | None, NoneIfInvalid] = None


class MessageEdit(MessageContent):
    message: ExternalId


class MessageReference(Item):
    message: ExternalId


class ReactionItem(MessageReference):
    emoji: ShortString | None = None
    removed: bool = False


class ReceiptError(_PayloadModel):
    """Why a message could not be delivered: a stable code and a sentence for agents."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = "not_delivered"
    detail: ShortString = ""


class ReceiptItem(Item):
    """`message` is the id of a reply of ours, as it was posted to the callback, or one that its answer gave.

    With `watermark` the receipt is about every reply to the person that was posted until that time; `message` may be
    absent then.
    """

    message: ExternalId | None = None
    state: Literal["sent", "delivered", "read", "failed"] = "delivered"
    error: Annotated[ReceiptError | None, NoneIfInvalid] = None
    watermark: InputInstant | None = None

    @model_validator(mode="after")
    def _names_messages(self) -> "ReceiptItem":
        if self.message is None and (self.watermark is None or self.state not in ("delivered", "read")):
            raise ValueError("give a message, or a watermark with the state delivered or read")
        return self


class CallbackAnswer(_PayloadModel):
    """What the callback may answer to a reply: the ids by which the system will name it."""

    id: Annotated[ExternalId | None, NoneIfInvalid] = None
    aliases: Annotated[Annotated[list[ExternalId], Field(max_length=10)], NoneIfInvalid] | None = None


class ContactItem(Item):
    """What changed of a person: their names (in `person`), or whether they want to hear from us."""

    state: ContactState | None = None


class CallDetails(_PayloadModel):
    """A state of a call. `id` is the same in all states of one call."""

    id: ExternalId
    leg: Literal["customer", "agent"] = "customer"
    direction: Literal["inbound", "outbound"] = "inbound"
    state: CallState
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    recording: Annotated[File | None, NoneIfInvalid] = None


class CallItem(Item):
    call: CallDetails


class AnswerItem(_PayloadModel):
    """An answer to a question of a survey."""

    ref: ExternalId
    question: Annotated[ShortString | None, NoneIfInvalid] = None
    value: Text | int | float | bool | list[ShortString]


class SurveyItem(Item):
    """The answers of one survey. `conversation` is our id of the conversation that it is about."""

    id: ExternalId
    conversation: Annotated[ExternalId | None, NoneIfInvalid] = None
    answers: Annotated[list[AnswerItem], Field(min_length=1, max_length=100)]
