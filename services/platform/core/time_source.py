"""Where the time comes from. Code that decides gets `now` as a value; only code at the edges has a TimeSource."""

import time
from datetime import UTC, datetime
from typing import Protocol


class TimeSource(Protocol):
    """Wall time for what is stored and sent, monotonic seconds for waiting and measuring."""

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
