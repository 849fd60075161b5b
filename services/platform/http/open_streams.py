"""Ends open streams whose permission is gone, within a second: one loop for all streams of one kind in a process."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import structlog

from services.platform.core.errors import Unavailable, Unknown

CHECK_SECONDS = 0.4
_log = structlog.get_logger(__name__)

Stream = TypeVar("Stream")


class OpenStreams(Generic[Stream]):
    """The open streams of one kind. Nothing is read while none is open.

    `find_revoked` reads which of these streams may go on no longer (raises Unavailable, Unknown); `end` ends one.
    """

    def __init__(
        self,
        find_revoked: Callable[[Collection[Stream]], Awaitable[Collection[Stream]]],
        end: Callable[[Stream], None],
    ) -> None:
        self._find_revoked, self._end = find_revoked, end
        self._open: set[Stream] = set()
        self._any_open = asyncio.Event()

    @contextmanager
    def register(self, stream: Stream) -> Iterator[Stream]:
        """End this stream when its permission is gone, until the context is left."""
        self._open.add(stream)
        self._any_open.set()
        try:
            yield stream
        finally:
            self._open.discard(stream)

    async def end_revoked(self) -> None:
        """End the streams whose permission is gone. Raises Unavailable, Unknown."""
        for stream in await self._find_revoked(frozenset(self._open)):
            # It may have been left while its permission was read.
            if stream in self._open:
                self._end(stream)

    async def run(self) -> None:
        """Check for as long as a stream is open; runs until it is cancelled."""
        while True:
            await self._any_open.wait()
            await asyncio.sleep(CHECK_SECONDS)
            try:
                await self.end_revoked()
            except (Unavailable, Unknown) as error:
                _log.warning("stream_check_failed", reason=type(error).__name__)
            if not self._open:
                self._any_open.clear()
