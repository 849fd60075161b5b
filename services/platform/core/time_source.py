"""Where the time comes from. Code that decides is given `now`; only edges hold a clock."""

import time
from datetime import UTC, datetime
from typing import Protocol


class TimeSource(Protocol):
    """Wall time for what is written down, monotonic seconds for how long to wait."""

    def now(self) -> datetime:
        """The time now, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, from an arbitrary start."""
        ...


class SystemTimeSource:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
