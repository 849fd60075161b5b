"""Ends open streams within a second after their permission was revoked. One loop checks all streams of one kind."""

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
    """The open streams of one kind. While none is open, the store is not read.

    `find_revoked` returns those of some streams whose permission was revoked (raises Unavailable, Unknown); `end` ends
    one stream.
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
        """Watch the permission of a stream until the context is left."""
        self._open.add(stream)
        self._any_open.set()
        try:
            yield stream
        finally:
            self._open.discard(stream)

    async def end_revoked(self) -> None:
        """End the streams whose permission was revoked. Raises Unavailable, Unknown."""
        for stream in await self._find_revoked(frozenset(self._open)):
            # The client may have left while the permission was read.
            if stream in self._open:
                self._end(stream)

    async def run(self) -> None:
        """Check permissions while a stream is open; runs until it is cancelled."""
        while True:
            await self._any_open.wait()
            await asyncio.sleep(CHECK_SECONDS)
            try:
                await self.end_revoked()
            except (Unavailable, Unknown) as error:
                _log.warning("stream_check_failed", reason=type(error).__name__)
            if not self._open:
                self._any_open.clear()
