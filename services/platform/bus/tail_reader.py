"""Reads new records of some topics for a whole process while there is demand, and again after every loss of the bus."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog

from services.platform.bus.port import Bus, Record, Tail
from services.platform.core.errors import OffsetOutOfRange, Unavailable, Unknown

POLL_SECONDS = 1.0
RETRY_SECONDS = 1.0
_log = structlog.get_logger(__name__)


class TailListener(Protocol):
    """Receives the records of one reader."""

    @property
    def is_wanted(self) -> bool:
        """Whether records are needed now."""
        ...

    def on_open(self) -> None:
        """Every record from now on will come."""
        ...

    def on_records(self, records: Sequence[Record]) -> None:
        """Records as they came, in the order of each partition."""
        ...

    def on_closed(self) -> None:
        """No record comes until the next `on_open`."""
        ...

    def on_lost(self) -> None:
        """The bus failed: records that would have come may be missing."""
        ...


class TailReader:
    """One reader in no group. It reads while its listener is wanted, and for `idle_seconds` longer."""

    def __init__(self, bus: Bus, topics: Sequence[str], listener: TailListener, *, idle_seconds: float = 0.0) -> None:
        self._bus, self._topics, self._listener, self._idle_seconds = bus, tuple(topics), listener, idle_seconds
        self._wanted = asyncio.Event()

    def want(self) -> None:
        """Start to read. Call it for each new waiter, before waiting for `on_open`."""
        self._wanted.set()

    async def run(self) -> None:
        """Read whenever the listener is wanted, until it is cancelled."""
        while True:
            await self._wanted.wait()
            try:
                async with self._bus.tail(self._topics) as tail:
                    await self._read(tail)
            except (Unavailable, Unknown, OffsetOutOfRange) as error:
                _log.warning("tail_lost", topics=self._topics, reason=str(error))
                self._listener.on_lost()
                await asyncio.sleep(RETRY_SECONDS)

    async def _read(self, tail: Tail) -> None:
        self._listener.on_open()
        time = asyncio.get_running_loop().time
        last_wanted = time()
        try:
            while self._listener.is_wanted or time() - last_wanted < self._idle_seconds:
                self._listener.on_records(await tail.poll(wait=POLL_SECONDS))
                if self._listener.is_wanted:
                    last_wanted = time()
            self._wanted.clear()
        finally:
            # No await since `is_wanted` was checked last: a waiter that comes later waits for the next reader's `on_open`.
            self._listener.on_closed()
