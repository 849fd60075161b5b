"""Decides what the result of a send attempt means for its message. Pure: values and the time in, an outcome out.

Three durations, counted from the commit of `sending`, keep a message from being sent twice. An attempt starts within
`START_WITHIN` or not at all, and takes at most `SEND_TIMEOUT`. So no process is still sending after
`ASSUME_UNKNOWN_AFTER`, whichever process owns the partition by then. The margin of 13 seconds is for machines whose
times differ.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from schemas.activity import Address
from schemas.channel import Capabilities, Scope
from schemas.outbound import ChannelAction, Outbound, OutboundMessage
from schemas.values import Failure, Json
from services.platform.core.backoff import doubled, spread

START_WITHIN = timedelta(seconds=5)
SEND_TIMEOUT = timedelta(seconds=12)
ASSUME_UNKNOWN_AFTER = timedelta(seconds=30)
EPHEMERAL_UNKNOWN_AFTER = timedelta(seconds=5)
"""The same of what is ephemeral: whether a sign was shown matters less than the answer that waits behind it."""
UPLOAD_BYTES_PER_SECOND = 500_000
"""The slowest pace at which the files of a message are sent. It has this much more time."""
MAX_RETRY_PERIOD = timedelta(hours=24)
"""How long after its first attempt a message may still be tried again."""

FIRST_BACKOFF_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 60.0
FIRST_PROBE_SECONDS = 5.0
MAX_PROBE_SECONDS = 60.0
CREDENTIALS = "credentials"
"""The code of the error of an account whose credentials are refused."""

ResultKind = Literal["sent", "retryable", "refused", "unauthorized", "uncertain", "not_started"]


def extra_time(message: Outbound, capabilities: Capabilities) -> timedelta:
    """The time that the files of a message, and a platform that is slow to answer, add to an attempt."""
    size = 0 if isinstance(message, ChannelAction) else sum(file.size_bytes for file in message.attachments)
    return timedelta(seconds=size / UPLOAD_BYTES_PER_SECOND + capabilities.slow_answer_seconds)


def is_ephemeral(message: Outbound) -> bool:
    """Whether it is a sign to the customer, which is gone by itself: that somebody types, that somebody has read."""
    return isinstance(message, ChannelAction) and message.kind in ("typing", "seen")


def assume_unknown_after(message: Outbound, capabilities: Capabilities) -> timedelta:
    """How long after the commit of `sending` an attempt without a result counts as unknown. What waits in its chat waits as long."""
    if is_ephemeral(message):
        return EPHEMERAL_UNKNOWN_AFTER
    return ASSUME_UNKNOWN_AFTER + extra_time(message, capabilities)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    """The result of an attempt. With every kind but `sent` and `uncertain` the platform certainly has not the message.

    `address`, `aliases`, `person` and `further_ids` are those of the `SendReceipt`; `started_at` is when the call to the platform began.
    `after` (seconds) and `scope` are set when
    the platform asked for a pause. `code`, `detail` and `status` (HTTP) say why the message was not sent; `reason` and `params`
    are those of a `Failure`.
    """

    kind: ResultKind
    platform_id: str | None = None
    address: Address | None = None
    aliases: tuple[str, ...] = ()
    person: str | None = None
    further_ids: tuple[str, ...] = ()
    after: float | None = None
    scope: Scope = "message"
    code: str = ""
    detail: str = ""
    status: int | None = None
    reason: str | None = None
    params: Mapping[str, Json] = field(default_factory=dict)
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform has the message, or did the action. The fields are those of the `SendReceipt`."""

    platform_id: str | None
    address: Address | None = None
    aliases: tuple[str, ...] = ()
    person: str | None = None
    started_at: datetime | None = None
    further_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """The message was not sent, and is tried again at `at`. `quiet`: the scope that pauses until then."""

    at: datetime
    quiet: Scope = "message"


@dataclass(frozen=True, slots=True)
class Locked:
    """The platform refuses the account's credentials: the message waits, with all others of the account."""

    error: Failure


@dataclass(frozen=True, slots=True)
class Failed:
    """The message will not be sent any more."""

    error: Failure


Outcome = Sent | Retry | Locked | Failed


@dataclass(frozen=True, slots=True)
class AttemptContext:
    """The attempt of a result: its message's id, its number, and the time of the message's first attempt (`since`)."""

    message: str
    attempts: int
    since: datetime
    now: datetime


# Failed, and not tried again: a customer who gets the same answer twice is worse off than an agent who has to look.
OUTCOME_UNKNOWN = Failed(Failure(code="outcome_unknown", detail=""))


def within_send_window(committed: datetime, now: datetime) -> bool:
    """Whether an attempt whose `sending` was committed at `committed` may still start."""
    # The time of a batch never goes back, so it may be ahead of this machine's time: after a takeover from a machine
    # that is ahead, or when time was set back. How long ago the commit was is not known then, and the attempt must
    # not start.
    return abs(now - committed) <= START_WITHIN


def is_repeatable(message: Outbound, capabilities: Capabilities) -> bool:
    """Whether a second attempt does no harm after one that may have reached the platform."""
    # A message that was hidden, edited or deleted twice is as it was after the first time. A telephone rings twice.
    if isinstance(message, ChannelAction):
        return message.kind != "call"
    return capabilities.drops_repeats


def awaited_send(message: Outbound) -> str | None:
    """The id of the send whose result an action needs; None for a message, and for an action that knows its message."""
    if isinstance(message, OutboundMessage) or message.platform_id is not None or message.kind == "call":
        return None
    return message.message


def outcome_unknown(*, repeatable: bool) -> AttemptResult:
    """The result of an attempt without an answer: `retryable` only where a second attempt does no harm."""
    if repeatable:
        return AttemptResult(kind="retryable", detail="no answer came; a second attempt does no harm")
    return AttemptResult(kind="uncertain")


def decide_outcome(result: AttemptResult, attempt: AttemptContext) -> Outcome:
    """The outcome for the message after its latest attempt."""
    return _OUTCOME_BY_RESULT[result.kind](result, attempt)


def backoff(message: str, attempts: int) -> timedelta:
    """The pause after `attempts` attempts: doubling from 1 to 60 seconds, ± 25 % of jitter from the message id."""
    plain = doubled(FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS, attempts)
    return timedelta(seconds=plain * (0.75 + 0.5 * spread(f"{message}/{attempts}")))


def probe_after(refusals: int) -> timedelta:
    """The pause before an account that was refused `refusals` times in a row is probed again."""
    return timedelta(seconds=doubled(FIRST_PROBE_SECONDS, MAX_PROBE_SECONDS, refusals))


def _sent(result: AttemptResult, attempt: AttemptContext) -> Outcome:
    return Sent(
        result.platform_id, result.address, result.aliases, result.person, result.started_at, result.further_ids
    )


def _refused(result: AttemptResult, attempt: AttemptContext) -> Outcome:
    failure = Failure(
        code=result.code, detail=result.detail, status=result.status, reason=result.reason, params=dict(result.params)
    )
    return Failed(failure)


def _unauthorized(result: AttemptResult, attempt: AttemptContext) -> Outcome:
    return Locked(Failure(code=CREDENTIALS, detail=result.detail, status=result.status))


def _uncertain(result: AttemptResult, attempt: AttemptContext) -> Outcome:
    return OUTCOME_UNKNOWN


def _retryable(result: AttemptResult, attempt: AttemptContext) -> Outcome:
    delay = _bounded(result.after)
    at = attempt.now + (backoff(attempt.message, attempt.attempts) if delay is None else delay)
    if at > attempt.since + MAX_RETRY_PERIOD:
        detail = result.detail or "no attempt could be started in time"
        return Failed(Failure(code="unreachable", detail=detail, params={"attempts": attempt.attempts}))
    return Retry(at, result.scope)


def _bounded(after: float | None) -> timedelta | None:
    """The pause that the platform asked for, bounded; None without one and for a value that is no duration."""
    # `not >=` and not `<`: NaN is no duration either.
    if after is None or not after >= 0:
        return None
    return timedelta(seconds=min(after, 2 * MAX_RETRY_PERIOD.total_seconds()))


_OUTCOME_BY_RESULT: Mapping[ResultKind, Callable[[AttemptResult, AttemptContext], Outcome]] = {
    "sent": _sent,
    "retryable": _retryable,
    "not_started": _retryable,
    "refused": _refused,
    "unauthorized": _unauthorized,
    "uncertain": _uncertain,
}
