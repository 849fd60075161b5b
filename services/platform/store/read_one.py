"""Reads one document by its id."""

from collections.abc import Sequence
from typing import Protocol

from services.platform.store.port import Collection, Document, Key, Model


class KeyReader(Protocol):
    """A store, or the unit of work of a batch: whatever reads documents by their keys."""

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Document]: ...


async def read_one(reader: KeyReader, collection: Collection[Model], identity: str) -> Model | None:
    """A document of a collection; None when there is none with this id. Raises Unavailable."""
    key = Key(collection.name, identity)
    document = (await reader.get_many([key])).get(key)
    return None if document is None else collection.decode(document)
