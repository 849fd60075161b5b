"""A commit of the store port as a transaction of MongoDB."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

import pymongo
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError
from pymongo.operations import DeleteOne, ReplaceOne

from services.platform.core.backoff import Backoff
from services.platform.core.errors import Fenced, Unavailable, Unknown
from services.platform.store.mongo.client import (
    Client,
    Documents,
    Raw,
    Session,
    begin,
    start_session,
    translate_errors,
)
from services.platform.store.mongo.pages import combine_filters
from services.platform.store.port import (
    Changes,
    Condition,
    Document,
    Key,
)

COMMIT_SECONDS = 10.0
ABORT_SECONDS = 2.0
FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.005, 0.25
"""Seconds between two attempts at a commit that conflicts with another transaction."""
CONDITION_TOUCH_FIELD = "_held"
"""A field that is written to a document of a condition: MongoDB sees no conflict in an update that changes nothing."""


class Transactions:
    """Applies commits, one session each. `documents` gives a prepared collection by its name."""

    def __init__(self, client: Client, documents: Callable[[str], Documents]) -> None:
        self._client, self._documents = client, documents

    async def commit(self, changes: Changes, puts: dict[Key, Document]) -> None:
        """Try until it is applied, refused, or `COMMIT_SECONDS` are over. Only an attempt that certainly did nothing is repeated."""
        deadline = asyncio.get_running_loop().time() + COMMIT_SECONDS
        backoff = Backoff(FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS)
        while not await self._attempt(changes, puts, deadline):
            pause = backoff.next()
            if asyncio.get_running_loop().time() + pause > deadline:
                raise Unavailable("MongoDB: it conflicted with other transactions for too long")
            await asyncio.sleep(pause)

    async def _attempt(self, changes: Changes, puts: dict[Key, Document], deadline: float) -> bool:
        """Whether it was applied; False: it conflicted with another transaction, and nothing happened."""
        # For pymongo, a timeout of 0 means none at all.
        left = max(0.001, deadline - asyncio.get_running_loop().time())
        with translate_errors(), pymongo.timeout(left):
            session = await start_session(self._client)
        try:
            with pymongo.timeout(left):
                await begin(session)
                await self._write(session, changes, puts)
                return await _finish(session, deadline)
        except PyMongoError as error:
            if error.has_error_label("TransientTransactionError") and isinstance(error, OperationFailure):
                return False
            raise Unavailable(f"MongoDB: {error!r}") from error
        finally:
            # Aborts an open transaction, within a time of its own: if the server did not learn of it, it would lock the
            # documents against all other transactions for a minute.
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
        """Check the conditions of one document by writing it: reading alone would not conflict with a rival transaction."""
        documents, document = self._documents(key.collection), writes.get(key)
        if any(condition.equals is None for condition in conditions):
            await _insert(documents, session, key, document)
            held = len(conditions) == 1
        else:
            wanted = combine_filters([{"_id": key.id}, *({c.field: {"$eq": c.equals}} for c in conditions)])
            if document is not None:
                held = (await documents.replace_one(wanted, document, session=session)).matched_count == 1
            elif key in writes:
                held = (await documents.delete_one(wanted, session=session)).deleted_count == 1
            else:
                touch = {"$currentDate": {CONDITION_TOUCH_FIELD: {"$type": "timestamp"}}}
                held = (await documents.update_one(wanted, touch, session=session)).matched_count == 1
        if not held:
            raise Fenced(f"{key} is not as the commit expects it")


async def _insert(documents: Documents, session: Session, key: Key, document: Document | None) -> None:
    """Insert the document; without one, check that none exists. Raises Fenced when it exists."""
    try:
        await documents.insert_one({**(document or {}), "_id": key.id}, session=session)
    except DuplicateKeyError as error:
        raise Fenced(f"{key} exists") from error
    # Inserted and deleted again: only a write makes a rival transaction that inserts it conflict.
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
            is_late = asyncio.get_running_loop().time() + 0.1 > deadline
            if is_late or not error.has_error_label("UnknownTransactionCommitResult"):
                raise Unknown(f"MongoDB did not say whether it committed: {error!r}") from error
            # Repeating it is safe: a transaction that is committed answers so again.
            await asyncio.sleep(0.1)
        else:
            return True


def _by_key(conditions: Iterable[Condition]) -> dict[Key, list[Condition]]:
    found: dict[Key, list[Condition]] = {}
    for condition in conditions:
        found.setdefault(condition.key, []).append(condition)
    return found
