"""Sources of time that tests move."""

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class ManualTimeSource:
    """Stands still until a test moves it: by `move`, or by setting `at`. Monotonic seconds count from where it began."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at
        self._began_at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - self._began_at).total_seconds()

    def move(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.at += timedelta(seconds=seconds)


class LoopTimeSource:
    """The time of the running event loop, counted from `START`: virtual where the loop is (`tests.simulator.loop`)."""

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()
