"""When a webhook call is tried again, and how long a failing endpoint is paused. Pure: values in, times out.

The schedule is that of the Standard Webhooks specification (standardwebhooks.com). An endpoint that fails gets one
call at a time, with pauses that grow, however many deliveries wait for it. So a dead endpoint costs little, and takes
nothing from the others.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.platform.core.backoff import doubled, spread

SCHEDULE_SECONDS = (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""The pause before each attempt, since the end of the attempt before it."""
MAX_RETRY_PERIOD = timedelta(seconds=sum(SCHEDULE_SECONDS) * 1.1 + 3600)
"""The schedule with its jitter, and an hour for pauses of the endpoint. A delivery that is older is given up."""
MAX_RETRY_AFTER = timedelta(days=1)
"""The longest pause that an endpoint can ask for."""
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 1.0, 300.0
CALL_TIMEOUT_SECONDS = 15.0
MAX_WAIT_SECONDS = 10.0
"""For a free connection."""
# More than the two together: no process is still calling by then, so the attempt can be made again.
ASSUME_UNKNOWN_AFTER = timedelta(seconds=30)
NOT_STARTED_RETRY_AFTER = timedelta(seconds=2)
"""The pause after a call that could not start, for want of a connection or of the store."""
MAX_IN_FLIGHT = 8
"""Calls to one endpoint at a time, of one partition. An endpoint that fails gets one."""

Disposition = Literal["delivered", "again", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """How a call ended. `status` is the HTTP status, None without an answer. `after` is the `Retry-After`, in seconds.

    `started` is False when no call was made, for want of a connection or of the store. `ended` is False when the
    process died before the answer came. Neither says anything about the endpoint.
    """

    status: int | None = None
    detail: str | None = None
    after: float | None = None
    started: bool = True
    ended: bool = True


def classify(result: CallResult) -> Disposition:
    """Any 2xx delivers the fact, 410 switches the endpoint off, and anything else is tried again."""
    if result.status is not None and 200 <= result.status < 300:
        return "delivered"
    return "gone" if result.status == 410 else "again"


def next_attempt_at(delivery: str, attempts: int, now: datetime, after: float | None = None) -> datetime | None:
    """The time of the next attempt after `attempts` of them; None: there is none. At most a tenth after schedule.

    `delivery` is the delivery's id. `after` is the pause in seconds that the endpoint asked for; it only makes the
    pause longer.
    """
    if attempts >= len(SCHEDULE_SECONDS):
        return None
    scheduled = timedelta(seconds=SCHEDULE_SECONDS[attempts] * (1 + 0.1 * spread(f"{delivery}/{attempts}")))
    # Bounded before it becomes a timedelta, which overflows at 1e9 days.
    asked = min(timedelta(seconds=min(after, 1e6)), MAX_RETRY_AFTER) if after is not None and after > 0 else scheduled
    return now + max(scheduled, asked)


def pause_after(failures: int) -> timedelta:
    """The pause of an endpoint after this many failures in a row: doubling from 1 second to 5 minutes."""
    return timedelta(seconds=doubled(FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS, failures))
