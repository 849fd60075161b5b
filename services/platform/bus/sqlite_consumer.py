"""One member of a group that reads the SQLite log: its partitions, its positions, and how it waits for records."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from services.platform.bus import sqlite_log
from services.platform.bus.port import Assignment, Record, position_in_log
from services.platform.bus.sqlite_groups import Lease
from services.platform.bus.sqlite_log import Span, topic_name
from services.platform.core.errors import OffsetOutOfRange, Revoked
from services.platform.core.time_source import TimeSource
from services.platform.sqlite.database import Database


class SharedLog(Protocol):
    """What a member needs of the bus."""

    partitions: int
    lease: Lease
    database: Database
    time_source: TimeSource

    async def spans(self) -> dict[tuple[str, int], Span]: ...

    def end(self, name: str, partition: int) -> int: ...

    def recent_records(
        self, partition: int, behind: Mapping[str, int], *, limit: int, max_bytes: int
    ) -> list[Record] | None: ...

    async def heartbeat(self) -> None: ...


class SqliteConsumer:
    """One member of a group, see `Consumer` of the port. `member` is its id in the tables of the log."""

    def __init__(self, bus: SharedLog, group: str, topics: tuple[str, ...], *, member: str) -> None:
        self.group = group
        self.member = member
        self.names = frozenset(map(topic_name, topics))
        self.renewed_at = bus.time_source.monotonic()
        self._bus = bus
        self._topics = topics
        self._owned: dict[int, int] = {}
        self._changed = asyncio.Event()
        self._news: dict[int, asyncio.Event] = {p: asyncio.Event() for p in range(bus.partitions)}
        self._positions: dict[int, tuple[int, dict[str, int]]] = {}

    def set_assignment(self, found: Mapping[int, tuple[str, int]]) -> None:
        """Take over which partitions this member owns now: partition → (member, generation)."""
        owned = {partition: generation for partition, (member, generation) in found.items() if member == self.member}
        if owned == self._owned:
            return
        self._owned = owned
        self._changed.set()
        for partition in self._news:
            self.wake(partition)

    def wake(self, partition: int) -> None:
        """Let a waiting `poll` read again."""
        self._news[partition].set()

    async def assignment(self, known: Assignment) -> Assignment:
        while self._owned == dict(known):
            self._changed.clear()
            await self._changed.wait()
        return dict(self._owned)

    async def seek(self, partition: int, offsets: Mapping[str, int]) -> dict[str, int]:
        await self._renewed()
        generation = self._generation(partition)
        found = await self._bus.spans()
        positions: dict[str, int] = {}
        for topic in self._topics:
            first, end = found.get((topic_name(topic), partition), (0, 0))
            positions[topic] = position_in_log(topic, offsets.get(topic, first), first)
            if not first <= positions[topic] <= end:
                raise OffsetOutOfRange(f"{topic}/{partition} goes from {first} to {end}, not to {positions[topic]}")
        self._positions[partition] = (generation, positions)
        return dict(positions)

    async def poll(self, partition: int, *, wait: float, limit: int = 500, max_bytes: int = 4_000_000) -> list[Record]:
        until, is_late = asyncio.get_running_loop().time() + wait, False
        while True:
            await self._renewed()
            positions = self._current(partition)
            # Before the end is read: what is appended between the two sets the event again.
            self._news[partition].clear()
            behind = {t: o for t, o in positions.items() if self._bus.end(topic_name(t), partition) > o}
            if behind:
                return await self._read(partition, positions, behind, limit, max_bytes)
            if is_late:
                return []
            is_late = await self._wait_for_records(until, partition)

    async def _wait_for_records(self, until: float, partition: int) -> bool:
        """Wait for something new; True when it was `until`, by the loop's clock, before there was any."""
        loop, expired = asyncio.get_running_loop(), asyncio.Event()
        if loop.time() >= until:
            await asyncio.sleep(0)
            return True

        def expire() -> None:
            expired.set()
            self.wake(partition)

        # A timer instead of `asyncio.timeout`, which would cancel and build an exception for every idle poll.
        timer = loop.call_at(until, expire)
        try:
            await self._news[partition].wait()
        finally:
            timer.cancel()
        return expired.is_set()

    async def _read(
        self, partition: int, positions: dict[str, int], behind: Mapping[str, int], limit: int, max_bytes: int
    ) -> list[Record]:
        records = self._bus.recent_records(partition, behind, limit=limit, max_bytes=max_bytes)
        if records is None:
            records = await self._bus.database.read(
                lambda connection: sqlite_log.read(connection, partition, behind, limit=limit, max_bytes=max_bytes)
            )
        else:
            # Nothing was awaited so far: without this, a processor that commits nothing would never leave the loop.
            await asyncio.sleep(0)
        # A rebalance or another `seek` while the records were read: they must not be handled by this owner.
        if self._current(partition) is not positions:
            raise Revoked(f"{self.group}/{partition} was lost or sought while it was read")
        for record in records:
            positions[record.topic] = record.offset + 1
        return records

    async def commit_offsets(self, partition: int, offsets: Mapping[str, int]) -> None:
        """Nothing: lag is read from the partition row."""

    def _current(self, partition: int) -> dict[str, int]:
        generation, positions = self._positions.get(partition, (0, {}))
        if self._generation(partition) != generation:
            raise Revoked(f"{self.group}/{partition} was won anew; nobody has sought its position")
        return positions

    def _generation(self, partition: int) -> int:
        if partition not in self._owned:
            raise Revoked(f"{self.group}/{partition} is not ours")
        return self._owned[partition]

    async def _renewed(self) -> None:
        """Renew the lease of a process that slept through it, which tells what became of its partitions."""
        if self._bus.time_source.monotonic() - self.renewed_at > self._bus.lease.seconds:
            await self._bus.heartbeat()
