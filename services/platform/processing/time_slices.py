"""Stages that nobody waits for decide a little at a time, one of them at once: what somebody waits for goes between."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

from services.platform.core.time_source import TimeSource

T = TypeVar("T")

TURN_SECONDS = 0.001


class TimeSlicer:
    """Of all stages of one process."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    async def slices(self, step: Callable[[T], None], values: Iterable[T], time_source: TimeSource) -> None:
        """Take the step with each value; after every `TURN_SECONDS` all else that is ready in the loop goes first."""
        async with self._one:
            until = time_source.monotonic() + TURN_SECONDS
            for value in values:
                if time_source.monotonic() >= until:
                    await asyncio.sleep(0)
                    until = time_source.monotonic() + TURN_SECONDS
                step(value)
