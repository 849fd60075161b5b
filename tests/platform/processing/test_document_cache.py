"""What an owner wrote is not read again, for as long as nobody else can have changed it. Time is virtual."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import pytest

from schemas.values import Contract
from services.platform.bus.port import ProducerRecord
from services.platform.core.errors import Unknown
from services.platform.processing.document_cache import MIN_CACHED, DocumentCache
from services.platform.processing.inputs import Input, ReceivedEvent
from services.platform.processing.reads import Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.port import Changes, Collection, Document, Key
from tests.fakes import MemoryStore
from tests.platform.processing.test_passing_over import Keeper, World
from tests.simulator.loop import run_virtually


class Count(Contract):
    """How often something came."""

    times: int


OURS = Collection("ours", Count, writer="keeper")
SHARED = Collection("shared", Count, writer="any")


class Reading(MemoryStore):
    """Notes what is read. `losing`: the next commit is made, and nobody hears of it."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []
        self.losing = False

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Document]:
        self.read += [f"{key.collection}/{key.id}" for key in keys if key.collection in ("ours", "shared")]
        return await super().get_many(keys)

    async def commit(self, changes: Changes) -> Sequence[ProducerRecord]:
        done = await super().commit(changes)
        if self.losing and any(put.key.collection == "ours" for put in changes.puts):
            self.losing = False
            raise Unknown
        return done


class Counter(Keeper):
    """Counts events by the word before the hyphen of their id; `bad` ones cannot be decided."""

    collections = (OURS, SHARED)

    def reads(self, one: Input) -> Iterable[Read]:
        return (Documents(OURS, [_name(one)]), Documents(SHARED, [_name(one)]))

    def decide(self, work: UnitOfWork, one: Input) -> None:
        for collection in (OURS, SHARED):
            known = work.get(collection, _name(one))
            work.put(collection, _name(one), Count(times=known.times + 1 if known else 1))
        if isinstance(one, ReceivedEvent) and one.event.id.endswith("bad"):
            raise ValueError
        if isinstance(one, ReceivedEvent) and one.event.id.endswith("gone"):
            work.delete(OURS, _name(one))


def _name(one: Input) -> str:
    return one.event.id.split("-")[0] if isinstance(one, ReceivedEvent) else ""


def played(scenario: Callable[[World, Reading], Awaitable[None]]) -> None:
    """Run the counter through a scenario."""

    async def main() -> None:
        store = Reading()
        # Any: a collection of some model is none of every model.
        collections: Sequence[Collection[Any]] = [OURS, SHARED]
        await store.prepare(collections)
        world = World(store, stage=Counter())
        await world.during(lambda: scenario(world, store))

    run_virtually(main())


def times(store: Reading, collection: str, name: str) -> object:
    document = store.documents.get(Key(collection, name))
    return document and document["times"]


def test_what_it_wrote_is_read_once_and_what_others_write_each_time() -> None:
    async def scenario(world: World, store: Reading) -> None:
        for number in range(3):
            await world.publish(f"a-{number}")
        assert store.read == ["ours/a", "shared/a", "shared/a", "shared/a"]
        assert (times(store, "ours", "a"), times(store, "shared", "a")) == (3, 3)

    played(scenario)


def test_what_it_removed_is_known_to_be_gone() -> None:
    async def scenario(world: World, store: Reading) -> None:
        await world.publish("a-1-gone")
        await world.publish("a-2")
        assert store.read.count("ours/a") == 1
        assert times(store, "ours", "a") == 1

    played(scenario)


def test_after_a_commit_of_which_nobody_knows_it_is_read_again() -> None:
    async def scenario(world: World, store: Reading) -> None:
        await world.publish("a-1")
        store.losing = True
        await world.publish("a-2")
        await asyncio.sleep(1)
        await world.publish("a-3")
        assert store.read.count("ours/a") == 2
        assert times(store, "ours", "a") == 3

    played(scenario)


def test_after_an_event_that_could_not_be_decided_it_is_read_again() -> None:
    async def scenario(world: World, store: Reading) -> None:
        await world.publish("a-1")
        await world.publish("a-2-bad")
        before = store.read.count("ours/a")
        await world.publish("a-3")
        assert store.read.count("ours/a") == before + 1
        assert times(store, "ours", "a") == 2

    played(scenario)


@pytest.mark.parametrize("written", [1, MIN_CACHED, 3 * MIN_CACHED])
def test_it_keeps_the_latest_and_not_ever_more(written: int) -> None:
    kept = DocumentCache()
    for number in range(written):
        kept.add({Key("ours", str(number)): Count(times=number)})
        assert len(kept) <= 2 * MIN_CACHED
    latest = [Key("ours", str(number)) for number in range(max(0, written - MIN_CACHED), written)]
    assert all(key in kept for key in latest)
    assert list(kept)[-len(latest) :] == latest
