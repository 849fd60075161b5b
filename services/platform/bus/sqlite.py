"""The bus in an SQLite file: an append-only log with the topics, keys, partitions, groups and offsets of the port.

Several processes may share the file. What this process appends, it knows at once; what others append, it notices by
polling SQLite's `data_version`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

from schemas.topics import BY_NAME, WEEK_SECONDS
from services.platform.bus import sqlite_log
from services.platform.bus.port import MAX_EVENT_BYTES, ProducerRecord, Record, Replace
from services.platform.bus.sqlite_cache import RecentRecordCache
from services.platform.bus.sqlite_consumer import SqliteConsumer
from services.platform.bus.sqlite_groups import Assignments, Lease, heartbeat, leave, owners
from services.platform.bus.sqlite_log import Span, make_log, short_name, topic_name
from services.platform.bus.sqlite_tail import SqliteTail
from services.platform.core.errors import TooLarge, Unavailable, Unknown
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
        self._recent = RecentRecordCache()
        self._members: dict[str, SqliteConsumer] = {}
        self._tails: set[SqliteTail] = set()
        self._versions: dict[Connection, int] = {}
        self._assignment_number = 0

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
        # Refused, not waited for: webhooks are answered 503 then, and their platforms send them again.
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
    async def consume(self, group: str, topics: Sequence[str]) -> AsyncIterator[SqliteConsumer]:
        consumer = SqliteConsumer(self, group, tuple(topics), member=random_id(self.time_source.now()))
        self._members[consumer.member] = consumer
        try:
            await self.heartbeat()
            yield consumer
        finally:
            del self._members[consumer.member]
            await self._leave(consumer)

    async def _leave(self, consumer: SqliteConsumer) -> None:
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

    async def overwrite(self, term: str, ends: Mapping[tuple[str, int], int], replace: Replace) -> int:
        count = sum([await self._overwrite(place, end, term.encode(), replace) for place, end in ends.items()])
        # The write-ahead log has the old pages, also of what was deleted from documents before this.
        await self.database.truncate_log()
        return count

    async def _overwrite(self, place: tuple[str, int], end: int, term: bytes, replace: Replace) -> int:
        (topic, partition), first, count = place, 0, 0
        while True:
            find = partial(
                sqlite_log.find, topic=topic, partition=partition, term=term, positions=(first, end), limit=TRIM_RECORDS
            )
            found = await self.database.read(find)
            changes = [(row, *new) for row, record in found if (new := replace(record)) is not None]
            if changes:
                await self.database.write(partial(sqlite_log.replace, records=changes))
                self._recent.discard(topic, partition)
                count += len(changes)
            if len(found) < TRIM_RECORDS:
                return count
            first = found[-1][1].offset + 1

    async def check(self) -> None:
        self.database.check_sound()
        await self.database.write(lambda connection: sqlite_log.touch(connection, self.time_source.now().timestamp()))

    def append(self, connection: Connection, events: Sequence[LogRecord]) -> EndOffsets:
        """Append events in the writer's open transaction; see `services.platform.sqlite.jobs.Log`."""
        return sqlite_log.append(connection, events, self.time_source.now().timestamp())

    def appended(self, ends: EndOffsets, events: Sequence[LogRecord]) -> None:
        """Cache the youngest records and wake the readers of these partitions, after the writer's COMMIT."""
        self._recent.append(events, {(short_name(name), partition): end for (name, partition), end in ends.items()})
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
        """Where the log of a partition ends, as far as this process knows."""
        return self._ends.get((name, partition), 0)

    def recent_records(
        self, partition: int, behind: Mapping[str, int], *, limit: int, max_bytes: int
    ) -> list[Record] | None:
        """What the log has from these positions, when all of it is in memory."""
        ends = {topic: self.end(topic_name(topic), partition) for topic in behind}
        return self._recent.read(partition, behind, ends, limit=limit, max_bytes=max_bytes)

    async def heartbeat(self) -> None:
        """Renew the leases of this process's members, joining again where one was lost. Raises Unavailable."""
        if not self._members:
            return
        members = {member: consumer.group for member, consumer in self._members.items()}
        # The lease runs from before the write: its answer may take longer than the lease.
        started_at = self.time_source.monotonic()
        self._notify(
            await self.database.write(
                lambda connection: heartbeat(
                    connection, members, self.time_source.now().timestamp(), self.lease, self.partitions
                )
            )
        )
        for member in members.keys() & self._members.keys():
            self._members[member].renewed_at = started_at

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
        # Two reads may answer in the opposite order of their snapshots: the older assignment must not win.
        if found.number < self._assignment_number:
            return
        self._assignment_number = found.number
        for consumer in self._members.values():
            if consumer.group in found.groups:
                consumer.set_assignment(found.groups[consumer.group])

    async def trim(self) -> None:
        """Remove records that are past the retention of their topic, in small transactions of their own."""
        now = self.time_source.now()
        for name, partition in await self.spans():
            topic = BY_NAME.get(name.split(".")[1])
            retention = timedelta(seconds=topic.retention_seconds if topic else WEEK_SECONDS)
            before = (now - retention).timestamp()
            remove = partial(sqlite_log.trim, topic=name, partition=partition, before=before, limit=TRIM_RECORDS)
            # Other writes go between two of these transactions.
            while removed := await self.database.write(remove):
                self._recent.discard(short_name(name), partition)
                if removed < TRIM_RECORDS:
                    break


def _no_changes(_: Connection) -> None:
    """A write that only appends."""


def _changes(
    versions: dict[Connection, int], groups: set[str], connection: Connection
) -> tuple[EndOffsets, Assignments] | None:
    """Ends and owners, if another connection has committed since this one was last asked here.

    `data_version` changes for commits of other connections only, and is counted per connection.
    """
    version = connection.execute("PRAGMA data_version").fetchone()[0]
    if versions.get(connection) == version:
        return None
    versions[connection] = version
    return {place: end for place, (_, end) in sqlite_log.spans(connection).items()}, owners(connection, groups)
