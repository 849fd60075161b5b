"""Windows: how long after a customer's last message a platform takes an answer. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from schemas.channel import Window


def closes_at(window: Window, since: datetime) -> datetime:
    """When a window closes that a message of `since` opened."""
    return since + timedelta(seconds=window.seconds)


def open_window(windows: Sequence[Window], since: datetime, now: datetime) -> Window | None:
    """The narrowest window that is still open; None when all are closed."""
    return next((window for window in windows if now < closes_at(window, since)), None)
