"""Values that contracts share: instants, ids, encrypted text, surfaces, priorities, and the base classes of
contracts.
"""

import re
from datetime import UTC, datetime
from operator import not_
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from schemas.days import within_our_years

if TYPE_CHECKING:
    from pydantic import JsonValue

    Json = JsonValue
    """Any JSON value."""
else:
    # A value that was parsed from JSON is a JSON value; pydantic would call a Python function for every part of it.
    Json = Any

Surface = Literal["private", "public"]
Priority = Literal["urgent", "high", "normal", "low"]
PRIORITIES: tuple[Priority, ...] = ("urgent", "high", "normal", "low")

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
"""An id that a caller chooses, of a workspace, an account, a team, an agent or a policy."""

AgentLanguage = Literal["en", "fa", "ar", "lv"]
"""A language in which sentences for agents are written."""

LENGTH = 27
"""The number of characters of the text of an instant."""


def instant_text(at: datetime) -> str:
    """The time as RFC 3339 in UTC, always 27 characters with microseconds and `Z`, so that texts sort as their times
    do.
    """
    written = orjson.dumps(_in_utc(at), option=orjson.OPT_UTC_Z)  # in quotes; takes a third of the time of `isoformat`
    return written[1:-1].decode() if len(written) == LENGTH + 2 else f"{written[1:20].decode()}.000000Z"


def _in_utc(at: datetime) -> datetime:
    # Nearly every time is in UTC already, and this test is quicker than a conversion.
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def instant(text: str) -> datetime:
    """Parse the text of an instant. Raises ValueError for a text that is no RFC 3339 time."""
    return datetime.fromisoformat(text)


def _read(value: Any, read: ValidatorFunctionWrapHandler) -> datetime:
    # Events and documents are full of instants in our own format. pydantic's parser with a conversion to UTC takes 2.4
    # times as long.
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
"""A time in UTC; in JSON a 27-character RFC 3339 text."""

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _rfc3339(given: object) -> object:
    if isinstance(given, datetime):
        return given
    if not isinstance(given, str) or not _RFC3339.fullmatch(given):
        raise ValueError("write it as RFC 3339, such as 2026-03-02T09:00:00Z")
    # Parsed here, because pydantic would also accept numbers as times and, in strict mode, no text at all.
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
"""A time in a request: RFC 3339 with any offset, and no other format; converted to UTC."""


OMITTED_IF_EMPTY = Field(exclude_if=not_)
"""Marks a field that is left out of JSON while it is empty: most documents and views would have it for nothing."""


class Contract(BaseModel):
    """Base of everything that travels or is stored.

    Unknown fields are ignored, so that newer writers may add fields.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


class RequestModel(BaseModel):
    """Base of request bodies. Unknown fields are refused, so that a misspelt field is an error instead of a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EncryptedText(Contract):
    """Text of a person, as it travels and is stored.

    `key` is the id of the person's key that encrypts `text`; None: plain text.
    """

    key: str | None = None
    text: str


class Problem(Contract):
    """The reason of a refusal or failure: an HTTP `status`, a short `title`, and a sentence with what to do about it.

    `pointer` of a 422 is the JSON pointer of the wrong field of the request. `code` is a stable name, set in responses.
    `reason` is the stable name of the sentence and `params` what is in it, so that others may word it.
    """

    status: int
    title: str
    detail: str
    pointer: str | None = None
    code: str | None = None
    reason: str | None = None
    params: Annotated[dict[str, Json], OMITTED_IF_EMPTY] = {}


class Failure(Contract):
    """The reason why a message was not delivered: a stable `code` (`outcome_unknown`, `blocked`, ...) and a sentence.

    `status` is the HTTP status of the answer of the platform or receiver; None without an answer. `reason` is the stable name
    of the sentence, where that is not the code, and `params` are what is in it.
    """

    code: str
    detail: str
    status: int | None = None
    reason: Annotated[str | None, OMITTED_IF_EMPTY] = None
    params: Annotated[dict[str, Json], OMITTED_IF_EMPTY] = {}


WorkClass = Literal["chat", "mail", "call", "public"]
"""The kind of work that a task is: a live chat, a mail, a call, or something public. `mail` is the one that is not live."""
WORK_CLASSES: tuple[WorkClass, ...] = ("chat", "mail", "call", "public")


class Requirement(Contract):
    """Skills with the minimum proficiency (1-5) that a task needs."""

    skills: dict[str, int] = {}


class RelaxStep(Contract):
    """What a task asks for less of once it has waited this long. Seconds count from the time of queueing.

    `skills` replace the minimums of the skills that they name, `drop_skills` are not asked for any more, and agents of
    `add_teams` may take the task too.
    """

    after_seconds: float
    skills: dict[str, int] = {}
    drop_skills: list[str] = []
    add_teams: list[str] = []


class Overflow(Contract):
    """The limits of a team's queue, beyond which its tasks are open to the team `to_team` too (overflow routing).

    `max_waiting`: a task that finds so many waiting overflows at once. `max_wait_seconds`: a task that has waited so long.
    """

    to_team: str
    max_waiting: int | None = None
    max_wait_seconds: float | None = None
