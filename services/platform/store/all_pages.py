"""Reads a query to its end, page by page."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Protocol

from services.platform.store.port import Document, DocumentPage, Query

PAGE_SIZE = 200


class Queryable(Protocol):
    """A store, or the unit of work of a batch: whatever answers queries."""

    async def query(self, query: Query) -> DocumentPage: ...


async def all_pages(reader: Queryable, query: Query) -> AsyncIterator[list[tuple[str, Document]]]:
    """The pages of a query, `PAGE_SIZE` documents with their ids each; its own `limit` is ignored.

    A page is read when the iteration reaches it, so that a caller may stop early. Raises Unavailable.
    """
    following: Query | None = replace(query, limit=PAGE_SIZE)
    while following is not None:
        page = await reader.query(following)
        yield page.items
        following = replace(following, after=page.next) if page.next is not None else None


async def all_documents(reader: Queryable, query: Query) -> AsyncIterator[tuple[str, Document]]:
    """The documents of a query with their ids, in its order. Raises Unavailable."""
    async for items in all_pages(reader, query):
        for item in items:
            yield item
