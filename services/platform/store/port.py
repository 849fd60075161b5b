"""The store port: what every adapter promises, and what `tests/contracts/test_store.py` holds it to.

Documents are JSON objects in collections, by id. Queries go by a declared index only. A commit is atomic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from schemas.values import Json, instant_text
from services.platform.bus.port import ProducerRecord
from services.platform.store.codec import StoredRecord, codec_for, encode

Document = dict[str, Json]
Model = TypeVar("Model", bound=StoredRecord)


@dataclass(frozen=True, slots=True)
class Index:
    """Top-level (or dotted) fields by which a collection is queried: equality on a prefix, order by the next field."""

    name: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expiry:
    """When a document may be deleted: `after` the time in its top-level `field`, which is the first of an index."""

    field: str
    after: timedelta = timedelta(0)

    def oldest(self, now: datetime) -> str:
        """The text of the earliest time that is still within it at `now`: what is below is expired."""
        return instant_text(now - self.after)


@dataclass(frozen=True, slots=True)
class Collection(Generic[Model]):
    """A kind of document. `writer` is the one processor group that writes it; `any` for shared ones, `rest` for REST.

    `immutable`: a document never changes once it is written, so a copy is as good as the document.
    `expires`: the purger of the router deletes its documents after that; the group that wrote them is not told.
    """

    name: str
    model: type[Model]
    writer: str
    indexes: tuple[Index, ...] = ()

    immutable: bool = False
    expires: Expiry | None = None

    def decode(self, document: Mapping[str, Json]) -> Model:
        """The record of a stored document. Raises pydantic's ValidationError, a ValueError."""
        return codec_for(self.model).decode(document)


class Key(NamedTuple):
    """Names one document."""

    collection: str
    id: str


class Put(NamedTuple):
    """Insert or replace one document. `value` is the document, or the record of which it is made."""

    key: Key
    value: Document | StoredRecord

    @property
    def document(self) -> Document:
        """The document as JSON's values."""
        return self.value if isinstance(self.value, dict) else encode(self.value)


@dataclass(frozen=True, slots=True)
class Condition:
    """The commit happens only if the document's `field` equals `equals`; `equals` None: only if it does not exist."""

    key: Key
    field: str = ""
    equals: Json = None


@dataclass(frozen=True, slots=True)
class Changes:
    """One atomic commit. `outbox` are the events that it causes; `outbox_key` names the document that keeps them."""

    conditions: Sequence[Condition] = ()
    puts: Sequence[Put] = ()
    deletes: Sequence[Key] = ()
    outbox: Sequence[ProducerRecord] = ()
    outbox_key: Key | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """Documents of a collection by one of its indexes, ascending by (remaining index fields, id).

    `equals` gives values for a prefix of the index's fields, in any order. `at_least` / `below` bound the field right
    after that prefix. `descending` turns the order. `after` is the `next` of an earlier page.
    """

    collection: str
    index: str
    equals: Mapping[str, Json] = field(default_factory=dict)
    at_least: Json = None
    below: Json = None
    descending: bool = False
    limit: int = 50
    after: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """Documents with their ids, and the cursor of the next page; None: that was all."""

    items: list[tuple[str, Document]]
    next: str | None = None


class Store(Protocol):
    """A connection to a store. Safe for use by many tasks. Reads see every commit that was answered before."""

    async def prepare(self, collections: Sequence[Collection[Any]]) -> None:
        """Make those of these collections and indexes that are missing. Repeating it changes nothing."""
        ...

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Document]:
        """The documents that exist, in one query per collection. Raises Unavailable."""
        ...

    async def query(self, query: Query) -> DocumentPage:
        """One page. Raises Unavailable, LookupError for an index that was not declared, ValueError for a bad cursor."""
        ...

    async def count(self, query: Query) -> int:
        """How many documents all pages of a query hold together, whatever its limit and `after`. Raises as `query`."""
        ...

    async def scan(self, collection: str, after: str, limit: int) -> list[tuple[str, Document]]:
        """Documents of a collection by id, those after an id; '' is before all. For background work that no index serves.

        Raises Unavailable.
        """
        ...

    async def delete_expired(self, collection: str, now: datetime, limit: int) -> int:
        """Delete the oldest documents of a collection that are past its `expires`; returns how many, at most `limit`.

        Raises LookupError for a collection that declares none, Unavailable (some may be deleted all the same).
        """
        ...

    async def commit(self, changes: Changes) -> Sequence[ProducerRecord]:
        """Apply everything or nothing; returns the events that are still to be published.

        An embedded pair appends `outbox` to its log in the same transaction and returns none. Every other store
        keeps it under `outbox_key` as `{"events": [...]}` (see `outbox_document`) and returns it all.
        Raises Fenced (a condition failed; nothing happened), Unavailable (nothing happened), Unknown (it may have happened).
        """
        ...

    async def check(self) -> None:
        """Raise Unavailable when the store cannot commit now."""
        ...


def outbox_document(events: Sequence[ProducerRecord]) -> Document:
    """The document that holds an outbox until it is published."""
    return {"events": [[e.topic, e.partition, e.key, e.value.decode()] for e in events]}


def outbox_events(rows: Sequence[tuple[str, int, str, str]]) -> list[ProducerRecord]:
    """The events of the rows in `outbox_document`, in order."""
    return [ProducerRecord(topic, partition, key, value.encode()) for topic, partition, key, value in rows]


def declared_expiry(collection: str, expires: Expiry | None) -> Expiry:
    """The expiry of a collection. Raises LookupError when it declares none."""
    if expires is None:
        raise LookupError(f"documents of the collection {collection} do not expire")
    return expires
