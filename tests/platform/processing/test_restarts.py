"""A partition that starts over again and again is not ready, and says which it is. Time is virtual."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.platform.core.errors import Unavailable
from services.platform.core.instruments import ProcessorInstruments
from services.platform.processing.group import GroupMember
from services.platform.processing.inputs import Input
from services.platform.processing.reads import Read
from services.platform.processing.restarts import QUIET_SECONDS, Restarts
from services.platform.processing.runtime import Runtime
from services.platform.store.collections import RUNTIME_COLLECTIONS
from services.platform.store.port import Collection
from tests.fakes import LoopTimeSource, MemoryBus, MemoryStore
from tests.platform.processing.test_passing_over import KEPT, Keeper, outgoing
from tests.simulator.loop import run_virtually


class Unreadable(Keeper):
    """What it has to read cannot be read, as with a damaged page."""

    damaged = True

    def reads(self, one: Input) -> Iterable[Read]:
        if self.damaged:
            raise Unavailable("SQLite: database disk image is malformed")
        return ()


class Broken(Keeper):
    """A bug of ours that strikes before anything is decided."""

    def new_memory(self) -> None:
        raise LookupError("a bug")


@pytest.mark.parametrize("stage", [Unreadable(), Broken()])
def test_a_partition_that_gets_no_further_is_not_ready_until_it_does(stage: Keeper) -> None:
    async def main() -> None:
        store, bus = MemoryStore(), MemoryBus(1)
        # Any: a collection of some model is none of every model.
        collections: list[Collection[Any]] = [*RUNTIME_COLLECTIONS, KEPT]
        await store.prepare(collections)
        await bus.publish([outgoing("keep-1")])
        registry = CollectorRegistry()
        processor = GroupMember(stage.bound(), Runtime(store, bus, LoopTimeSource(), ProcessorInstruments(registry)))
        running = asyncio.create_task(processor.run())
        await asyncio.sleep(0.5)
        await processor.check()
        await asyncio.sleep(15)
        with pytest.raises(Unavailable, match=r"keeper/0: it started over \d+ times .* gets no further"):
            await processor.check()
        failing = {"group": "keeper"}
        assert registry.get_sample_value("pasokh_processor_failing_partitions", failing) == 1
        if isinstance(stage, Unreadable):
            stage.damaged = False
            await asyncio.sleep(5)
            await processor.check()
            assert registry.get_sample_value("pasokh_processor_failing_partitions", failing) == 0
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    run_virtually(main())


def test_a_short_outage_and_one_that_is_over_are_no_trouble() -> None:
    restarts = Restarts()
    for second in range(5):
        restarts.note(Unavailable("store"), second / 10)
    assert restarts.trouble(0.5) is None
    for second in range(1, 20):
        restarts.note(Unavailable("store"), second)
    assert restarts.trouble(20) is not None
    assert restarts.trouble(20 + QUIET_SECONDS) is None
    restarts.note(Unavailable("store"), 100)
    assert restarts.trouble(100) is None
