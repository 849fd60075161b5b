"""The store in MongoDB, through motor, which nothing else imports (pymongo and bson come with it).

A document is stored as `{_id, ...fields}` in the collection of its name, in the database that the URL names (`pasokh`
if it names none). A commit is one multi-document transaction, so the server must be a replica set; of one node is
enough. The last section holds what pymongo's own asynchronous client does differently: swapping it in changes that.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from typing import Any

import pymongo
from bson import Int64
from bson.codec_options import CodecOptions, TypeDecoder, TypeRegistry
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession, AsyncIOMotorCollection
from pydantic import BaseModel
from pymongo.errors import ConfigurationError, DuplicateKeyError, InvalidURI, OperationFailure, PyMongoError
from pymongo.operations import DeleteOne, ReplaceOne
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from services.platform.bus.port import MAX_EVENT_BYTES, ProducerRecord
from services.platform.core.backoff import Backoff
from services.platform.core.errors import Fenced, Misconfigured, TooLarge, Unavailable, Unknown
from services.platform.store.mongo_pages import all_of, plan, value_at
from services.platform.store.port import (
    Changes,
    Collection,
    Condition,
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

SELECTION_SECONDS = 2.5
READ_SECONDS = 5.0
COMMIT_SECONDS = 10.0
ABORT_SECONDS = 2.0
CHECK_SECONDS = 0.9
FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.005, 0.25
"""Between two attempts at a commit that another transaction was in the way of."""
CONDITION_TOUCH_FIELD = "_held"
"""Written to a document that a commit only looks at: MongoDB sees no conflict in an update that changes nothing."""

Raw = dict[str, Any]
Client = AsyncIOMotorClient[Raw]
Session = AsyncIOMotorClientSession
Documents = AsyncIOMotorCollection[Raw]


class _IntSubclassEncoder(TypeDecoder):
    """A whole number of more than 32 bits is an `int` like any other."""

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
        self._running: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator["MongoStore"]:
        """Connect. Raises Unavailable, and Misconfigured for a bad URL or a server that has no transactions."""
        client = _connect(url)
        try:
            with _translate_errors():
                require_replica_set(await client.admin.command("hello"))
            store = cls(client)
            yield store
            if store._running:
                await asyncio.wait(set(store._running))
        finally:
            await _close(client)

    async def prepare(self, collections: Sequence[Collection[BaseModel]]) -> None:
        with _translate_errors():
            present = set(await self._database.list_collection_names())
            for collection in collections:
                await self._prepare(collection, is_new=collection.name not in present)

    async def _prepare(self, collection: Collection[BaseModel], *, is_new: bool) -> None:
        if is_new:
            # Another process may have been faster; a collection cannot be made in a transaction on every version.
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
        with _translate_errors(), pymongo.timeout(READ_SECONDS):
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
        with _translate_errors(), pymongo.timeout(READ_SECONDS):
            for wanted in planned.filters():
                missing = query.limit + 1 - len(raw)
                raw += await documents.find(wanted).sort(sort).limit(missing).to_list(None)
                if len(raw) > query.limit:
                    break
        shown = raw[: query.limit]
        return DocumentPage(
            [_split(one) for one in shown], planned.cursor(shown[-1]) if len(raw) > len(shown) else None
        )

    async def scan(self, collection: str, after: str, limit: int) -> list[tuple[str, Document]]:
        documents = self._documents(collection)
        await self._primary()
        with _translate_errors(), pymongo.timeout(READ_SECONDS):
            found = documents.find({"_id": {"$gt": after}}).sort([("_id", pymongo.ASCENDING)]).limit(limit)
            return [_split(one) for one in await found.to_list(None)]

    async def delete_expired(self, collection: str, now: datetime, limit: int) -> int:
        documents, expires = self._documents(collection), declared_expiry(collection, self._expiries.get(collection))
        expired = {expires.field: {"$lt": expires.oldest(now)}}
        await self._primary()
        with _translate_errors(), pymongo.timeout(READ_SECONDS):
            oldest = documents.find(expired, {"_id": True}).sort([(expires.field, pymongo.ASCENDING)]).limit(limit)
            ids = [one["_id"] for one in await oldest.to_list(None)]
            # Once more by time: one of them may have been written anew meanwhile.
            return (await documents.delete_many({"_id": {"$in": ids}, **expired})).deleted_count if ids else 0

    async def commit(self, changes: Changes) -> Sequence[ProducerRecord]:
        if any(len(event.value) > MAX_EVENT_BYTES for event in changes.outbox):
            raise TooLarge(f"an event of the outbox is larger than {MAX_EVENT_BYTES} bytes")
        puts = self._checked(changes)
        await self._primary()
        # A commit that its caller gives up goes on to its end: a session is never used by two at once.
        await asyncio.shield(self._in_background(self._commit(changes, puts)))
        return changes.outbox

    def _in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        # Also when its caller has given up, its error has been seen.
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

    async def _commit(self, changes: Changes, puts: dict[Key, Document]) -> None:
        """Try until it is applied, refused, or `COMMIT_SECONDS` are over. Only what certainly did nothing is repeated."""
        deadline = asyncio.get_running_loop().time() + COMMIT_SECONDS
        backoff = Backoff(FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS)
        while not await self._attempt(changes, puts, deadline):
            pause = backoff.next()
            if asyncio.get_running_loop().time() + pause > deadline:
                raise Unavailable("MongoDB: other transactions were in the way for too long")
            await asyncio.sleep(pause)

    async def _attempt(self, changes: Changes, puts: dict[Key, Document], deadline: float) -> bool:
        """Whether it was applied; False: another transaction was in the way, and nothing happened."""
        # None left would mean for ever.
        left = max(0.001, deadline - asyncio.get_running_loop().time())
        with _translate_errors(), pymongo.timeout(left):
            session = await _session(self._client)
        try:
            with pymongo.timeout(left):
                await _begin(session)
                await self._write(session, changes, puts)
                return await _finish(session, deadline)
        except PyMongoError as error:
            if error.has_error_label("TransientTransactionError") and isinstance(error, OperationFailure):
                return False
            raise Unavailable(f"MongoDB: {error!r}") from error
        finally:
            # Aborts what is open, in a time of its own: with none left the server would not be told, and would keep
            # the documents from every other transaction for a minute.
            with suppress(PyMongoError), pymongo.timeout(ABORT_SECONDS):
                await session.end_session()

    async def _write(self, session: Session, changes: Changes, puts: Mapping[Key, Document]) -> None:
        rest: dict[Key, Document | None] = {**dict.fromkeys(changes.deletes), **puts}
        for key, conditions in _by_key(changes.conditions).items():
            await self._check_condition(session, key, conditions, rest)
            rest.pop(key, None)
        edits: dict[str, list[ReplaceOne[Raw] | DeleteOne]] = {}
        for key, document in rest.items():
            one = {"_id": key.id}
            edit = DeleteOne(one) if document is None else ReplaceOne(one, {**document, **one}, upsert=True)
            edits.setdefault(key.collection, []).append(edit)
        for name, operations in edits.items():
            await self._documents(name).bulk_write(operations, ordered=False, session=session)

    async def _check_condition(
        self, session: Session, key: Key, conditions: Sequence[Condition], writes: Mapping[Key, Document | None]
    ) -> None:
        """Check the conditions of one document by writing it: a rival then meets a conflict, not an old reading."""
        documents, document = self._documents(key.collection), writes.get(key)
        if any(condition.equals is None for condition in conditions):
            await _insert(documents, session, key, document)
            held = len(conditions) == 1
        else:
            wanted = all_of([{"_id": key.id}, *({c.field: {"$eq": c.equals}} for c in conditions)])
            if document is not None:
                held = (await documents.replace_one(wanted, document, session=session)).matched_count == 1
            elif key in writes:
                held = (await documents.delete_one(wanted, session=session)).deleted_count == 1
            else:
                touch = {"$currentDate": {CONDITION_TOUCH_FIELD: {"$type": "timestamp"}}}
                held = (await documents.update_one(wanted, touch, session=session)).matched_count == 1
        if not held:
            raise Fenced(f"{key} is not as the commit expects it")

    async def check(self) -> None:
        await self._primary(CHECK_SECONDS)
        now = {"$currentDate": {"at": True}}
        with _translate_errors(), pymongo.timeout(CHECK_SECONDS):
            await self._database["checks"].update_one({"_id": "check"}, now, upsert=True)

    async def _primary(self, seconds: float = SELECTION_SECONDS) -> None:
        """Wait until a primary is known. An operation with a deadline would wait all of that for one."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not _has_primary(self._client):
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


def require_replica_set(hello: Mapping[str, Any]) -> None:
    """Raises Misconfigured when the answer to `hello` is that of a server without transactions."""
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise Misconfigured(
            "PASOKH_STORE: this MongoDB runs alone and has no transactions. Make it a replica set of one: start it "
            "with `--replSet pasokh`, run `rs.initiate()` in mongosh once, and add `?replicaSet=pasokh` to the URL"
        )


async def _insert(documents: Documents, session: Session, key: Key, document: Document | None) -> None:
    """Raises Fenced when it exists. Without a document, absence alone is what is checked."""
    try:
        await documents.insert_one({**(document or {}), "_id": key.id}, session=session)
    except DuplicateKeyError as error:
        raise Fenced(f"{key} exists") from error
    if document is None:
        await documents.delete_one({"_id": key.id}, session=session)


async def _finish(session: Session, deadline: float) -> bool:
    """Whether it was committed; False: certainly not. Raises Unknown."""
    while True:
        try:
            await session.commit_transaction()
        except PyMongoError as error:
            if error.has_error_label("TransientTransactionError"):
                return False
            late = asyncio.get_running_loop().time() + 0.1 > deadline
            if late or not error.has_error_label("UnknownTransactionCommitResult"):
                raise Unknown(f"MongoDB did not say whether it committed: {error!r}") from error
            # Asking again is safe: a commit that is done answers that it is done.
            await asyncio.sleep(0.1)
        else:
            return True


def _split(raw: Raw) -> tuple[str, Document]:
    document = dict(raw)
    document.pop(CONDITION_TOUCH_FIELD, None)
    return document.pop("_id"), document


def _by_collection(keys: Iterable[Key]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for key in keys:
        ids.setdefault(key.collection, []).append(key.id)
    return ids


def _by_key(conditions: Iterable[Condition]) -> dict[Key, list[Condition]]:
    found: dict[Key, list[Condition]] = {}
    for condition in conditions:
        found.setdefault(condition.key, []).append(condition)
    return found


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise Unavailable(f"MongoDB: {error!r}") from error


# What `pymongo.AsyncMongoClient` does differently: it is made the same way, `start_session` is not awaited there, and
# `start_transaction` and `close` are.


def _connect(url: str) -> Client:
    """Raises Misconfigured for what is no MongoDB URL. Connects on first use."""
    try:
        return AsyncIOMotorClient(
            url,
            appname="pasokh",
            serverSelectionTimeoutMS=int(SELECTION_SECONDS * 1000),
            connectTimeoutMS=int(SELECTION_SECONDS * 1000),
            heartbeatFrequencyMS=500,
            waitQueueTimeoutMS=int(READ_SECONDS * 1000),
        )
    except (ConfigurationError, InvalidURI, ValueError) as error:
        raise Misconfigured(f"PASOKH_STORE must be like mongodb://host:27017/?replicaSet=name: {error}") from error


def _has_primary(client: Any) -> bool:
    # Any: motor's types call this property a method.
    return bool(client.topology_description.has_writable_server())


async def _session(client: Client) -> Session:
    return await client.start_session()


async def _begin(session: Session) -> None:
    session.start_transaction(read_concern=ReadConcern("majority"), write_concern=WriteConcern("majority"))


async def _close(client: Client) -> None:
    client.close()
