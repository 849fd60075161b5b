"""Values that every contract shares: instants, ids, sealed text, surfaces, priorities."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
)

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


def instant_text(at: datetime) -> str:
    """RFC 3339 UTC, always 27 characters with microseconds and a `Z`, so that texts sort as times do."""
    return _in_utc(at).isoformat(timespec="microseconds")[:26] + "Z"


def _in_utc(at: datetime) -> datetime:
    # Nearly every time is in UTC already, and asking for it is quicker than turning it into what it is.
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def instant(text: str) -> datetime:
    """The time that `instant_text` wrote. Raises ValueError for anything else that is no RFC 3339 time."""
    return datetime.fromisoformat(text)


Instant = Annotated[
    AwareDatetime,
    AfterValidator(_in_utc),
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
        return _in_utc(at)
    except OverflowError as error:
        raise ValueError("this is beyond the calendar") from error


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_rfc3339),
    AfterValidator(_within_calendar),
    PlainSerializer(instant_text, return_type=str, when_used="json"),
]
"""A moment as somebody outside writes it: RFC 3339 with any offset, and nothing else; then in UTC."""


class Contract(BaseModel):
    """Something that travels or rests. Readers ignore fields they do not know, so that writers may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Written(BaseModel):
    """Something that a caller writes. Unknown fields are refused, so that a typing error is not a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sealed(Contract):
    """Text of a person, wherever it travels or rests. `key` names the person's key that seals `text`; None: plain."""

    key: str | None = None
    text: str


class Problem(Contract):
    """Why something was refused or failed: an HTTP-like `status`, a short `title`, and what to do about it.

    `pointer`: of a 422, which field of the request (a JSON pointer).
    """

    status: int
    title: str
    detail: str
    pointer: str | None = None


class Failure(Contract):
    """Why a message did not arrive: a stable `code` (`outcome_unknown`, `blocked`, ...) and a sentence."""

    code: str
    detail: str


class Requirement(Contract):
    """Skills with the minimum proficiency (1-5) that a task needs."""

    skills: dict[str, int] = {}
