"""A store for code outside of processors: it reads everything, and writes what was declared for that code."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from services.platform.bus.port import ProducerRecord
from services.platform.store.port import Changes, Collection, Document, DocumentPage, Key, Query, Store


class UndeclaredWrite(LookupError):
    """Code wrote to a collection that it does not declare."""


class DeclaredWrites:
    """A store that refuses undeclared writes. `purges`: documents of every collection may be deleted, but not written.

    A processor alone writes its collections, and keeps copies of what it wrote: a write from elsewhere would be lost, or
    undone by the next commit of that processor. So such a write is a mistake of ours, and raises UndeclaredWrite.
    """

    # Any: a collection of some model is none of every model.
    def __init__(self, store: Store, collections: Iterable[Collection[Any]], *, purges: bool = False) -> None:
        self._store = store
        self._writable = frozenset(collection.name for collection in collections)
        self._purges = purges

    async def prepare(self, collections: Sequence[Collection[Any]]) -> None:
        await self._store.prepare(collections)

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Document]:
        return await self._store.get_many(keys)

    async def query(self, query: Query) -> DocumentPage:
        return await self._store.query(query)

    async def count(self, query: Query) -> int:
        return await self._store.count(query)

    async def scan(self, collection: str, after: str, limit: int) -> list[tuple[str, Document]]:
        return await self._store.scan(collection, after, limit)

    async def delete_expired(self, collection: str, now: datetime, limit: int) -> int:
        self._check([] if self._purges else [collection])
        return await self._store.delete_expired(collection, now, limit)

    async def commit(self, changes: Changes) -> Sequence[ProducerRecord]:
        deleted = () if self._purges else changes.deletes
        self._check(key.collection for key in (*(put.key for put in changes.puts), *deleted))
        return await self._store.commit(changes)

    async def check(self) -> None:
        await self._store.check()

    def _check(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._writable:
                raise UndeclaredWrite(f"{name} is written by code that does not declare it (services/composition.py)")
