"""A connection that the first caller opens and all share. It is discarded when it fails, and opened anew."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class ReconnectingClient(Generic[T]):
    """Gives one `T` to all callers. A discarded one is closed before the next is opened."""

    def __init__(self, start: Callable[[], Awaitable[T]], close: Callable[[T], Awaitable[None]]) -> None:
        self._start = start
        self._close = close
        self._current: asyncio.Task[T] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def get(self) -> T:
        """The open connection. The first caller opens it, the others wait. Raises what opening raises."""
        if self._current is None:
            self._current = asyncio.create_task(self._open())
        current = self._current
        # `wait` does not cancel the task: a caller that gives up does not stop the opening for the others.
        await asyncio.wait({current})
        if current.exception() is not None and self._current is current:
            self._current = None
        return current.result()

    def discard(self, failed: T) -> None:
        """Do not give out this connection again, and close it. Discarding it twice does nothing more."""
        current = self._current
        if current is not None and current.done() and not current.exception() and current.result() is failed:
            self._current = None
            closing = asyncio.create_task(self._finish(failed))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close what is open."""
        current, self._current = self._current, None
        if current is not None:
            await asyncio.wait({current})
            if not current.exception():
                await self._finish(current.result())
        await self._closed()

    async def _open(self) -> T:
        await self._closed()
        return await self._start()

    async def _finish(self, done: T) -> None:
        await self._close(done)

    async def _closed(self) -> None:
        if self._closing:
            await asyncio.wait(set(self._closing))
