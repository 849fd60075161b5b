"""Work of some milliseconds beside the event loop, so that one long text does not hold up all others."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class WorkerThread:
    """One thread at a time: with many, the event loop would wait for its turn behind all of them."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def run(self, work: Callable[[], Result]) -> Result:
        """What `work` returns, or raises. It must not touch what the event loop changes."""
        async with self._turn:
            return await asyncio.to_thread(work)
