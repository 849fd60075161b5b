"""Steps are carried out once, in order, by one process at a time; a process that ends in the middle loses nothing."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from schemas.values import Json
from services.platform.bus.port import ProducerRecord
from services.platform.core.errors import Fenced, Misconfigured, Unavailable, Unknown
from services.platform.store import migrations
from services.platform.store.collections import LAYOUT, LAYOUT_KEY, OUTBOXES, ROWS
from services.platform.store.migration_steps import Migration, Related, Rewrite
from services.platform.store.migrations import (
    PROGRESS_KEY,
    count_changes,
    migrate,
    read_status,
    require_current,
)
from services.platform.store.port import Changes, Collection, Condition, Document, Index, Key, Put, Query
from tests.fakes import ManualTimeSource, MemoryStore


class Anything(BaseModel):
    model_config = ConfigDict(extra="allow")


THINGS = Collection("things", Anything, writer="any")
OLD_THINGS = Collection("old_things", Anything, writer="any")


def with_colour(document: Document) -> Document:
    return {"color" if name == "colour" else name: value for name, value in document.items()}


def doubled(document: Document) -> Document:
    size = document["size"]
    assert isinstance(size, int)
    return {**document, "size": 2 * size}


def gone_when_empty(document: Document) -> Document | None:
    return document if document["size"] else None


COLOR = Migration(1, "color", (Rewrite("things", with_colour),))
DOUBLE = Migration(2, "double", (Rewrite("things", doubled),))
STEPS = (COLOR, DOUBLE)


class FailingStore(MemoryStore):
    """Applies so many commits more; the next one ends in `error`, applied or not."""

    def __init__(self, commits: int, error: Exception, *, is_applied: bool = False) -> None:
        super().__init__()
        self.commits, self.error, self.is_applied = commits, error, is_applied

    async def commit(self, changes: Changes) -> Sequence[ProducerRecord]:
        self.commits -= 1
        if self.commits == -1:
            if self.is_applied:
                await super().commit(changes)
            raise self.error
        return await super().commit(changes)


async def filled(store: MemoryStore, count: int = 3) -> MemoryStore:
    # Any: a collection of some model is none of every model.
    collections: list[Collection[Any]] = [THINGS, OLD_THINGS, ROWS, OUTBOXES, LAYOUT]
    await store.prepare(collections)
    things = [Put(Key("things", f"t{n:04}"), {"colour": "red", "size": n}) for n in range(count)]
    await store.commit(Changes(puts=[Put(LAYOUT_KEY, {"partitions": 2}), *things]))
    return store


async def things(store: MemoryStore, collection: str = "things") -> list[Document]:
    return [document for _, document in await store.scan(collection, "", 10_000)]


async def run(store: MemoryStore, steps: Sequence[Migration] = STEPS, owner: str = "me") -> None:
    await migrate(store, steps, ManualTimeSource(), owner, no_pause)


async def no_pause(_: float) -> None:
    await asyncio.sleep(0)


async def test_an_empty_store_is_of_the_latest_version_at_once() -> None:
    store = MemoryStore()
    empty: list[Collection[Any]] = [LAYOUT]
    await store.prepare(empty)
    await run(store)
    assert (await read_status(store, STEPS)).version == 2


async def test_data_from_before_there_were_migrations_get_every_step_in_order() -> None:
    store = await filled(MemoryStore())
    await run(store)
    assert await things(store) == [{"color": "red", "size": 2 * n} for n in range(3)]
    assert (await read_status(store, STEPS)).pending == []


async def test_steps_that_were_done_are_not_done_again() -> None:
    store = await filled(MemoryStore())
    await run(store, [COLOR])
    await run(store)
    await run(store)
    assert [document["size"] for document in await things(store)] == [0, 2, 4]


async def test_more_documents_than_a_batch_are_all_rewritten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "BATCH_DOCUMENTS", 4)
    for count in (3, 4, 5, 9):
        store = await filled(MemoryStore(), count)
        await run(store)
        assert [document["size"] for document in await things(store)] == [2 * n for n in range(count)]


@pytest.mark.parametrize(
    ("error", "is_applied"), [(Unavailable("away"), False), (Unknown("lost"), False), (Unknown("lost"), True)]
)
async def test_a_migration_goes_on_where_it_was_left_after_any_commit(
    monkeypatch: pytest.MonkeyPatch, error: Exception, *, is_applied: bool
) -> None:
    monkeypatch.setattr(migrations, "BATCH_DOCUMENTS", 2)
    for commits in range(12):
        store = FailingStore(1 + commits, error, is_applied=is_applied)
        await filled(store, 5)
        try:
            await run(store)
        except Unavailable:
            await run(store)
        assert [document["size"] for document in await things(store)] == [0, 2, 4, 6, 8]


async def test_documents_move_to_another_collection_and_may_be_deleted() -> None:
    store = await filled(MemoryStore())
    await store.commit(
        Changes(puts=[Put(Key("old_things", "o1"), {"size": 1}), Put(Key("old_things", "o2"), {"size": 0})])
    )
    await run(store, [Migration(1, "move", (Rewrite("old_things", gone_when_empty, into="things"),))])
    assert await things(store, "old_things") == []
    assert {"size": 1} in await things(store)
    assert len(await things(store)) == 4


async def test_documents_get_new_ids_in_whichever_batch_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_letter(document: Document) -> Document:
        return {**document, "name": f"{'az'[int(str(document['size'])) % 2]}{document['size']}"}

    step = Migration(1, "ids", (Rewrite("things", with_letter, new_id=lambda _, changed: str(changed["name"])),))
    for batch in (1, 2, 3, 10):
        monkeypatch.setattr(migrations, "BATCH_DOCUMENTS", batch)
        store = await filled(MemoryStore(), 5)
        assert await count_changes(store, [step]) == {"things": 5}
        await run(store, [step])
        assert [key for key, _ in await store.scan("things", "", 10)] == ["a0", "a2", "a4", "z1", "z3"]


async def test_data_of_a_newer_version_are_refused_and_stay_as_they_are() -> None:
    store = await filled(MemoryStore())
    await run(store)
    with pytest.raises(Misconfigured, match="version 2, and this version of Pasokh knows 1 at most"):
        await run(store, [COLOR])
    with pytest.raises(Misconfigured, match="version 2"):
        await require_current(store, [COLOR])


async def test_a_half_done_migration_to_a_newer_version_is_refused_too() -> None:
    store = await filled(FailingStore(3, Unavailable("away")))
    with pytest.raises(Unavailable):
        await run(store)
    with pytest.raises(Misconfigured):
        await run(store, [])


async def test_commands_refuse_data_of_an_older_version_and_say_what_to_do() -> None:
    store = await filled(MemoryStore())
    with pytest.raises(Misconfigured, match="pasokh migrate"):
        await require_current(store, STEPS)
    await run(store)
    await require_current(store, STEPS)


async def test_a_count_of_changes_changes_nothing() -> None:
    store = await filled(MemoryStore())
    assert await count_changes(store, STEPS) == {"things": 3}
    assert (await things(store))[0] == {"colour": "red", "size": 0}
    assert (await read_status(store, STEPS)).version == 0


async def test_a_document_that_only_moves_counts_as_a_change() -> None:
    store = await filled(MemoryStore())
    await store.commit(Changes(puts=[Put(Key("old_things", "o1"), {"size": 1})]))
    assert await count_changes(store, [Migration(1, "move", (Rewrite("old_things", into="things"),))]) == {
        "old_things": 1
    }


async def test_a_document_that_cannot_be_rewritten_is_named_and_stops_the_start() -> None:
    store = await filled(MemoryStore())
    await store.commit(Changes(puts=[Put(Key("things", "bad"), {"colour": "red"})]))
    with pytest.raises(Misconfigured, match=r"step 2 \(double\) cannot rewrite things/bad"):
        await run(store)


async def test_of_two_processes_that_start_together_each_document_is_rewritten_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(migrations, "BATCH_DOCUMENTS", 2)
    store = await filled(MemoryStore(), 9)
    await asyncio.gather(run(store, owner="a"), run(store, owner="b"))
    assert [document["size"] for document in await things(store)] == [2 * n for n in range(9)]


async def test_a_process_takes_over_from_one_that_commits_nothing_more() -> None:
    store = await filled(FailingStore(4, Unavailable("killed")))
    with pytest.raises(Unavailable):
        await run(store, owner="killed")
    time_source, waited = ManualTimeSource(), 0

    async def pause(seconds: float) -> None:
        nonlocal waited
        waited += 1
        time_source.move(seconds)

    await migrate(store, STEPS, time_source, "next", pause)
    assert [document["size"] for document in await things(store)] == [0, 2, 4]
    assert waited * migrations.POLL_SECONDS >= migrations.LEASE_SECONDS


async def test_a_row_is_fenced_so_that_an_owner_of_the_older_version_commits_nothing_more() -> None:
    store = await filled(MemoryStore())
    row: dict[str, Json] = {"seq": 7, "offsets": {"inbound": 3}}
    key = Key("rows", "group/0")
    await store.commit(Changes(puts=[Put(key, row), Put(Key("outboxes", "group/0/7"), {"events": []})]))
    await run(store)
    with pytest.raises(Fenced):
        await store.commit(Changes([Condition(key, "seq", 7)], [Put(key, {**row, "seq": 8})]))
    found = await store.get_many([key, Key("outboxes", "group/0/7"), Key("outboxes", "group/0/8")])
    assert found[key] == {"seq": 8, "offsets": {"inbound": 3}, "version": 2}
    assert Key("outboxes", "group/0/8") in found, "the next owner publishes what the last one left"
    assert Key("outboxes", "group/0/7") not in found


async def test_rewrites_of_rows_are_part_of_fencing_them() -> None:
    store = await filled(MemoryStore())
    await store.commit(Changes(puts=[Put(Key("rows", "group/0"), {"seq": 1, "colour": "red"})]))
    await run(store, [Migration(1, "rows", (Rewrite("rows", with_colour),))])
    assert await things(store, "rows") == [{"seq": 2, "color": "red", "version": 1}]


async def test_progress_is_of_nobody_once_all_is_done() -> None:
    store = await filled(MemoryStore())
    await run(store)
    assert (await store.get_many([PROGRESS_KEY]))[PROGRESS_KEY]["owner"] is None


def of_things(document: Document) -> Query | None:
    return Query("parts", "thing", {"thing": document["name"]}) if "parts" not in document else None


def with_parts(document: Document, parts: Sequence[Document]) -> Document:
    return {**document, "parts": [part["name"] for part in parts]}


async def test_documents_of_another_collection_may_decide_too() -> None:
    parts = Collection("parts", Anything, writer="any", indexes=(Index("thing", ("thing", "name")),))
    store = await filled(MemoryStore(), 0)
    every: list[Collection[Any]] = [THINGS, parts]
    await store.prepare(every)
    named = [Put(Key("things", "a"), {"name": "a"}), Put(Key("things", "b"), {"name": "b", "parts": list[Json]()})]
    found: list[tuple[str, Document]] = [("p1", {"thing": "a", "name": "p1"}), ("p2", {"thing": "b", "name": "p2"})]
    await store.commit(Changes(puts=[*named, *(Put(Key(parts.name, name), part) for name, part in found)]))
    step = Migration(1, "parts", (Rewrite("things", related=Related(of_things, with_parts)),))
    await run(store, [step])
    assert [one["parts"] for one in await things(store)] == [["p1"], []]
