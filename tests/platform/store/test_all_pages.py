"""A query is read to its end, and no further than somebody asks."""

from datetime import timedelta

from schemas.commands import CommandResult
from services.platform.store.all_pages import PAGE_SIZE, all_documents, all_pages
from services.platform.store.collections import OUTCOMES
from services.platform.store.port import Query
from tests.fakes import START, MemoryStore

EVERY = Query(OUTCOMES.name, "at")


def store_of(count: int) -> MemoryStore:
    store = MemoryStore(OUTCOMES)
    for number in range(count):
        at = START + timedelta(seconds=number)
        store.insert(OUTCOMES, f"c{number}", CommandResult(id=f"c{number}", workspace="w", status="applied", at=at))
    return store


async def test_every_document_comes_once_in_the_order_of_the_query() -> None:
    store = store_of(2 * PAGE_SIZE + 1)

    found = [identity async for identity, _ in all_documents(store, EVERY)]

    assert found == [f"c{number}" for number in range(2 * PAGE_SIZE + 1)]
    assert store.queries == 3


async def test_who_has_seen_enough_reads_no_further_page() -> None:
    store = store_of(2 * PAGE_SIZE)

    async for items in all_pages(store, EVERY):
        assert len(items) == PAGE_SIZE
        break

    assert store.queries == 1


async def test_nothing_is_one_empty_page() -> None:
    assert [items async for items in all_pages(store_of(0), EVERY)] == [[]]
