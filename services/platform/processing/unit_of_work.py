"""One batch in memory: the documents that were read, and what is decided. Only `preload` and `query` read the store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast

from schemas.envelope import Event, decode, encode
from schemas.topics import is_fact, topic_for
from schemas.values import Contract, Json
from services.platform.bus.port import MAX_EVENT_BYTES, ProducerRecord, partition_for
from services.platform.core.errors import TooLarge
from services.platform.core.identifiers import derived_id
from services.platform.processing.document_cache import ImmutableDocuments
from services.platform.processing.inputs import CONTROL
from services.platform.processing.workspaces import belongs_to
from services.platform.store.codec import StoredRecord
from services.platform.store.collections import TIMERS, Timer, put_fact
from services.platform.store.declared_writes import UndeclaredWrite
from services.platform.store.port import Collection, Document, DocumentPage, Key, Put, Query

Model = TypeVar("Model", bound=StoredRecord)


class Reader(Protocol):
    """The reading half of a store."""

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Document]: ...

    async def query(self, query: Query) -> DocumentPage: ...


@dataclass(frozen=True, slots=True)
class PartitionContext:
    """Where a batch is decided: the group, its partition of so many `partitions`, the number that its commit will have."""

    group: str
    partition: int
    partitions: int
    seq: int

    @property
    def source(self) -> str:
        """The `source` of every event of this partition of the group."""
        return f"{self.group}/{self.partition}"


@dataclass(frozen=True, slots=True)
class Effect:
    """Something to do outside, after the commit. Its result comes back as an `EffectCompleted` of the same name.

    `committed_now` is the time of the batch that scheduled it.
    """

    name: str
    # Any: each effect has a request of its own; the table of the processor pairs it with what performs it.
    request: Any
    committed_now: datetime


class UndeclaredRead(LookupError):
    """A handler read a document that its `reads` do not name."""


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a query: the ids in the order of the index, and where the next page begins (None: that was all)."""

    ids: tuple[str, ...]
    next: str | None


@dataclass(slots=True)
class UnitOfWork:
    """The unit of work of one batch. `now` never goes back from batch to batch of a partition.

    All that handlers read is loaded before the first of them runs, so that it takes few queries. What was not loaded
    cannot be read (UndeclaredRead), and what the processor does not declare cannot be written (UndeclaredWrite).
    `cache` holds documents that this owner wrote in earlier batches, as they are now (None: removed). `written` are this
    batch's. `writable`: names of collections; None: of any.
    """

    place: PartitionContext
    now: datetime
    reader: Reader
    cache: Mapping[Key, StoredRecord | None] = field(default_factory=dict)
    immutable: ImmutableDocuments = field(default_factory=ImmutableDocuments)
    writable: frozenset[str] | None = None
    cause: str = ""
    _loaded: dict[Key, StoredRecord | None] = field(default_factory=dict)
    _found: dict[str, Found] = field(default_factory=dict)
    written: dict[Key, StoredRecord | None] = field(default_factory=dict)
    _facts: list[Put] = field(default_factory=list)
    outbox: list[ProducerRecord] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    _order: int = 0

    # -- reading -------------------------------------------------------------------------------------------------------

    async def preload(self, wanted: Iterable[tuple[Collection[Any], Iterable[str]]]) -> None:
        """Read these documents in one call of the store; those that were read or written before stay as they are."""
        collections = {Key(c.name, i): c for c, ids in wanted for i in ids}
        missing = [key for key in collections if not self._holds(key, collections[key])]
        found = await self.reader.get_many(missing) if missing else {}
        for key in missing:
            collection = collections[key]
            document = collection.decode(found[key]) if key in found else None
            self._loaded[key] = document
            if collection.immutable and document is not None:
                self.immutable.add(key, document)

    # Any: a collection of some model is none of every model.
    def _holds(self, key: Key, collection: Collection[Any]) -> bool:
        """Whether the document is loaded, or is taken from a cache now."""
        if key in self._loaded or key in self.written:
            return True
        if collection.immutable and (unchanged := self.immutable.get(key)) is not None:
            self._loaded[key] = unchanged
            return True
        # Of a collection with other writers, a cached document may be out of date.
        if key not in self.cache or collection.writer != self.place.group:
            return False
        self._loaded[key] = self.cache[key]
        return True

    async def query(self, collection: Collection[Model], query: Query, *, every_page: bool = False) -> list[Model]:
        """Read documents by an index, one page or all; those that are loaded already stay as they are.

        A query runs once in a batch: its result is of the time before anything was decided.
        """
        identity = repr(query)
        if identity not in self._found:
            ids: list[str] = []
            page = await self._page(collection, query, ids)
            while every_page and page.next is not None:
                page = await self._page(collection, replace(query, after=page.next), ids)
            self._found[identity] = Found(tuple(ids), page.next)
        return list(self.found(collection, query).values())

    async def _page(self, collection: Collection[Model], query: Query, ids: list[str]) -> DocumentPage:
        page = await self.reader.query(query)
        for identity, found in page.items:
            key = Key(collection.name, identity)
            # A document that is loaded already stays: handlers may have decided by it.
            if self._loaded.get(key) is None:
                self._loaded[key] = collection.decode(found)
            ids.append(identity)
        return page

    def found(self, collection: Collection[Model], query: Query) -> dict[str, Model]:
        """The documents that a query has found, by id and in its order, as they are now. Raises UndeclaredRead."""
        ids = self._result(query).ids
        return {i: document for i in ids if (document := self.get(collection, i)) is not None}

    def found_at_first(self, collection: Collection[Model], query: Query) -> list[Model]:
        """The documents that a query has found, as they were before anything was decided. Raises UndeclaredRead."""
        loaded = (self._loaded[Key(collection.name, identity)] for identity in self._result(query).ids)
        return [cast(Model, document) for document in loaded if document is not None]

    def next_page(self, query: Query) -> str | None:
        """The cursor of the next page of a query; None: there is none. Raises UndeclaredRead."""
        return self._result(query).next

    def _result(self, query: Query) -> Found:
        result = self._found.get(repr(query))
        if result is None:
            raise UndeclaredRead(f"{query} was not run before its result was read: name it in `reads`")
        return result

    def get(self, collection: Collection[Model], identity: str) -> Model | None:
        """A document that was loaded or written in this batch; None when there is none. Raises UndeclaredRead."""
        key = Key(collection.name, identity)
        if key in self.written:
            return cast("Model | None", self.written[key])
        if key not in self._loaded:
            raise UndeclaredRead(f"{key} was not loaded before it was read: name it in `reads`")
        return cast("Model | None", self._loaded[key])

    def put(self, collection: Collection[Model], identity: str, value: Model) -> None:
        """Insert or replace a document. Raises UndeclaredWrite."""
        self._check_declared(collection)
        self.written[Key(collection.name, identity)] = value

    def delete(self, collection: Collection[Model], identity: str) -> None:
        """Remove a document, if it is there. Raises UndeclaredWrite."""
        self._check_declared(collection)
        self.written[Key(collection.name, identity)] = None

    def _check_declared(self, collection: Collection[Any]) -> None:
        """Timers, outcomes of commands and dead letters may be written by every group (`writer="any"`)."""
        if self.writable is None or collection.name in self.writable or collection.writer == "any":
            return
        raise UndeclaredWrite(f"{self.place.group} does not declare that it writes {collection.name}")

    # -- deciding ------------------------------------------------------------------------------------------------------

    def cached(self, collection: Collection[Model]) -> dict[str, Model]:
        """Every document of a collection that this batch has read or written, by id, as it is now."""
        merged = {**self._loaded, **self.written}
        return {k.id: cast(Model, v) for k, v in merged.items() if k.collection == collection.name and v is not None}

    def new_id(self, purpose: str) -> str:
        """An id that follows from the present cause: `now` of the batch and a hash of the causing event."""
        # The order tells apart several ids of one cause and one purpose.
        self._order += 1
        return derived_id(self.now, self._order, self.place.source, self.cause, purpose, str(self._order))

    def emit(
        self,
        event_type: str,
        key: str,
        data: Contract,
        *,
        topic: str | None = None,
        partition: int | None = None,
    ) -> Event:
        """Send an event with this commit; a fact is stored as a document, too. Raises TooLarge before anything happens.

        `key` is the person key or, on `routing` and `customers`, the workspace. `topic` and `partition` only for
        control events.
        """
        event = Event(
            specversion="1.0",
            id=self.new_id(event_type),
            source=self.place.source,
            type=event_type,
            time=self.now,
            datacontenttype="application/json",
            workspace=key.split("/", 1)[0],
            partitionkey=key,
            traceparent=None,
            seq=self.place.seq,
            index=len(self.outbox),
            data=data.model_dump(mode="json"),
        )
        # Checked while deciding: the bus would refuse it after the commit, when the outbox could not be emptied any more.
        value = encode(event)
        if len(value) > MAX_EVENT_BYTES:
            raise TooLarge(f"{event.type} has {len(value)} bytes, the bus takes {MAX_EVENT_BYTES}")
        to = partition_for(key, self.place.partitions) if partition is None else partition
        self.outbox.append(ProducerRecord(topic or topic_for(event_type).name, to, key, value))
        # Control events are for the machinery: no fact, and no document.
        if topic is None and is_fact(event_type):
            self._facts.append(put_fact(event))
        return event

    def set_timer(self, name: str, due_at: datetime, data: Mapping[str, Json] | None = None) -> None:
        """Fire a timer of this name at `due_at`, in place of any earlier one of that name."""
        place = self.place
        timer = Timer(group=place.group, partition=place.partition, name=name, due_at=due_at, data=dict(data or {}))
        self.put(TIMERS, self.timer_id(name), timer)

    def cancel_timer(self, name: str) -> None:
        """Cancel the timer of this name, if there is one."""
        self.delete(TIMERS, self.timer_id(name))

    def timer_id(self, name: str) -> str:
        """The id of the timer document of a name."""
        return f"{self.place.group}/{self.place.partition}/{name}"

    def schedule_effect(self, name: str, request: object) -> None:
        """Start an effect after the commit; see `Effect`. Set a timer, too: the process may die before the result comes."""
        self.effects.append(Effect(name, request, self.now))

    def leave_out(self, workspaces: Iterable[str]) -> None:
        """Drop all that was decided about these workspaces, which are being deleted. Deletes stay."""
        workspaces = frozenset(workspaces)
        self.written = {k: v for k, v in self.written.items() if v is None or belongs_to(v) not in workspaces}
        self._facts = [put for put in self._facts if belongs_to(put.document) not in workspaces]
        # Control events between partitions, such as watermarks, bear some workspace in their key and belong to none.
        self.outbox = [
            one
            for one in self.outbox
            if one.key.split("/", 1)[0] not in workspaces or decode(one.value).type.startswith(CONTROL)
        ]

    @property
    def is_empty(self) -> bool:
        """Whether the batch changes nothing: no document, no event, no effect."""
        return not (self.written or self._facts or self.outbox or self.effects)

    def puts(self) -> list[Put]:
        """Every document to write."""
        return [Put(k, v) for k, v in self.written.items() if v is not None] + self._facts

    def deletes(self) -> list[Key]:
        """Every document to remove."""
        return [k for k, v in self.written.items() if v is None]

    def timers(self) -> dict[str, Timer | None]:
        """The timers that this batch sets (or cancels: None), by name."""
        prefix = self.timer_id("")
        chosen = {k.id.removeprefix(prefix): v for k, v in self.written.items() if k.collection == TIMERS.name}
        return cast(dict[str, Timer | None], chosen)
