"""When a webhook is tried again, and when an endpoint is left in peace. Pure: values and the time in, times out.

The schedule is that of the Standard Webhooks specification. An endpoint that fails is asked by one call at a time, ever
more rarely, whatever waits for it: so a dead one costs little, and nobody else waits for it.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.platform.core.backoff import doubled

SCHEDULE_SECONDS = (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Before each try, after the one before."""
MAX_RETRY_PERIOD = timedelta(seconds=sum(SCHEDULE_SECONDS) * 1.1 + 3600)
MAX_WAIT = timedelta(days=1)
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 1.0, 300.0
CALL_SECONDS = 15.0
WAIT_SECONDS = 10.0
"""For a connection; with the call itself less than `ASSUME_UNKNOWN_AFTER`."""
ASSUME_UNKNOWN_AFTER = timedelta(seconds=30)
CIRCUIT_RETRY_AFTER = timedelta(seconds=2)
"""What could not be started for reasons of ours."""
IN_FLIGHT = 8
"""Calls to one endpoint that run at a time, of one partition; one while it fails."""

Disposition = Literal["delivered", "again", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """How a call ended. `status` None: without an answer. `after` seconds when the endpoint said so.

    `started` False: for reasons of ours nothing was called. `ended` False: the process did not see how it ended.
    Neither says anything about the endpoint.
    """

    status: int | None = None
    detail: str | None = None
    after: float | None = None
    started: bool = True
    ended: bool = True


def classify(result: CallResult) -> Disposition:
    """Any 2xx is taken; 410 is to be asked no more; all else is tried again."""
    if result.status is not None and 200 <= result.status < 300:
        return "delivered"
    return "gone" if result.status == 410 else "again"


def next_try(delivery: str, attempts: int, now: datetime, after: float | None = None) -> datetime | None:
    """When to try again after `attempts` tries; None: no more. Up to a tenth later than the schedule says."""
    if attempts >= len(SCHEDULE_SECONDS):
        return None
    digest = hashlib.blake2b(f"{delivery}/{attempts}".encode(), digest_size=4).digest()
    plain = timedelta(seconds=SCHEDULE_SECONDS[attempts] * (1 + 0.1 * int.from_bytes(digest, "big") / 2**32))
    asked = min(timedelta(seconds=min(after, 1e6)), MAX_WAIT) if after is not None and after > 0 else plain
    return now + max(plain, asked)


def circuit_open_seconds(failures: int) -> timedelta:
    """How long to leave an endpoint in peace after this many failures in a row: doubling from 1 s to 5 minutes."""
    return timedelta(seconds=doubled(FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS, failures))
