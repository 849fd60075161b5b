"""When a partition starts over, and how often it did in a row without getting on: then it does not work."""

from dataclasses import dataclass

from services.platform.core.errors import Fenced, OffsetOutOfRange, Revoked, Unavailable, Unknown

TRANSIENT_ERRORS = (Unavailable, Unknown, Fenced)
"""After these everything in memory is dropped and read again, row first (rule 2)."""
PARTITION_RESET_ERRORS = (*TRANSIENT_ERRORS, Revoked, OffsetOutOfRange)
"""Errors of store and bus, which are never the fault of an input (rule 8)."""
FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.05, 2.0
IN_A_ROW = 5
SECONDS = 5.0
"""A change of owners, or a short outage, is over by then."""
QUIET_SECONDS = 10.0
"""After so long without another it is over, whether or not there was anything to handle."""


@dataclass(slots=True)
class Restarts:
    """Of one partition, since it last got on. Times are monotonic seconds."""

    in_a_row: int = 0
    since: float = 0.0
    last: float = 0.0
    reason: str = ""

    def note(self, error: Exception, now: float) -> None:
        """It had to start over."""
        if self.in_a_row == 0 or now - self.last > QUIET_SECONDS:
            self.in_a_row, self.since = 0, now
        self.in_a_row, self.last = self.in_a_row + 1, now
        self.reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__

    def reset(self) -> None:
        """It handled what there was."""
        self.in_a_row = 0

    def trouble(self, now: float) -> str | None:
        """Why it does not work; None when it does, or when that is not certain yet."""
        is_over = now - self.last > QUIET_SECONDS
        if is_over or self.in_a_row < IN_A_ROW or self.last - self.since < SECONDS:
            return None
        return f"it started over {self.in_a_row} times in {now - self.since:.0f} s and gets no further ({self.reason})"
