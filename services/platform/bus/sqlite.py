"""The bus in an SQLite file: an append-only log with the topics, keys, partitions, groups and offsets of the port.

`settle` keeps nothing: who wants to know the lag compares `end_offsets` with the partition row of the group.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

from schemas.topics import BY_NAME, WEEK_SECONDS
from services.platform.bus import sqlite_log
from services.platform.bus.port import MAX_EVENT_BYTES, Assignment, ProducerRecord, Record
from services.platform.bus.sqlite_cache import RecentRecordCache
from services.platform.bus.sqlite_groups import Assignments, Lease, heartbeat, leave, owners
from services.platform.bus.sqlite_log import Span, make_log, short_name, topic_name
from services.platform.bus.sqlite_tail import SqliteTail
from services.platform.core.errors import OffsetOutOfRange, Revoked, TooLarge, Unavailable, Unknown
from services.platform.core.identifiers import random_id
from services.platform.core.time_source import TimeSource
from services.platform.sqlite.database import BUSY_SECONDS, Connection, Database, EndOffsets, open_database
from services.platform.sqlite.jobs import LogRecord
from services.platform.sqlite.periodic import periodic

DEFAULT_PARTITIONS = 2
WAITING_WRITES = 10_000
WAITING_BYTES = 64_000_000
TRIM_EVERY_SECONDS = 3600
TRIM_RECORDS = 500


class SqliteBus:
    """The bus port on a file. `partitions` is what the file was made with."""

    def __init__(self, database: Database, time_source: TimeSource, partitions: int, lease: Lease) -> None:
        self.partitions = partitions
        self.lease = lease
        self.database = database
        self.time_source = time_source
        self._ends: EndOffsets = {}
        self._tail = RecentRecordCache()
        self._members: dict[str, SqliteConsumer] = {}
        self._tails: set[SqliteTail] = set()
        self._versions: dict[Connection, int] = {}
        self._told = 0

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: Path,
        time_source: TimeSource,
        *,
        partitions: int | None = None,
        default: int = DEFAULT_PARTITIONS,
        lease: Lease | None = None,
        busy_seconds: float = BUSY_SECONDS,
    ) -> AsyncIterator["SqliteBus"]:
        """A bus alone on its file, which other processes may share; see `over`."""
        async with (
            open_database(path, busy_seconds=busy_seconds) as database,
            cls.over(database, time_source, partitions=partitions, default=default, lease=lease) as bus,
        ):
            yield bus

    @classmethod
    @asynccontextmanager
    async def over(
        cls,
        database: Database,
        time_source: TimeSource,
        *,
        partitions: int | None = None,
        default: int = DEFAULT_PARTITIONS,
        lease: Lease | None = None,
    ) -> AsyncIterator["SqliteBus"]:
        """A bus on an open file. A new log gets `partitions`, or `default`; None takes what an old one has.

        Raises Misconfigured for another number than the log was made with.
        """
        count = await database.write(lambda connection: make_log(connection, partitions, default))
        bus = cls(database, time_source, count, lease or Lease())
        database.log = bus
        await bus.poll_other_processes()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(periodic(bus.poll_other_processes, bus.lease.watch))
            await stack.enter_async_context(periodic(bus.heartbeat, bus.lease.heartbeat_seconds))
            await stack.enter_async_context(periodic(bus.trim, TRIM_EVERY_SECONDS))
            yield bus

    async def publish(self, events: Sequence[ProducerRecord]) -> None:
        size = sum(self._checked(event) for event in events)
        if self.database.waiting >= WAITING_WRITES or self.database.waiting_bytes + size > WAITING_BYTES:
            raise Unavailable(f"{self.database.waiting} writes are waiting for the disk")
        if events:
            await self.database.write(_no_changes, events, size=size)

    def _checked(self, event: ProducerRecord) -> int:
        if len(event.value) > MAX_EVENT_BYTES:
            raise TooLarge(f"an event of {event.topic} has {len(event.value)} bytes, the bus takes {MAX_EVENT_BYTES}")
        if not 0 <= event.partition < self.partitions:
            raise ValueError(f"there is no partition {event.partition}; there are {self.partitions}")
        return len(event.value)

    @asynccontextmanager
    async def consume(self, group: str, topics: Sequence[str]) -> AsyncIterator["SqliteConsumer"]:
        consumer = SqliteConsumer(self, group, tuple(topics), member=random_id(self.time_source.now()))
        self._members[consumer.member] = consumer
        try:
            await self.heartbeat()
            yield consumer
        finally:
            del self._members[consumer.member]
            await self._leave(consumer)

    async def _leave(self, consumer: "SqliteConsumer") -> None:
        # A bus that is away lets the lease run out instead.
        with suppress(Unavailable, Unknown):
            self._notify(
                await self.database.write(
                    lambda connection: leave(connection, consumer.group, consumer.member, self.partitions)
                )
            )

    @asynccontextmanager
    async def tail(self, topics: Sequence[str]) -> AsyncIterator[SqliteTail]:
        tail = SqliteTail(self, topics, await self.spans())
        self._tails.add(tail)
        try:
            yield tail
        finally:
            self._tails.remove(tail)

    async def end_offsets(self, topics: Sequence[str], partition: int) -> dict[str, int]:
        found = await self.spans()
        return {topic: found.get((topic_name(topic), partition), (0, 0))[1] for topic in topics}

    async def spans(self) -> dict[tuple[str, int], Span]:
        """(topic's name on the bus, partition) → first offset and end."""
        return await self.database.read_inline(sqlite_log.spans)

    async def check(self) -> None:
        self.database.check_sound()
        await self.database.write(lambda connection: sqlite_log.touch(connection, self.time_source.now().timestamp()))

    def append(self, connection: Connection, events: Sequence[LogRecord]) -> EndOffsets:
        """For the writer, see `embedded.Log`."""
        return sqlite_log.append(connection, events, self.time_source.now().timestamp())

    def appended(self, ends: EndOffsets, events: Sequence[LogRecord]) -> None:
        """For the writer, see `embedded.Log`: keep the youngest, and wake who waits for these partitions."""
        self._tail.append(events, {(short_name(name), partition): end for (name, partition), end in ends.items()})
        self._appended_partitions(ends)

    def _appended_partitions(self, ends: EndOffsets) -> None:
        # What another process appended after us may have been seen before our own writer answered.
        self._ends |= {place: max(end, self._ends.get(place, 0)) for place, end in ends.items()}
        for consumer in self._members.values():
            for name, partition in ends:
                if name in consumer.names:
                    consumer.wake(partition)
        for tail in self._tails:
            tail.wake()

    def end(self, name: str, partition: int) -> int:
        """Where the log of a partition ends, as far as this process has heard."""
        return self._ends.get((name, partition), 0)

    def recent_records(
        self, partition: int, behind: Mapping[str, int], *, limit: int, max_bytes: int
    ) -> list[Record] | None:
        """What the log has from these positions, when all of it is in memory."""
        ends = {topic: self.end(topic_name(topic), partition) for topic in behind}
        return self._tail.read(partition, behind, ends, limit=limit, max_bytes=max_bytes)

    async def heartbeat(self) -> None:
        """Renew the leases of this process's members, joining again where one was lost. Raises Unavailable."""
        if not self._members:
            return
        members = {member: consumer.group for member, consumer in self._members.items()}
        asked = self.time_source.monotonic()
        self._notify(
            await self.database.write(
                lambda connection: heartbeat(
                    connection, members, self.time_source.now().timestamp(), self.lease, self.partitions
                )
            )
        )
        for member in members.keys() & self._members.keys():
            self._members[member].renewed_at = asked

    async def poll_other_processes(self) -> None:
        """Notice what other processes have appended and which partitions they have won."""
        groups = {consumer.group for consumer in self._members.values()}
        seen = await self.database.read(partial(_changes, self._versions, groups))
        if seen is None:
            return
        ends, found = seen
        self._notify(found)
        self._appended_partitions({place: end for place, end in ends.items() if end > self._ends.get(place, 0)})

    def _notify(self, found: Assignments) -> None:
        # What was read before another answer may arrive after it.
        if found.number < self._told:
            return
        self._told = found.number
        for consumer in self._members.values():
            if consumer.group in found.groups:
                consumer.set_assignment(found.groups[consumer.group])

    async def trim(self) -> None:
        """Remove what is older than its topic keeps, in small transactions of their own."""
        now = self.time_source.now()
        for name, partition in await self.spans():
            topic = BY_NAME.get(name.split(".")[1])
            kept = timedelta(seconds=topic.retention_seconds if topic else WEEK_SECONDS)
            before = (now - kept).timestamp()
            remove = partial(sqlite_log.trim, topic=name, partition=partition, before=before, limit=TRIM_RECORDS)
            while removed := await self.database.write(remove):
                self._tail.forget(short_name(name), partition)
                if removed < TRIM_RECORDS:
                    break


class SqliteConsumer:
    """One member of a group, see the port."""

    def __init__(self, bus: SqliteBus, group: str, topics: tuple[str, ...], *, member: str) -> None:
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
        """Hear who owns the partitions of the group now."""
        owned = {partition: generation for partition, (member, generation) in found.items() if member == self.member}
        if owned == self._owned:
            return
        self._owned = owned
        self._changed.set()
        for partition in self._news:
            self.wake(partition)

    def wake(self, partition: int) -> None:
        """Let a waiting `take` look again."""
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
            positions[topic] = offsets.get(topic, first)
            if not first <= positions[topic] <= end:
                raise OffsetOutOfRange(f"{topic}/{partition} goes from {first} to {end}, not to {positions[topic]}")
        self._positions[partition] = (generation, positions)
        return dict(positions)

    async def poll(self, partition: int, *, wait: float, limit: int = 500, max_bytes: int = 4_000_000) -> list[Record]:
        until, late = asyncio.get_running_loop().time() + wait, False
        while True:
            await self._renewed()
            positions = self._current(partition)
            self._news[partition].clear()
            behind = {t: o for t, o in positions.items() if self._bus.end(topic_name(t), partition) > o}
            if behind:
                return await self._read(partition, positions, behind, limit, max_bytes)
            if late:
                return []
            late = await self._is_idle(until, partition)

    async def _is_idle(self, until: float, partition: int) -> bool:
        """Wait for something new; True when it was `until`, by the loop's clock, before there was any."""
        loop, rung = asyncio.get_running_loop(), asyncio.Event()
        if loop.time() >= until:
            await asyncio.sleep(0)
            return True

        def ring() -> None:
            rung.set()
            self.wake(partition)

        alarm = loop.call_at(until, ring)
        try:
            await self._news[partition].wait()
        finally:
            alarm.cancel()
        return rung.is_set()

    async def _read(
        self, partition: int, positions: dict[str, int], behind: Mapping[str, int], limit: int, max_bytes: int
    ) -> list[Record]:
        records = self._bus.recent_records(partition, behind, limit=limit, max_bytes=max_bytes)
        if records is None:
            records = await self._bus.database.read(
                lambda connection: sqlite_log.read(connection, partition, behind, limit=limit, max_bytes=max_bytes)
            )
        else:
            # Nothing was waited for: others of this loop go first, or a stage that writes nothing would keep it.
            await asyncio.sleep(0)
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
        """A process that slept longer than its lease asks first what became of its partitions."""
        if self._bus.time_source.monotonic() - self.renewed_at > self._bus.lease.seconds:
            await self._bus.heartbeat()


def _no_changes(_: Connection) -> None:
    """A write that only appends."""


def _changes(
    versions: dict[Connection, int], groups: set[str], connection: Connection
) -> tuple[EndOffsets, Assignments] | None:
    """Ends and owners, if anything was committed by others since this connection last asked."""
    version = connection.execute("PRAGMA data_version").fetchone()[0]
    if versions.get(connection) == version:
        return None
    versions[connection] = version
    return {place: end for place, (_, end) in sqlite_log.spans(connection).items()}, owners(connection, groups)
