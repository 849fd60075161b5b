"""Inputs of which nothing comes make no commit of their own; their position rides on the next one. Time is virtual."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry

from schemas.envelope import Event, encode
from schemas.values import Contract
from services.platform.bus.port import ProducerRecord
from services.platform.core.instruments import ProcessorInstruments
from services.platform.processing.commit import MAX_UNCOMMITTED_SECONDS, row_key
from services.platform.processing.group import GroupMember
from services.platform.processing.inputs import Input, ReceivedEvent
from services.platform.processing.runtime import Runtime
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import RUNTIME_COLLECTIONS
from services.platform.store.port import Collection
from tests.fakes import START, LoopTimeSource, MemoryBus, MemoryStore
from tests.simulator.loop import run_virtually
from tests.toy_processor import ToyProcessor


class Kept(Contract):
    """What the stage keeps of an event that matters."""


KEPT = Collection("kept", Kept, writer="keeper")


class Keeper(ToyProcessor):
    """Keeps events whose id begins with `keep`; of others nothing comes."""

    group = "keeper"
    topics: tuple[str, ...] = ("inbound",)
    collections: tuple[Collection[Any], ...] = (KEPT,)

    def __init__(self) -> None:
        self.decided: list[tuple[float, str]] = []

    def decide(self, work: UnitOfWork, one: Input) -> None:
        if isinstance(one, ReceivedEvent):
            self.decided.append((asyncio.get_running_loop().time(), one.event.id))
            if one.event.id.startswith("keep"):
                work.put(KEPT, one.event.id, Kept())


class Unhurried(Keeper):
    linger_seconds = 0.1


@dataclass
class World:
    """One partition of one topic, and what has been decided and stored."""

    store: MemoryStore = field(default_factory=MemoryStore)
    bus: MemoryBus = field(default_factory=lambda: MemoryBus(1))
    stage: Keeper = field(default_factory=Keeper)

    async def publish(self, *identities: str, topic: str = "inbound") -> None:
        await self.bus.publish([outgoing(identity)._replace(topic=topic) for identity in identities])
        await asyncio.sleep(0.01)

    async def during(self, scenario: Callable[[], Awaitable[None]]) -> None:
        """Run a process while `scenario` goes on, then end it as a crash would."""
        # Any: a collection of some model is none of every model.
        collections: Sequence[Collection[Any]] = [*RUNTIME_COLLECTIONS, KEPT]
        await self.store.prepare(collections)
        runtime = Runtime(self.store, self.bus, LoopTimeSource(), ProcessorInstruments(CollectorRegistry()))
        running = asyncio.create_task(GroupMember(self.stage.bound(), runtime).run())
        await asyncio.sleep(0.01)
        self.store.commit_count = 0  # opening the partition was one
        await scenario()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    @property
    def position(self) -> object:
        row = self.store.documents.get(row_key("keeper", 0), {})
        offsets = row.get("offsets")
        return offsets.get("inbound") if isinstance(offsets, dict) else None


def outgoing(identity: str) -> ProducerRecord:
    event = Event(
        id=identity, source="test", type="pasokh.inbound.x", time=START, workspace="w", partitionkey="w/p", data={}
    )
    return ProducerRecord("inbound", 0, "w/p", encode(event))


def test_an_event_of_which_nothing_comes_makes_no_commit_of_its_own() -> None:
    async def main() -> None:
        world = World()

        async def scenario() -> None:
            await world.publish("let-1")
            await world.publish("let-2")
            assert [identity for _, identity in world.stage.decided] == ["let-1", "let-2"]
            assert world.store.commit_count == 0
            await world.publish("keep-3")
            assert (world.store.commit_count, world.position) == (1, 3)

        await world.during(scenario)

    run_virtually(main())


def test_a_position_that_is_owed_is_written_once_there_is_nothing_to_do() -> None:
    async def main() -> None:
        world = World()

        async def scenario() -> None:
            await world.publish("let-1")
            await asyncio.sleep(5)
            assert (world.store.commit_count, world.position) == (1, 1)

        await world.during(scenario)

    run_virtually(main())


def test_a_position_is_not_owed_for_long_while_there_is_always_something_to_do() -> None:
    async def main() -> None:
        world = World()

        async def scenario() -> None:
            for number in range(400):
                await world.publish(f"let-{number}")
            # 4 s of events every 10 ms.
            assert 2 <= world.store.commit_count <= 4 / MAX_UNCOMMITTED_SECONDS
            assert isinstance(world.position, int)
            assert world.position > 200

        await world.during(scenario)

    run_virtually(main())


def test_what_was_passed_over_is_read_again_after_a_crash_and_nothing_is_lost_or_kept_twice() -> None:
    async def main() -> None:
        world = World()
        await world.during(lambda: world.publish("keep-1", "let-2"))
        await world.during(lambda: world.publish("let-3"))
        again = World(world.store, world.bus)
        await again.during(lambda: again.publish("keep-4"))
        assert [identity for _, identity in again.stage.decided] == ["let-3", "keep-4"]
        assert sorted(key.id for key in world.store.documents if key.collection == "kept") == ["keep-1", "keep-4"]
        assert world.position == 4

    run_virtually(main())


def test_an_unhurried_stage_takes_the_first_at_once_and_then_many_together() -> None:
    async def main() -> None:
        world = World(stage=Unhurried())

        async def scenario() -> None:
            await asyncio.sleep(0.5)
            begun = asyncio.get_running_loop().time()
            for number in range(30):
                await world.publish(f"keep-{number}")
            await asyncio.sleep(0.2)
            moments = {round(at - begun, 3) for at, _ in world.stage.decided}
            assert min(moments) < 0.01
            assert len(moments) <= 5
            assert len(world.stage.decided) == 30

        await world.during(scenario)

    run_virtually(main())
