"""What the result of an attempt means for a message. Pure: values and the time in, a verdict out.

The safety of it all rests on four times that follow the commit which says `sending`: an attempt starts within
`START_WITHIN` of it or not at all, takes `SEND_TIMEOUT` at most, so that after `SETTLE_AFTER` nobody can be sending
any more, whoever owns the partition by then. The rest between them covers clocks that differ.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from schemas.channel import Capabilities
from schemas.values import Contract, Failure

START_WITHIN = timedelta(seconds=5)
SEND_TIMEOUT = timedelta(seconds=12)
SETTLE_AFTER = timedelta(seconds=30)
GIVE_UP_AFTER = timedelta(hours=24)

FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 60.0

ResultKind = Literal["sent", "retryable", "refused", "uncertain", "not_started"]


class Result(Contract):
    """How an attempt ended. `retryable`, `refused` and `not_started` surely left nothing with the platform that a repeat could double.

    `after` seconds when the platform said when to come back. `code` and `detail` say why there is no receipt.
    """

    kind: ResultKind
    platform_id: str | None = None
    after: float | None = None
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform has it."""

    platform_id: str | None


@dataclass(frozen=True, slots=True)
class Again:
    """It surely did not arrive: try again at `at`. `pause_account`: the platform wants quiet until then."""

    at: datetime
    pause_account: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """It will not be sent any more."""

    error: Failure


Verdict = Sent | Again | Failed


@dataclass(frozen=True, slots=True)
class Tried:
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


def may_start(committed: datetime, now: datetime) -> bool:
    """Whether an attempt whose `sending` was committed at `committed` may still start. A clock that went back: no."""
    return abs(now - committed) <= START_WITHIN


def unknown_end(capabilities: Capabilities) -> Result:
    """The end of an attempt of which nobody knows whether it arrived: tried again only where repeats are dropped."""
    if capabilities.drops_repeats:
        return Result(kind="retryable", detail="no answer came; the receiver drops what it has already")
    return Result(kind="uncertain")


def judge(result: Result, tried: Tried) -> Verdict:
    """What follows from the result of the latest attempt."""
    return _JUDGES[result.kind](result, tried)


def backoff(message: str, attempts: int) -> timedelta:
    """How long to wait after `attempts` attempts: doubling from 1 to 60 seconds, ± 25 % that the message decides."""
    plain = min(FIRST_BACKOFF_SECONDS * 2.0 ** min(attempts - 1, 16), LONGEST_BACKOFF_SECONDS)
    digest = hashlib.blake2b(f"{message}/{attempts}".encode(), digest_size=4).digest()
    return timedelta(seconds=plain * (0.75 + 0.5 * int.from_bytes(digest, "big") / 2**32))


def _sent(result: Result, tried: Tried) -> Verdict:
    return Sent(result.platform_id)


def _refused(result: Result, tried: Tried) -> Verdict:
    return Failed(Failure(code=result.code, detail=result.detail))


def _uncertain(result: Result, tried: Tried) -> Verdict:
    return OUTCOME_UNKNOWN


def _retryable(result: Result, tried: Tried) -> Verdict:
    asked = _bounded(result.after)
    at = tried.now + (backoff(tried.message, tried.attempts) if asked is None else asked)
    if at > tried.since + GIVE_UP_AFTER:
        detail = result.detail or "no attempt could be started in time"
        return Failed(Failure(code="unreachable", detail=f"Given up after {tried.attempts} attempts: {detail}"))
    return Again(at, pause_account=asked is not None)


def _bounded(after: float | None) -> timedelta | None:
    """Platforms' numbers are theirs: what is no sane wait (negative, not a number) counts as none given."""
    if after is None or not after >= 0:
        return None
    return timedelta(seconds=min(after, 2 * GIVE_UP_AFTER.total_seconds()))


_JUDGES: Mapping[ResultKind, Callable[[Result, Tried], Verdict]] = {
    "sent": _sent,
    "retryable": _retryable,
    "not_started": _retryable,
    "refused": _refused,
    "uncertain": _uncertain,
}
