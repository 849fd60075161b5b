"""Fakes of our ports, in memory: a store, a bus and a clock that moves when told. They keep the ports' promises."""

import asyncio
import base64
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from services.platform.bus.port import MAX_EVENT_BYTES, Assignment, Consumer, ProducerRecord, Record
from services.platform.core.errors import Fenced, OutOfRange, Revoked, TooLarge, Unavailable
from services.platform.store.port import Changes, Collection, Condition, Document, Key, Page, Query, outbox_document

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class MovedClock:
    """A clock that stands still until `move` is called."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


class MemoryStore:
    """Documents in a dict. `failure` is raised by every call while it is set; `before_commit` runs ahead of one."""

    def __init__(self) -> None:
        self.documents: dict[Key, Document] = {}
        self.collections: dict[str, Collection[Any]] = {}
        self.failure: Exception | None = None
        self.before_commit: Callable[[Changes], None] | None = None
        self.reads: list[Sequence[Key]] = []

    async def prepare(self, collections: Sequence[Collection[BaseModel]]) -> None:
        self.collections |= {collection.name: collection for collection in collections}

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Document]:
        self._fail()
        self.reads.append(tuple(keys))
        return {key: deepcopy(self.documents[key]) for key in keys if key in self.documents}

    async def query(self, query: Query) -> Page:
        self._fail()
        fields = self._fields(query)
        rest = fields[len(query.equals) :]
        found = [(k.id, d) for k, d in self.documents.items() if k.collection == query.collection and _fits(d, query)]
        if rest:
            found = [(i, d) for i, d in found if _bounded(_value(d, rest[0]), query)]
        placed = sorted([_place(i, d, rest) for i, d in found], reverse=query.descending)
        if query.after is not None:
            after = _cursor(query.after)
            placed = [place for place in placed if (place < after if query.descending else place > after)]
        page = placed[: query.limit]
        items = [(place[-1][1], deepcopy(self.documents[Key(query.collection, place[-1][1])])) for place in page]
        return Page(items, _text(page[-1]) if len(placed) > len(page) else None)

    async def scan(self, collection: str, after: str, limit: int) -> list[tuple[str, Document]]:
        self._fail()
        found = sorted((k.id, d) for k, d in self.documents.items() if k.collection == collection and k.id > after)
        return deepcopy(found[:limit])

    async def commit(self, changes: Changes) -> Sequence[ProducerRecord]:
        self._fail()
        hook, self.before_commit = self.before_commit, None
        if hook is not None:
            hook(changes)
        if not all(self._holds(condition) for condition in changes.conditions):
            raise Fenced
        for key in changes.deletes:
            self.documents.pop(key, None)
        for put in changes.puts:
            self.documents[put.key] = deepcopy(put.document)
        if changes.outbox and changes.outbox_key is not None:
            self.documents[changes.outbox_key] = outbox_document(changes.outbox)
        return tuple(changes.outbox)

    async def check(self) -> None:
        self._fail()

    def keep(self, collection: Collection[Any], identity: str, value: BaseModel) -> None:
        """Put a document there, as its writer would."""
        self.documents[Key(collection.name, identity)] = value.model_dump(mode="json")

    def held(self, collection: Collection[Any], identity: str) -> Document | None:
        """A document, or None."""
        return self.documents.get(Key(collection.name, identity))

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _holds(self, condition: Condition) -> bool:
        document = self.documents.get(condition.key)
        if condition.equals is None:
            return document is None
        return document is not None and _value(document, condition.field) == condition.equals

    def _fields(self, query: Query) -> tuple[str, ...]:
        collection = self.collections[query.collection]
        fields = next((index.fields for index in collection.indexes if index.name == query.index), None)
        if fields is None or set(fields[: len(query.equals)]) != set(query.equals):
            raise LookupError(f"{query.collection} has no index {query.index} that begins with {set(query.equals)}")
        return fields


Place = tuple[tuple[int, Any], ...]


def _value(document: Mapping[str, Any], field: str) -> Any:
    value: Any = document
    for part in field.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _fits(document: Document, query: Query) -> bool:
    return all(_value(document, field) == value for field, value in query.equals.items())


def _bounded(value: Any, query: Query) -> bool:
    above = query.at_least is None or (value is not None and value >= query.at_least)
    return above and (query.below is None or (value is not None and value < query.below))


def _place(identity: str, document: Document, fields: Sequence[str]) -> Place:
    values = [_value(document, field) for field in fields]
    return (*((0, "") if value is None else (1, value) for value in values), (1, identity))


def _text(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _cursor(text: str) -> Place:
    return tuple((rank, value) for rank, value in json.loads(base64.urlsafe_b64decode(text)))


Heard = Callable[[ProducerRecord], Awaitable[None]]


class MemoryBus:
    """Logs in lists. `failure` is raised by `publish` while it is set; `heard` is awaited after each event.

    One member of a group holds all partitions; the next one gets them when it leaves.
    """

    def __init__(self, partitions: int = 2) -> None:
        self._partitions = partitions
        self.logs: dict[tuple[str, int], list[ProducerRecord]] = defaultdict(list)
        self.failure: Exception | None = None
        self.heard: Heard | None = None
        self.settled: dict[tuple[str, int], Mapping[str, int]] = {}
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
            self.changed.notify_all()
        if self.heard is not None:
            for event in events:
                await self.heard(event)

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
            offset = offsets.get(topic, 0)
            if offset > len(self._bus.logs[topic, partition]):
                raise OutOfRange(f"{topic}/{partition} ends before {offset}")
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
        self._bus.settled[self._group, partition] = dict(offsets)


def _within(records: list[Record], max_bytes: int) -> list[Record]:
    total = 0
    taken: list[Record] = []
    for record in records:
        total += len(record.value)
        if taken and total > max_bytes:
            break
        taken.append(record)
    return taken
