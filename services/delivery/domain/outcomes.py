"""What the result of an attempt means for a message. Pure: values and the time in, a verdict out.

The safety of it all rests on four times that follow the commit which says `sending`: an attempt starts within
`START_WITHIN` of it or not at all, takes `SEND_TIMEOUT` at most, so that after `ASSUME_UNKNOWN_AFTER` nobody can be sending
any more, whoever owns the partition by then. The rest between them covers clocks that differ.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from schemas.activity import Address
from schemas.channel import Capabilities, Scope
from schemas.values import Contract, Failure
from services.platform.core.backoff import doubled

START_WITHIN = timedelta(seconds=5)
SEND_TIMEOUT = timedelta(seconds=12)
ASSUME_UNKNOWN_AFTER = timedelta(seconds=30)
MAX_RETRY_PERIOD = timedelta(hours=24)

FIRST_BACKOFF_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 60.0
FIRST_PROBE_SECONDS = 5.0
MAX_PROBE_SECONDS = 60.0
CREDENTIALS = "credentials"

ResultKind = Literal["sent", "retryable", "refused", "unauthorized", "uncertain", "not_started"]


class AttemptResult(Contract):
    """How an attempt ended. All but `sent` and `uncertain` surely left nothing with the platform that a repeat could double.

    `address` when it went elsewhere than the message asks for. `after` seconds when the platform said when to come
    back, `scope` for what. `code`, `detail` and `status` (HTTP) say why there is no receipt.
    """

    kind: ResultKind
    platform_id: str | None = None
    address: Address | None = None
    after: float | None = None
    scope: Scope = "message"
    code: str = ""
    detail: str = ""
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform has it; `address` when it went elsewhere than the message asks for."""

    platform_id: str | None
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """It surely did not arrive: try again at `at`. `quiet`: for what else the platform wants quiet until then."""

    at: datetime
    quiet: Scope = "message"


@dataclass(frozen=True, slots=True)
class Locked:
    """The platform does not let the account in: the message waits, with all others of the account."""

    error: Failure


@dataclass(frozen=True, slots=True)
class Failed:
    """It will not be sent any more."""

    error: Failure


Outcome = Sent | Retry | Locked | Failed


@dataclass(frozen=True, slots=True)
class AttemptContext:
    """What is known of the message when a result comes: its id, attempts so far, the time of the first one."""

    message: str
    attempts: int
    since: datetime
    now: datetime


OUTCOME_UNKNOWN = Failed(
    Failure(
        code="outcome_unknown",
        detail="It cannot be known whether the platform has this message; ask the customer or look there before "
        "writing it again.",
    )
)


def within_send_window(committed: datetime, now: datetime) -> bool:
    """Whether an attempt whose `sending` was committed at `committed` may still start. A clock that went back: no."""
    return abs(now - committed) <= START_WITHIN


def outcome_unknown(capabilities: Capabilities) -> AttemptResult:
    """The end of an attempt of which nobody knows whether it arrived: tried again only where repeats are dropped."""
    if capabilities.drops_repeats:
        return AttemptResult(kind="retryable", detail="no answer came; the receiver drops what it has already")
    return AttemptResult(kind="uncertain")


def decide_outcome(result: AttemptResult, attempt: AttemptContext) -> Outcome:
    """What follows from the result of the latest attempt."""
    return _OUTCOME_BY_RESULT[result.kind](result, attempt)


def backoff(message: str, attempts: int) -> timedelta:
    """How long to wait after `attempts` attempts: doubling from 1 to 60 seconds, ± 25 % that the message decides."""
    plain = doubled(FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS, attempts)
    digest = hashlib.blake2b(f"{message}/{attempts}".encode(), digest_size=4).digest()
    return timedelta(seconds=plain * (0.75 + 0.5 * int.from_bytes(digest, "big") / 2**32))


def probe_after(refusals: int) -> timedelta:
    """How long to wait before an account that was refused `refusals` times in a row is tried again."""
    return timedelta(seconds=doubled(FIRST_PROBE_SECONDS, MAX_PROBE_SECONDS, refusals))


def _sent(result: AttemptResult, attempt: AttemptContext) -> Outcome:
    return Sent(result.platform_id, result.address)


def _refused(result: AttemptResult, attempt: AttemptContext) -> Outcome:
    return Failed(Failure(code=result.code, detail=result.detail, status=result.status))


def _unauthorized(result: AttemptResult, attempt: AttemptContext) -> Outcome:
    return Locked(Failure(code=CREDENTIALS, detail=result.detail, status=result.status))


def _uncertain(result: AttemptResult, attempt: AttemptContext) -> Outcome:
    return OUTCOME_UNKNOWN


def _retryable(result: AttemptResult, attempt: AttemptContext) -> Outcome:
    delay = _bounded(result.after)
    at = attempt.now + (backoff(attempt.message, attempt.attempts) if delay is None else delay)
    if at > attempt.since + MAX_RETRY_PERIOD:
        detail = result.detail or "no attempt could be started in time"
        return Failed(Failure(code="unreachable", detail=f"Given up after {attempt.attempts} attempts: {detail}"))
    return Retry(at, result.scope)


def _bounded(after: float | None) -> timedelta | None:
    """Platforms' numbers are theirs: what is no sane wait (negative, not a number) counts as none given."""
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
