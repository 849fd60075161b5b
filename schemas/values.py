"""Values that every contract shares: instants, ids, sealed text, surfaces, priorities."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from schemas.days import within_our_years

if TYPE_CHECKING:
    from pydantic import JsonValue

    Json = JsonValue
    """Anything that JSON can say."""
else:
    # What was parsed from JSON can be nothing else, and pydantic would ask a Python function about every value of it.
    Json = Any

Surface = Literal["private", "public"]
Priority = Literal["urgent", "high", "normal", "low"]
PRIORITIES: tuple[Priority, ...] = ("urgent", "high", "normal", "low")

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
"""An id that a caller chooses: workspaces, accounts, teams, agents, policies."""

LENGTH = 27
"""Of the text of an instant."""


def instant_text(at: datetime) -> str:
    """RFC 3339 UTC, always 27 characters with microseconds and a `Z`, so that texts sort as times do."""
    written = orjson.dumps(_in_utc(at), option=orjson.OPT_UTC_Z)  # in quotes; a third of the time of `isoformat`
    return written[1:-1].decode() if len(written) == LENGTH + 2 else f"{written[1:20].decode()}.000000Z"


def _in_utc(at: datetime) -> datetime:
    # Nearly every time is in UTC already, and asking for it is quicker than turning it into what it is.
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def instant(text: str) -> datetime:
    """The time that `instant_text` wrote. Raises ValueError for anything else that is no RFC 3339 time."""
    return datetime.fromisoformat(text)


def _read(value: Any, read: ValidatorFunctionWrapHandler) -> datetime:
    """Our own text at once: events and documents are full of it."""
    if type(value) is str and len(value) == LENGTH and value[-1] == "Z":
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return _in_utc(read(value))
    if type(value) is datetime and value.tzinfo is UTC:
        return value
    return _in_utc(read(value))


Instant = Annotated[
    AwareDatetime,
    WrapValidator(_read),
    PlainSerializer(instant_text, return_type=str, when_used="json"),
]
"""A moment in UTC; in JSON a 27-character RFC 3339 text."""

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _rfc3339(given: object) -> object:
    if isinstance(given, datetime):
        return given
    if not isinstance(given, str) or not _RFC3339.fullmatch(given):
        raise ValueError("write it as RFC 3339, such as 2026-03-02T09:00:00Z")
    # Parsed here: pydantic would take numbers for times too, and, where it is strict, no text.
    return datetime.fromisoformat(given.upper())


def _within_calendar(at: datetime) -> datetime:
    try:
        return within_our_years(_in_utc(at))
    except OverflowError as error:
        raise ValueError("this is beyond the calendar") from error


InputInstant = Annotated[
    AwareDatetime,
    BeforeValidator(_rfc3339),
    AfterValidator(_within_calendar),
    PlainSerializer(instant_text, return_type=str, when_used="json"),
]
"""A moment as somebody outside writes it: RFC 3339 with any offset, and nothing else; then in UTC."""


class Contract(BaseModel):
    """Something that travels or rests. Readers ignore fields they do not know, so that writers may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class RequestModel(BaseModel):
    """Something that a caller writes. Unknown fields are refused, so that a typing error is not a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EncryptedText(Contract):
    """Text of a person, wherever it travels or rests. `key` names the person's key that seals `text`; None: plain."""

    key: str | None = None
    text: str


class Problem(Contract):
    """Why something was refused or failed: an HTTP-like `status`, a short `title`, and what to do about it.

    `pointer`: of a 422, which field of the request (a JSON pointer). `code`: a stable name, given where it is shown.
    """

    status: int
    title: str
    detail: str
    pointer: str | None = None
    code: str | None = None


class Failure(Contract):
    """Why a message did not arrive: a stable `code` (`outcome_unknown`, `blocked`, ...) and a sentence.

    `status` is the HTTP status that the platform or the receiver answered with; None when there was none.
    """

    code: str
    detail: str
    status: int | None = None


class Requirement(Contract):
    """Skills with the minimum proficiency (1-5) that a task needs."""

    skills: dict[str, int] = {}
