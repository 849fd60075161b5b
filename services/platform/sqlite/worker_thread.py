"""Threads for calls that wait for the disk. With one thread, calls run in the order in which they were made."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")

# Any: calls with results of all types wait in one queue.
_Call = tuple[Callable[[], Any], "asyncio.Future[Any]"]


@dataclass(slots=True)
class WorkerThreads:
    """Runs calls on threads of its own; the results come back in the event loop `loop`."""

    loop: asyncio.AbstractEventLoop
    name: str
    count: int = 1
    _calls: "SimpleQueue[_Call | None]" = field(default_factory=SimpleQueue)
    _threads: list[Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start the threads."""
        self._threads = [Thread(target=self._serve, name=self.name, daemon=True) for _ in range(self.count)]
        for thread in self._threads:
            thread.start()

    async def run(self, call: Callable[[], T]) -> T:
        """What `call` returns or raises, on one of the threads."""
        done: asyncio.Future[T] = self.loop.create_future()
        self._calls.put((call, done))
        return await done

    async def close(self) -> None:
        """Run all calls that wait, then end the threads."""
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _serve(self) -> None:
        while (waiting := self._calls.get()) is not None:
            call, done = waiting
            # A loop that is closed has no task left that waits for the result.
            with suppress(RuntimeError):
                self.loop.call_soon_threadsafe(_answered(call), done)


def _answered(call: Callable[[], T]) -> Callable[["asyncio.Future[T]"], None]:
    """Run the call; returns the function that gives its result or error to the future."""
    try:
        result = call()
    except Exception as error:  # noqa: BLE001 - its caller gets it
        return partial(_fail, error)
    return partial(_resolve, result)


def _resolve(value: T, done: "asyncio.Future[T]") -> None:
    if not done.done():
        done.set_result(value)


def _fail(error: Exception, done: "asyncio.Future[T]") -> None:
    if not done.done():
        done.set_exception(error)
