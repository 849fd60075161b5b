"""One reader for a process: it reads while it is wanted, and says when it does not."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from services.platform.bus.port import Record
from services.platform.bus.tail_reader import TailReader
from services.platform.core.errors import OffsetOutOfRange
from tests.fakes import MemoryBus

RECORD = Record("conversations", 0, 7, "shop/webchat:main:1", b"{}")


class Listener:
    """Notes what happens. It wants `wanted` polls' worth of records."""

    def __init__(self, wanted: int) -> None:
        self.notes: list[str] = []
        self.changed = asyncio.Event()
        self._wanted = wanted

    @property
    def is_wanted(self) -> bool:
        return self._wanted > 0

    def _note(self, note: str) -> None:
        self.notes.append(note)
        self.changed.set()

    def on_open(self) -> None:
        self._note("open")

    def on_records(self, records: Sequence[Record]) -> None:
        self._wanted -= 1
        self._note(f"{len(records)} records")

    def on_closed(self) -> None:
        self._note("closed")

    def on_lost(self) -> None:
        self._note("lost")

    async def until(self, note: str) -> None:
        while note not in self.notes:
            self.changed.clear()
            await self.changed.wait()


class TailOfOne:
    """Gives one record at each poll, or fails."""

    def __init__(self, failure: Exception | None) -> None:
        self._failure = failure

    async def poll(self, *, wait: float) -> list[Record]:
        if self._failure is not None:
            raise self._failure
        return [RECORD]


class Bus(MemoryBus):
    """Counts the readers that were opened."""

    def __init__(self, failure: Exception | None = None) -> None:
        super().__init__()
        self.opened, self._failure = 0, failure

    @asynccontextmanager
    async def tail(self, topics: Sequence[str]) -> AsyncIterator[TailOfOne]:  # type: ignore[override]  # of another kind
        self.opened += 1
        yield TailOfOne(self._failure)


async def _read_until(reader: TailReader, listener: Listener, note: str) -> None:
    running = asyncio.create_task(reader.run())
    await listener.until(note)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_nothing_is_read_before_somebody_wants_it_and_reading_ends_with_the_last_one() -> None:
    bus, listener = Bus(), Listener(wanted=2)
    reader = TailReader(bus, ["conversations"], listener)
    idle = asyncio.create_task(reader.run())
    await asyncio.sleep(0)
    assert bus.opened == 0
    idle.cancel()

    reader.want()
    await _read_until(reader, listener, "closed")

    assert listener.notes == ["open", "1 records", "1 records", "closed"]
    assert bus.opened == 1


async def test_a_bus_that_fails_is_reported_after_the_reader_is_closed() -> None:
    listener = Listener(wanted=2)
    reader = TailReader(Bus(OffsetOutOfRange("gone")), ["conversations"], listener)
    reader.want()

    await _read_until(reader, listener, "lost")

    assert listener.notes == ["open", "closed", "lost"]
