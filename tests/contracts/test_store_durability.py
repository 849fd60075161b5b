"""The contract of the store port: outboxes, collections, expiry and what survives a kill."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.values import instant_text
from services.platform.bus.port import MAX_EVENT_BYTES, ProducerRecord
from services.platform.core.errors import TooLarge
from services.platform.store.port import (
    Changes,
    Collection,
    Document,
    Expiry,
    Index,
    Key,
    Put,
    Query,
    Store,
    outbox_events,
)
from tests.contracts import committing_process
from tests.contracts.sample_collection import (
    COLLECTIONS,
    ROWS,
    THINGS,
    SampleDocument,
    move,
    other,
    put,
    thing,
)
from tests.contracts.stores import PAIR, StoreSite


async def read(store: Store, key: Key) -> Document | None:
    return (await store.get_many([key])).get(key)


async def test_an_outbox_is_kept_until_published_unless_the_log_has_it(store: Store, store_site: StoreSite) -> None:
    events = [
        ProducerRecord("inbound", 1, "w/کلید", '{"text":"سلام"}'.encode()),
        ProducerRecord("commands", 0, "w/k", b"{}"),
    ]
    returned = await store.commit(Changes(outbox=events, outbox_key=other("outbox")))
    kept = await read(store, other("outbox"))
    if store_site.adapter == PAIR:
        assert (list(returned), kept) == ([], None)
        return
    assert list(returned) == events
    assert kept is not None
    rows = kept["events"]
    assert isinstance(rows, list)
    assert outbox_events(rows) == events  # type: ignore[arg-type]  # JSON of the rows that `outbox_document` writes


async def test_without_events_no_outbox_is_kept(store: Store) -> None:
    assert list(await store.commit(Changes(puts=[put(thing(1))], outbox_key=other("outbox")))) == []
    assert await read(store, other("outbox")) is None


async def test_an_event_that_is_too_large_stops_the_commit_before_it_begins(store: Store) -> None:
    event = ProducerRecord("inbound", 0, "k", b"x" * (MAX_EVENT_BYTES + 1))
    with pytest.raises(TooLarge):
        await store.commit(Changes(puts=[put(thing(1))], outbox=[event], outbox_key=other("outbox")))
    assert await store.get_many([thing(1), other("outbox")]) == {}


async def test_preparing_again_keeps_documents_and_takes_new_collections(store: Store) -> None:
    await store.commit(Changes(puts=[put(thing(1), at="a")]))
    await store.prepare(COLLECTIONS)
    await store.prepare([])
    assert await read(store, thing(1)) == {"at": "a"}
    assert len((await store.query(Query(THINGS.name, "at", {"at": "a"}))).items) == 1


NOW = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
EXPIRING: Collection[Any] = Collection(
    "expiring", SampleDocument, writer="any", indexes=(Index("at", ("at",)),), expires=Expiry("at", timedelta(days=1))
)


def _expiring(identity: str) -> Key:
    return Key(EXPIRING.name, identity)


async def test_what_is_expired_is_deleted_oldest_first_and_in_batches(store: Store) -> None:
    await store.prepare([EXPIRING])
    ages = {"new": timedelta(hours=1), "just": timedelta(days=1), "old": timedelta(days=2), "oldest": timedelta(days=9)}
    puts = [Put(_expiring(name), {"at": instant_text(NOW - age)}) for name, age in ages.items()]
    await store.commit(Changes(puts=puts))

    assert await store.delete_expired(EXPIRING.name, NOW, 1) == 1
    assert set(await store.get_many(list(map(_expiring, ages)))) == set(map(_expiring, ["new", "just", "old"]))
    assert await store.delete_expired(EXPIRING.name, NOW, 5) == 1
    assert set(await store.get_many(list(map(_expiring, ages)))) == set(map(_expiring, ["new", "just"]))
    assert await store.delete_expired(EXPIRING.name, NOW, 5) == 0


async def test_a_collection_that_declares_no_expiry_keeps_its_documents(store: Store) -> None:
    with pytest.raises(LookupError, match="do not expire"):
        await store.delete_expired(thing(1).collection, NOW, 5)


async def test_documents_outlive_the_connection(store_site: StoreSite) -> None:
    async with store_site.open() as first:
        await first.prepare(COLLECTIONS)
        await first.commit(move(0, put(thing(1), at="a")))
    async with store_site.open() as second:
        await second.prepare(COLLECTIONS)
        assert await second.get_many([thing(1)]) == {thing(1): {"at": "a"}}
        await second.check()


async def test_after_a_kill_what_was_answered_is_there_and_the_rest_is_whole_or_absent(store_site: StoreSite) -> None:
    answered = await committing_process.killed_after(store_site, answers=60)
    async with store_site.open() as store:
        await store.prepare(COLLECTIONS)
        last, there = await _left_behind(store, range(1, max(answered.values()) + 2))
    for writer, n in last.items():
        assert n in (answered[writer], answered[writer] + 1)
        assert there[writer] == {make(f"{writer}-{k}") for make in (thing, other) for k in range(1, n + 1)}


async def _left_behind(store: Store, numbers: range) -> tuple[dict[int, int], dict[int, set[Key]]]:
    """Per writer the last number of its row, and the documents that are there, all of one moment.

    A server may still apply what the killed process had sent, so the rows must be the same before and after.
    """
    while True:
        last = await _last_numbers(store)
        there = {}
        for writer in last:
            keys = [make(f"{writer}-{k}") for make in (thing, other) for k in numbers]
            there[writer] = set(await store.get_many(keys))
        if await _last_numbers(store) == last:
            return last, there


async def _last_numbers(store: Store) -> dict[int, int]:
    rows = await store.get_many([Key(ROWS.name, str(writer)) for writer in range(committing_process.WRITERS)])
    return {int(key.id): int(str(document["last"])) for key, document in rows.items()}
