"""A thread for work of some milliseconds, so that one long text does not block the event loop."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class WorkerThread:
    """Runs one piece of work at a time. All threads share the interpreter: with many, the event loop would get few turns."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def run(self, work: Callable[[], Result]) -> Result:
        """What `work` returns, or raises. It must not use objects that the event loop changes."""
        async with self._turn:
            return await asyncio.to_thread(work)
