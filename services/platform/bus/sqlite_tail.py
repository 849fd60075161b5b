"""A reader of the SQLite log in no group: it has no lease, and its positions are in memory alone."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from services.platform.bus import sqlite_log
from services.platform.bus.port import Record
from services.platform.bus.sqlite_log import Span, topic_name
from services.platform.sqlite.database import Database

BATCH_SIZE = 500
MAX_BYTES = 4_000_000


class Source(Protocol):
    """What it needs of the bus."""

    partitions: int
    database: Database

    def end(self, name: str, partition: int) -> int: ...


class SqliteTail:
    """See `Tail` of the port. `spans`: first offset and end of each partition when the tail was opened."""

    def __init__(self, bus: Source, topics: Sequence[str], spans: Mapping[tuple[str, int], Span]) -> None:
        self._bus = bus
        self._news = asyncio.Event()
        self._positions = {
            p: {topic: spans.get((topic_name(topic), p), (0, 0))[1] for topic in topics} for p in range(bus.partitions)
        }

    def wake(self) -> None:
        """Let a waiting `poll` read again."""
        self._news.set()

    async def poll(self, *, wait: float) -> list[Record]:
        try:
            async with asyncio.timeout(wait):
                while not (behind := self._behind()):
                    # No await between the check and this: an append in between would be missed until the next one.
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return []
        records: list[Record] = []
        for partition, positions in behind.items():
            records += await self._read(partition, positions)
        return records

    def _behind(self) -> dict[int, dict[str, int]]:
        found = {
            partition: {t: at for t, at in positions.items() if self._bus.end(topic_name(t), partition) > at}
            for partition, positions in self._positions.items()
        }
        return {partition: positions for partition, positions in found.items() if positions}

    async def _read(self, partition: int, positions: Mapping[str, int]) -> list[Record]:
        records = await self._bus.database.read(
            lambda connection: sqlite_log.read(connection, partition, positions, limit=BATCH_SIZE, max_bytes=MAX_BYTES)
        )
        for record in records:
            self._positions[partition][record.topic] = record.offset + 1
        return records
