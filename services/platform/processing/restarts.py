"""When a partition starts over, and how many times in a row without progress: then readiness says that it fails."""

from dataclasses import dataclass

from services.platform.core.errors import Fenced, OffsetOutOfRange, Revoked, Unavailable, Unknown

TRANSIENT_ERRORS = (Unavailable, Unknown, Fenced)
"""After these everything in memory is dropped and read again, row first (rule 2)."""
PARTITION_RESET_ERRORS = (*TRANSIENT_ERRORS, Revoked, OffsetOutOfRange)
"""Errors of store and bus, which are never the fault of an input (rule 8)."""
FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.05, 2.0
MIN_RESTARTS = 5
MIN_SECONDS = 5.0
"""A change of owners, or a short outage, is over by then: fewer or shorter restarts are no trouble."""
QUIET_SECONDS = 10.0
"""So many seconds without another restart end the trouble, even if there was no input to handle."""


@dataclass(slots=True)
class Restarts:
    """The restarts of one partition since its last progress. Times are monotonic seconds."""

    in_a_row: int = 0
    since: float = 0.0
    last: float = 0.0
    reason: str = ""

    def note(self, error: Exception, now: float) -> None:
        """The partition started over."""
        # Restarts that lie apart are outages of their own, each of which ended.
        if self.in_a_row == 0 or now - self.last > QUIET_SECONDS:
            self.in_a_row, self.since = 0, now
        self.in_a_row, self.last = self.in_a_row + 1, now
        self.reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__

    def reset(self) -> None:
        """The partition handled a batch."""
        self.in_a_row = 0

    def trouble(self, now: float) -> str | None:
        """Why the partition makes no progress; None when it does, or when that is not certain yet."""
        is_over = now - self.last > QUIET_SECONDS
        if is_over or self.in_a_row < MIN_RESTARTS or self.last - self.since < MIN_SECONDS:
            return None
        return f"it started over {self.in_a_row} times in {now - self.since:.0f} s and gets no further ({self.reason})"
