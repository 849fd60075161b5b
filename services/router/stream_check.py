"""Ends the streams of keys and workspaces that are gone, within a second: one read for all streams of the process."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from services.platform.bus.broadcaster import Subscriber
from services.platform.core.errors import Unavailable, Unknown
from services.platform.http.auth import ADMIN
from services.platform.processing.unit_of_work import Reader
from services.platform.store.port import Key
from services.records.configuration import CONFIGURATION_HEADS
from services.records.keys import KEYS

POLL_SECONDS = 0.4
_log = structlog.get_logger(__name__)


class Standing:
    """Which streams are open, by what they stand on. Nothing is read while none is."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._open: dict[Key, set[Subscriber]] = defaultdict(set)
        self._wanted = asyncio.Event()

    @contextmanager
    def held(self, caller: str, workspace: str, listener: Subscriber) -> Iterator[None]:
        """End this listener when the caller's key or the workspace is deleted. The admin key is no document."""
        needed = [Key(CONFIGURATION_HEADS.name, workspace)]
        if caller != ADMIN:
            needed.append(Key(KEYS.name, caller))
        for key in needed:
            self._open[key].add(listener)
        self._wanted.set()
        try:
            yield
        finally:
            for key in needed:
                self._open[key].discard(listener)
                if not self._open[key]:
                    del self._open[key]

    async def look(self) -> None:
        """End whoever stands on nothing any more. Raises Unavailable, Unknown."""
        keys = list(self._open)
        found = await self._reader.get_many(keys)
        for key in keys:
            if key not in found:
                for listener in self._open.get(key, ()):
                    listener.end()

    async def run(self) -> None:
        """Look for as long as a stream is open; runs until it is cancelled."""
        while True:
            await self._wanted.wait()
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.look()
            except (Unavailable, Unknown) as error:
                _log.warning("streams_unchecked", reason=type(error).__name__)
            if not self._open:
                self._wanted.clear()
