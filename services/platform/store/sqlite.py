"""The store in an SQLite file: alone, or as one half of the embedded pair whose commit is the publish too."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from services.platform.bus.port import MAX_EVENT_BYTES, ProducerRecord
from services.platform.core.errors import TooLarge
from services.platform.sqlite.database import BUSY_SECONDS, Connection, Database, open_database
from services.platform.sqlite.snapshot import LAYOUT
from services.platform.store.port import (
    Changes,
    Collection,
    Document,
    DocumentPage,
    Key,
    Put,
    Query,
    declared_expiry,
    outbox_document,
)
from services.platform.store.sqlite_documents import (
    TableSchema,
    Values,
    WriteSet,
    apply_edit,
    delete_below,
    make_table,
    read_after,
    read_documents,
    table_schema,
)
from services.platform.store.sqlite_pages import count_documents, plan_query, read_page

SMALL_PAGE = 100
"""A page of at most so many documents is read in the event loop, a larger one on a thread."""


class SqliteStore:
    """The store port on a file. `paired`: the file's log takes the outbox in the same transaction (see the port)."""

    def __init__(self, database: Database, *, paired: bool) -> None:
        self._database = database
        self._paired = paired
        self._shapes: dict[str, TableSchema] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path, *, busy_seconds: float = BUSY_SECONDS, check_after_crash: bool = False
    ) -> AsyncIterator["SqliteStore"]:
        """A store alone on its file, which other processes may share. Raises Misconfigured for an unusable path."""
        async with open_database(path, busy_seconds=busy_seconds, check_after_crash=check_after_crash) as database:
            yield cls(database, paired=False)

    async def prepare(self, collections: Sequence[Collection[Any]]) -> None:
        shapes = {collection.name: table_schema(collection) for collection in collections}
        await self._database.write(partial(_make_tables, list(shapes.values())))
        self._shapes |= shapes

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Document]:
        wanted = [(self._shape(name), ids) for name, ids in _by_collection(keys).items()]
        return dict(await self._database.read_inline(lambda connection: read_documents(connection, wanted)))

    async def query(self, query: Query) -> DocumentPage:
        plan = plan_query(self._shape(query.collection), query)
        read = self._database.read_inline if query.limit <= SMALL_PAGE else self._database.read
        return await read(lambda connection: read_page(connection, plan))

    async def count(self, query: Query) -> int:
        plan = plan_query(self._shape(query.collection), replace(query, after=None))
        return await self._database.read(lambda connection: count_documents(connection, plan))

    async def scan(self, collection: str, after: str, limit: int) -> list[tuple[str, Document]]:
        shape = self._shape(collection)
        return await self._database.read(lambda connection: read_after(connection, shape, after, limit))

    async def delete_expired(self, collection: str, now: datetime, limit: int) -> int:
        shape = self._shape(collection)
        expires = declared_expiry(collection, shape.expires)
        bound = expires.oldest(now)
        return await self._database.write(
            lambda connection: delete_below(connection, shape, expires.field, bound, limit)
        )

    async def commit(self, changes: Changes) -> Sequence[ProducerRecord]:
        if any(len(event.value) > MAX_EVENT_BYTES for event in changes.outbox):
            raise TooLarge(f"an event of the outbox is larger than {MAX_EVENT_BYTES} bytes")
        if self._paired:
            await self._apply(changes, changes.outbox)
            return ()
        await self._apply(changes)
        return changes.outbox

    async def _apply(self, changes: Changes, events: Sequence[ProducerRecord] = ()) -> None:
        # Encoded before the transaction begins: other writers wait for as long as it is open.
        edit = self._edit(changes)
        size = sum(len(str(row[1])) for _, rows in edit.rows for row in rows) + sum(len(e.value) for e in events)
        await self._database.write(lambda connection: apply_edit(connection, edit), events, size=size)

    def _edit(self, changes: Changes) -> WriteSet:
        rows: dict[str, list[Values]] = {}
        for put in self._puts(changes):
            shape = self._shape(put.key.collection)
            rows.setdefault(shape.name, []).append(shape.row(put))
        return WriteSet(
            conditions=[(self._shape(c.key.collection).table, c) for c in changes.conditions],
            rows=[(self._shape(name), values) for name, values in rows.items()],
            removed=[(self._shape(name).table, ids) for name, ids in _by_collection(changes.deletes).items()],
        )

    def _puts(self, changes: Changes) -> Sequence[Put]:
        if self._paired or not changes.outbox:
            return changes.puts
        if changes.outbox_key is None:
            raise ValueError("a commit with an outbox names the document that keeps it")
        return [*changes.puts, Put(changes.outbox_key, outbox_document(changes.outbox))]

    def _shape(self, name: str) -> TableSchema:
        if name not in self._shapes:
            raise LookupError(f"the collection {name} was not prepared")
        return self._shapes[name]

    async def check(self) -> None:
        self._database.check_sound()
        await self._database.write(_touch)


def _make_tables(shapes: Iterable[TableSchema], connection: Connection) -> None:
    for shape in shapes:
        make_table(connection, shape)


def _touch(connection: Connection) -> None:
    # Only a write that changes a page shows that the disk takes one.
    connection.execute(f"PRAGMA user_version = {LAYOUT}")


def _by_collection(keys: Iterable[Key]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for key in keys:
        ids.setdefault(key.collection, []).append(key.id)
    return ids
