"""A clock that stands still until a test moves it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)


@dataclass
class MovedClock:
    """See `services.platform.core.time_source.Clock`."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds()

    def pass_seconds(self, seconds: float) -> None:
        """Let time go by."""
        self.at += timedelta(seconds=seconds)
