"""What came of an effect is not lost, whatever fails around it. Time is virtual."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry

from services.platform.core.errors import Unavailable
from services.platform.core.instruments import ProcessorInstruments
from services.platform.processing.group import GroupMember
from services.platform.processing.inputs import EffectCompleted, Input, ReceivedEvent, TimerFired
from services.platform.processing.runtime import Runtime
from services.platform.processing.unit_of_work import Effect, UnitOfWork
from services.platform.store.collections import RUNTIME_COLLECTIONS
from services.platform.store.port import Collection
from tests.fakes import LoopTimeSource, MemoryBus, MemoryStore
from tests.platform.processing.test_passing_over import outgoing
from tests.simulator.loop import run_virtually
from tests.toy_processor import ToyProcessor

EFFECT_SECONDS, OTHER_SECONDS, SETTLE_SECONDS = 3, 2, 20


class Sender(ToyProcessor):
    """Does something outside for each event; a timer gives up on it, and another one is due before it has ended."""

    group = "sender"
    topics = ("inbound",)
    timers = ("settle", "other")
    effects = ("send",)

    def __init__(self) -> None:
        self.handled: list[str] = []

    def decide(self, work: UnitOfWork, one: Input) -> None:
        match one:
            case ReceivedEvent():
                work.schedule_effect("send", {})
                work.set_timer("settle", work.now + timedelta(seconds=SETTLE_SECONDS))
                work.set_timer("other", work.now + timedelta(seconds=OTHER_SECONDS))
            case EffectCompleted():
                work.cancel_timer("settle")
                self.handled.append("result")
            case TimerFired():
                self.handled.append(one.name)

    async def perform(self, effect: Effect) -> object:
        await asyncio.sleep(EFFECT_SECONDS)
        return {}


class AwayBus(MemoryBus):
    """Does not say where its log ends while it is `away`, as Kafka does not."""

    def __init__(self) -> None:
        super().__init__(1)
        self.away = False

    async def end_offsets(self, topics: Sequence[str], partition: int) -> dict[str, int]:
        if self.away:
            raise Unavailable("Kafka is away")
        return await super().end_offsets(topics, partition)


def test_a_result_that_comes_while_the_bus_is_away_is_handled_once_it_is_back() -> None:
    bus, stage = AwayBus(), Sender()

    async def main() -> None:
        store = MemoryStore()
        # Any: a collection of some model is none of every model.
        collections: Sequence[Collection[Any]] = RUNTIME_COLLECTIONS
        await store.prepare(collections)
        runtime = Runtime(store, bus, LoopTimeSource(), ProcessorInstruments(CollectorRegistry()))
        running = asyncio.create_task(GroupMember(stage.bound(), runtime).run())
        await bus.publish([outgoing("e1")])
        await asyncio.sleep(1)
        bus.away = True
        await asyncio.sleep(EFFECT_SECONDS + OTHER_SECONDS)
        bus.away = False
        await asyncio.sleep(2 * SETTLE_SECONDS)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    run_virtually(main())
    assert sorted(stage.handled) == ["other", "result"]
