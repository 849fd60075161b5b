"""Groups with `linger_seconds` decide in slices of a millisecond, one group at a time, so that other tasks run in between."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

from services.platform.core.time_source import TimeSource

T = TypeVar("T")

SLICE_SECONDS = 0.001


class TimeSlicer:
    """Shares the time of one process among its lingering groups."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def slices(self, step: Callable[[T], None], values: Iterable[T], time_source: TimeSource) -> None:
        """Call `step` with each value; after every `SLICE_SECONDS` all other ready tasks of the loop run first."""
        async with self._lock:
            until = time_source.monotonic() + SLICE_SECONDS
            for value in values:
                if time_source.monotonic() >= until:
                    await asyncio.sleep(0)
                    until = time_source.monotonic() + SLICE_SECONDS
                step(value)
