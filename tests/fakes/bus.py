"""The bus port in memory. It keeps the port's promises."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from services.platform.bus.port import (
    MAX_EVENT_BYTES,
    Assignment,
    Consumer,
    ProducerRecord,
    Record,
    Replace,
    position_in_log,
)
from services.platform.core.errors import OffsetOutOfRange, Revoked, TooLarge, Unavailable

OnPublish = Callable[[ProducerRecord], Awaitable[None]]


class MemoryBus:
    """Logs in lists; `published` is all of them in one. `failure` is raised by `publish` while it is set; `on_publish` is awaited after each event.

    One member of a group holds all partitions; the next one gets them when it leaves. `firsts`: where a log begins, of which
    retention took records.
    """

    def __init__(self, partitions: int = 2) -> None:
        self._partitions = partitions
        self.logs: dict[tuple[str, int], list[ProducerRecord]] = defaultdict(list)
        self.firsts: dict[tuple[str, int], int] = defaultdict(int)
        self.published: list[ProducerRecord] = []
        self.failure: Exception | None = None
        self.on_publish: OnPublish | None = None
        self.committed_offsets: dict[tuple[str, int], Mapping[str, int]] = {}
        self.members: dict[str, list[MemoryConsumer]] = defaultdict(list)
        self.changed = asyncio.Condition()

    @property
    def partitions(self) -> int:
        return self._partitions

    async def publish(self, events: Sequence[ProducerRecord]) -> None:
        if self.failure is not None:
            raise self.failure
        if any(len(event.value) > MAX_EVENT_BYTES for event in events):
            raise TooLarge(f"an event has more than {MAX_EVENT_BYTES} bytes")
        async with self.changed:
            for event in events:
                self.logs[event.topic, event.partition].append(event)
                self.published.append(event)
            self.changed.notify_all()
        if self.on_publish is not None:
            for event in events:
                await self.on_publish(event)

    def consume(self, group: str, topics: Sequence[str]) -> AbstractAsyncContextManager[Consumer]:
        return self._member(group, topics)

    @asynccontextmanager
    async def _member(self, group: str, topics: Sequence[str]) -> AsyncIterator[Consumer]:
        member = MemoryConsumer(self, group, tuple(topics))
        self.members[group].append(member)
        try:
            yield member
        finally:
            async with self.changed:
                self.members[group].remove(member)
                self.changed.notify_all()

    @asynccontextmanager
    async def tail(self, topics: Sequence[str]) -> AsyncIterator["MemoryTail"]:
        yield MemoryTail(self, topics)

    async def end_offsets(self, topics: Sequence[str], partition: int) -> dict[str, int]:
        return {topic: len(self.logs[topic, partition]) for topic in topics}

    async def overwrite(self, term: str, ends: Mapping[tuple[str, int], int], replace: Replace) -> int:
        count = 0
        for (topic, partition), end in ends.items():
            log = self.logs[topic, partition]
            for offset, event in enumerate(log[:end]):
                found = replace(Record(topic, partition, offset, event.key, event.value))
                if found is not None and (term in event.key or term.encode() in event.value):
                    log[offset] = event._replace(key=found[0], value=found[1])
                    count += 1
        return count

    async def check(self) -> None:
        if self.failure is not None:
            raise Unavailable(str(self.failure))


class MemoryTail:
    """A reader in no group, on a `MemoryBus`. `MemoryBus.failure` is raised by it too."""

    def __init__(self, bus: MemoryBus, topics: Sequence[str]) -> None:
        self._bus = bus
        self._at = {(topic, p): len(bus.logs[topic, p]) for topic in topics for p in range(bus.partitions)}

    async def poll(self, *, wait: float) -> list[Record]:
        try:
            async with asyncio.timeout(wait), self._bus.changed:
                await self._bus.changed.wait_for(self._is_ready)
        except TimeoutError:
            return []
        if self._bus.failure is not None:
            raise self._bus.failure
        found = []
        for place, at in self._at.items():
            found += [Record(*place, at + n, e.key, e.value) for n, e in enumerate(self._bus.logs[place][at:])]
            self._at[place] = len(self._bus.logs[place])
        return found

    def _is_ready(self) -> bool:
        return self._bus.failure is not None or any(len(self._bus.logs[p]) > at for p, at in self._at.items())


class MemoryConsumer:
    """A member of a group on a `MemoryBus`."""

    def __init__(self, bus: MemoryBus, group: str, topics: tuple[str, ...]) -> None:
        self._bus, self._group, self._topics = bus, group, topics
        self._offsets: dict[tuple[str, int], int] = defaultdict(int)

    def _holds(self) -> bool:
        members = self._bus.members[self._group]
        return bool(members) and members[0] is self

    def _assigned(self) -> Assignment:
        return dict.fromkeys(range(self._bus.partitions), 1) if self._holds() else {}

    async def assignment(self, known: Assignment) -> Assignment:
        async with self._bus.changed:
            await self._bus.changed.wait_for(lambda: self._assigned() != known)
            return self._assigned()

    async def seek(self, partition: int, offsets: Mapping[str, int]) -> dict[str, int]:
        self._refuse_lost()
        for topic in self._topics:
            first, end = self._bus.firsts[topic, partition], len(self._bus.logs[topic, partition])
            offset = position_in_log(topic, offsets.get(topic, first), first)
            if not first <= offset <= end:
                raise OffsetOutOfRange(f"{topic}/{partition} goes from {first} to {end}, not to {offset}")
            self._offsets[topic, partition] = offset
        return {topic: self._offsets[topic, partition] for topic in self._topics}

    async def poll(self, partition: int, *, wait: float, limit: int = 500, max_bytes: int = 4_000_000) -> list[Record]:
        self._refuse_lost()
        try:
            async with asyncio.timeout(wait), self._bus.changed:
                await self._bus.changed.wait_for(lambda: bool(self._ready(partition)))
        except TimeoutError:
            return []
        self._refuse_lost()
        for topic in self._topics:
            if self._offsets[topic, partition] < self._bus.firsts[topic, partition]:
                raise OffsetOutOfRange(f"{topic}/{partition} has no record at {self._offsets[topic, partition]}")
        records = _within(self._ready(partition)[:limit], max_bytes)
        for record in records:
            self._offsets[record.topic, partition] = record.offset + 1
        return records

    def _ready(self, partition: int) -> list[Record]:
        return [
            Record(topic, partition, offset, event.key, event.value)
            for topic in self._topics
            for offset, event in enumerate(self._bus.logs[topic, partition])
            if offset >= self._offsets[topic, partition]
        ]

    def _refuse_lost(self) -> None:
        if not self._holds():
            raise Revoked(f"{self._group} is held by another member")

    async def commit_offsets(self, partition: int, offsets: Mapping[str, int]) -> None:
        self._bus.committed_offsets[self._group, partition] = dict(offsets)


def _within(records: list[Record], max_bytes: int) -> list[Record]:
    total = 0
    taken: list[Record] = []
    for record in records:
        total += len(record.value)
        if taken and total > max_bytes:
            break
        taken.append(record)
    return taken
