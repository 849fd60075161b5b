"""Request and response bodies of the webchat routes."""

import re
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from schemas.configuration import Language, Name
from schemas.values import RequestModel
from schemas.visible import Visible
from services.channels.webchat import MAX_TEXT
from services.rest.uploads import FileIds, required_without_files

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@(?:{_LABEL}\.)+{_LABEL}")
MessageText = Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=r"\S"), Visible]


_LANGUAGE = TypeAdapter(Language)


def _known_or_none(value: object) -> object:
    """The language tag, or None for an invalid one: a bad tag must not keep a visitor out."""
    try:
        return _LANGUAGE.validate_python(value)
    except ValidationError:
        return None


def _plausible(value: str) -> str:
    # As browsers check `type=email` (HTML, 4.10.5.1.5), with a domain of at least two labels.
    if not _EMAIL.fullmatch(value):
        raise ValueError("this is no e-mail address, such as name@example.com")
    return value


# OpenAPI states the pattern, but `_plausible` checks it: its sentence helps a visitor more than a regular expression does.
Email = Annotated[
    str,
    Field(
        min_length=3,
        max_length=254,
        json_schema_extra={"pattern": f"^{_EMAIL.pattern}$"},
    ),
    AfterValidator(_plausible),
]


class Identity(RequestModel):
    """The shop's proof of who the visitor is: `user_hash` is the hex HMAC-SHA256 of `user_id` under the account's secret."""

    user_id: Annotated[str, Field(min_length=1, max_length=256)]
    user_hash: Annotated[str, Field(min_length=1, max_length=128)]


class SessionBody(RequestModel):
    """Opens a session. `handoff` is the token of a hand-off link. Without `identity` the visitor is anonymous."""

    language: Annotated[
        Language | None,
        BeforeValidator(_known_or_none, json_schema_input_type=object),
        Field(description="A language tag such as `fa`; anything else counts as not known."),
    ] = None
    name: Name | None = None
    identity: Identity | None = None
    handoff: Annotated[str, Field(min_length=1, max_length=512)] | None = None


class SessionResponse(BaseModel):
    """The opened session. `token` is the bearer token for all further calls; `visitor` is the last part of the person."""

    visitor: str
    token: str


class MessageBody(RequestModel):
    """One message. The browser creates `id` and repeats the call with the same one, so that a message arrives once.

    `attachments` are ids of files that the visitor uploaded; with them `text` may be left out.
    """

    id: UUID
    # Before `text`, which may be absent where files are named.
    attachments: FileIds = []
    text: Annotated[MessageText | None, AfterValidator(required_without_files), Field(validate_default=True)] = None


class ContactBody(RequestModel):
    """The visitor's e-mail address and the consent to be written to."""

    email: Email
    consent: Literal[True] = Field(description="The visitor was asked whether they may be written to, and said yes.")
