"""The bodies that systems post to the channel `api`, as docs/api.md describes them.

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

from schemas.activity import AttachmentKind
from schemas.values import InputInstant, Surface
from schemas.visible import is_blank

# No store and bus takes U+0000.
ExternalId = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]
ShortString = Annotated[str, Field(max_length=1024, pattern=r"^[^\x00]*$")]
Text = Annotated[str, Field(max_length=100_000, pattern=r"^[^\x00]*$")]


Tag = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")]
MAX_ID_LENGTH, MAX_FILES = 256, 50


def _or_none(raw_value: object, read: ValidatorFunctionWrapHandler) -> object:
    """The value when it is valid, else None: a bad optional field must not cost the whole message."""
    try:
        return read(raw_value)
    except ValidationError:
        return None


def _readable(raw_value: object) -> object:
    """The valid files of a list; the others are dropped, and so is everything after the allowed number."""
    files = [_file(file) for file in raw_value[:MAX_FILES]] if isinstance(raw_value, list) else []
    return [file for file in files if file is not None]


def _file(raw_value: object) -> "File | None":
    # null means the same as absent; in a list it is not removed before validation.
    if isinstance(raw_value, dict):
        raw_value = {name: value for name, value in raw_value.items() if value is not None}
    try:
        return File.model_validate(raw_value)
    except ValidationError:
        return None


NoneIfInvalid = WrapValidator(_or_none)


class _PayloadModel(BaseModel):
    """A posted object. Unknown fields are ignored, because a newer client may send some."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


class Customer(_PayloadModel):
    """A customer. Only `id` is required; the other fields update what is known of the person."""

    id: ExternalId
    name: Annotated[ShortString | None, NoneIfInvalid] = None
    language: Annotated[Tag | None, NoneIfInvalid] = None
    email: Annotated[ShortString | None, NoneIfInvalid] = None
    phone: Annotated[ShortString | None, NoneIfInvalid] = None


class File(_PayloadModel):
    """An attachment, to be fetched at its `url`."""

    kind: Annotated[AttachmentKind | None, NoneIfInvalid] = "file"
    url: Annotated[str, Field(max_length=4096, pattern=r"^https?://[^\s\x00]+$")]
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


class MessageContent(Item):
    """The fields that a message and its edit share."""

    text: Text | None = None
    attachments: Annotated[list[File], BeforeValidator(_readable)] = []
    reply_to: Annotated[ExternalId | None, NoneIfInvalid] = None

    @model_validator(mode="after")
    def _has_content(self) -> "MessageContent":
        if (not self.text or is_blank(self.text)) and not self.attachments:
            raise ValueError("give a text or attachments")
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


class ReceiptItem(MessageReference):
    """`message` is the id of a reply of ours, as it was posted to the callback."""

    state: Literal["delivered", "read"] = "delivered"
