"""The store in MongoDB, through motor, which nothing outside this package imports (pymongo and bson come with it).

A document is stored as `{_id, ...fields}` in the collection of its name, in the database that the URL names (`pasokh`
if it names none). A commit is one multi-document transaction, so the server must be a replica set; of one node is
enough. Swapping in pymongo's own asynchronous client changes `client`.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

import pymongo
from bson import Int64
from bson.codec_options import CodecOptions, TypeDecoder, TypeRegistry
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from services.platform.bus.port import MAX_EVENT_BYTES, ProducerRecord
from services.platform.core.errors import TooLarge, Unavailable
from services.platform.store.mongo.client import (
    READ_SECONDS,
    SELECTION_SECONDS,
    Client,
    Documents,
    Raw,
    close,
    connect,
    has_primary,
    require_replica_set,
    translate_errors,
)
from services.platform.store.mongo.pages import plan, value_at
from services.platform.store.mongo.transactions import CONDITION_TOUCH_FIELD, Transactions
from services.platform.store.port import (
    Changes,
    Collection,
    Document,
    DocumentPage,
    Expiry,
    Index,
    Key,
    Put,
    Query,
    declared_expiry,
    outbox_document,
)

CHECK_SECONDS = 0.9


class _IntSubclassEncoder(TypeDecoder):
    """Decodes a number of more than 32 bits as a plain `int`; bson gives its subclass Int64."""

    @property
    def bson_type(self) -> type[Int64]:
        return Int64

    def transform_bson(self, value: Int64) -> int:
        return int(value)


class MongoStore:
    """A connection to MongoDB. Made by `open`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._database = client.get_default_database(
            "pasokh",
            codec_options=CodecOptions(type_registry=TypeRegistry([_IntSubclassEncoder()])),
            read_preference=ReadPreference.PRIMARY,
            read_concern=ReadConcern("majority"),
            write_concern=WriteConcern("majority"),
        )
        self._indexes: dict[str, dict[str, Index]] = {}
        self._expiries: dict[str, Expiry] = {}
        self._transactions = Transactions(client, self._documents)
        self._running: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator["MongoStore"]:
        """Connect. Raises Unavailable, and Misconfigured for a bad URL or a server that has no transactions."""
        client = connect(url)
        try:
            with translate_errors():
                require_replica_set(await client.admin.command("hello"))
            store = cls(client)
            yield store
            if store._running:
                await asyncio.wait(set(store._running))
        finally:
            await close(client)

    async def prepare(self, collections: Sequence[Collection[Any]]) -> None:
        with translate_errors():
            present = set(await self._database.list_collection_names())
            for collection in collections:
                await self._prepare(collection, is_new=collection.name not in present)

    async def _prepare(self, collection: Collection[Any], *, is_new: bool) -> None:
        if is_new:
            # Made here, because not every version can make a collection within a transaction. Another process may be faster.
            with suppress(pymongo.errors.CollectionInvalid):
                await self._database.create_collection(collection.name)
        for index in collection.indexes:
            keys = [(field, pymongo.ASCENDING) for field in (*index.fields, "_id")]
            # The fields are in the name, so that a changed declaration is another index.
            await self._database[collection.name].create_index(keys, name=f"{index.name}({','.join(index.fields)})")
        self._indexes[collection.name] = {index.name: index for index in collection.indexes}
        if collection.expires is not None:
            self._expiries[collection.name] = collection.expires

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Document]:
        await self._primary()
        with translate_errors(), pymongo.timeout(READ_SECONDS):
            found = await asyncio.gather(*(self._find(name, ids) for name, ids in _by_collection(keys).items()))
        return {key: document for part in found for key, document in part}

    async def _find(self, name: str, ids: Sequence[str]) -> list[tuple[Key, Document]]:
        raw = await self._documents(name).find({"_id": {"$in": ids}}).to_list(None)
        return [(Key(name, identity), document) for identity, document in map(_split, raw)]

    async def query(self, query: Query) -> DocumentPage:
        documents, planned = self._documents(query.collection), plan(self._index(query), query)
        sort = [(field, pymongo.DESCENDING if query.descending else pymongo.ASCENDING) for field in planned.order]
        raw: list[Raw] = []
        await self._primary()
        with translate_errors(), pymongo.timeout(READ_SECONDS):
            for wanted in planned.filters():
                missing = query.limit + 1 - len(raw)
                raw += await documents.find(wanted).sort(sort).limit(missing).to_list(None)
                if len(raw) > query.limit:
                    break
        # One document more than `limit` was read: it says whether a page follows.
        shown = raw[: query.limit]
        return DocumentPage(
            [_split(one) for one in shown], planned.cursor(shown[-1]) if len(raw) > len(shown) else None
        )

    async def count(self, query: Query) -> int:
        documents, planned = self._documents(query.collection), plan(self._index(query), replace(query, after=None))
        await self._primary()
        with translate_errors(), pymongo.timeout(READ_SECONDS):
            return sum([await documents.count_documents(dict(wanted)) for wanted in planned.filters()])

    async def scan(self, collection: str, after: str, limit: int) -> list[tuple[str, Document]]:
        documents = self._documents(collection)
        await self._primary()
        with translate_errors(), pymongo.timeout(READ_SECONDS):
            found = documents.find({"_id": {"$gt": after}}).sort([("_id", pymongo.ASCENDING)]).limit(limit)
            return [_split(one) for one in await found.to_list(None)]

    async def delete_expired(self, collection: str, now: datetime, limit: int) -> int:
        documents, expires = self._documents(collection), declared_expiry(collection, self._expiries.get(collection))
        expired = {expires.field: {"$lt": expires.oldest(now)}}
        await self._primary()
        with translate_errors(), pymongo.timeout(READ_SECONDS):
            oldest = documents.find(expired, {"_id": True}).sort([(expires.field, pymongo.ASCENDING)]).limit(limit)
            ids = [one["_id"] for one in await oldest.to_list(None)]
            # The time is checked again: a document may have been written anew since it was found.
            return (await documents.delete_many({"_id": {"$in": ids}, **expired})).deleted_count if ids else 0

    async def commit(self, changes: Changes) -> Sequence[ProducerRecord]:
        if any(len(event.value) > MAX_EVENT_BYTES for event in changes.outbox):
            raise TooLarge(f"an event of the outbox is larger than {MAX_EVENT_BYTES} bytes")
        puts = self._checked(changes)
        await self._primary()
        # Shielded: a caller that is cancelled must not break off a transaction, whose session another task would end meanwhile.
        await asyncio.shield(self._in_background(self._transactions.commit(changes, puts)))
        return changes.outbox

    def _in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        # Retrieves the error: asyncio logs an unretrieved one when the caller was cancelled.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    def _checked(self, changes: Changes) -> dict[Key, Document]:
        puts = [*changes.puts]
        if changes.outbox:
            if changes.outbox_key is None:
                raise ValueError("a commit with an outbox names the document that keeps it")
            puts.append(Put(changes.outbox_key, outbox_document(changes.outbox)))
        documents = {put.key: put.document for put in puts}
        for key, document in documents.items():
            self._check_indexed(key.collection, document)
        for key in [*changes.deletes, *(condition.key for condition in changes.conditions)]:
            self._documents(key.collection)
        return documents

    def _check_indexed(self, collection: str, document: Document) -> None:
        self._documents(collection)
        for index in self._indexes[collection].values():
            for field in index.fields:
                if isinstance(value_at(document, field), dict | list):
                    raise TypeError(f"the indexed field {field} holds no single value; an index orders single values")

    async def check(self) -> None:
        await self._primary(CHECK_SECONDS)
        now = {"$currentDate": {"at": True}}
        with translate_errors(), pymongo.timeout(CHECK_SECONDS):
            await self._database["checks"].update_one({"_id": "check"}, now, upsert=True)

    async def _primary(self, seconds: float = SELECTION_SECONDS) -> None:
        """Wait until a primary is known. Without this, an operation would wait for one until its own deadline."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not has_primary(self._client):
            if asyncio.get_running_loop().time() > deadline:
                raise Unavailable("MongoDB: no primary answers")
            await asyncio.sleep(0.02)

    def _documents(self, name: str) -> Documents:
        if name not in self._indexes:
            raise LookupError(f"the collection {name} was not prepared")
        return self._database[name]

    def _index(self, query: Query) -> Index:
        indexes = self._indexes[query.collection]
        if query.index not in indexes:
            raise LookupError(f"the collection {query.collection} has no index {query.index}; it has {sorted(indexes)}")
        return indexes[query.index]


def _split(raw: Raw) -> tuple[str, Document]:
    document = dict(raw)
    document.pop(CONDITION_TOUCH_FIELD, None)
    return document.pop("_id"), document


def _by_collection(keys: Iterable[Key]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for key in keys:
        ids.setdefault(key.collection, []).append(key.id)
    return ids
