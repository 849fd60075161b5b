"""A commit of an earlier owner that arrives when the next one has read the partition's row. Time is virtual."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from services.platform.bus.port import ProducerRecord
from services.platform.core.errors import Unknown
from services.platform.processing.commit import row_key
from services.platform.processing.inputs import Input, ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.port import Changes, Document, Key
from tests.fakes import MemoryStore
from tests.platform.processing.test_passing_over import Keeper, Kept, World
from tests.simulator.loop import run_virtually

ROW = row_key("keeper", 0)


class Reminder(Keeper):
    """Tells of an event a second after it came."""

    timers = ("later",)

    def decide(self, work: UnitOfWork, one: Input) -> None:
        if isinstance(one, ReceivedEvent):
            work.set_timer("later", work.now + timedelta(seconds=1))
        else:
            work.emit("pasokh.outbound.message", "w/p", Kept())


class SlowStore(MemoryStore):
    """Keeps the commit that tells back, as a network would; it gets there right after the row was read again."""

    def __init__(self) -> None:
        super().__init__()
        self.on_its_way: Changes | None = None
        self.arrived = False

    async def commit(self, changes: Changes) -> Sequence[ProducerRecord]:
        if changes.outbox and self.on_its_way is None:
            self.on_its_way = changes
            raise Unknown
        return await super().commit(changes)

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Document]:
        found = await super().get_many(keys)
        if ROW in keys and self.on_its_way is not None and not self.arrived:
            self.arrived = True
            await super().commit(self.on_its_way)
        return found


def test_what_an_earlier_commit_left_to_publish_does_not_wait_for_the_next_event() -> None:
    async def main() -> None:
        store = SlowStore()
        world = World(store, stage=Reminder())

        async def scenario() -> None:
            await world.publish("once")
            await asyncio.sleep(5)
            assert store.arrived
            assert len(world.bus.logs["outbound", 0]) == 1

        await world.during(scenario)

    run_virtually(main())


def test_each_owner_takes_a_number_before_it_takes_anything_else() -> None:
    async def main() -> None:
        world = World()
        for number in (1, 2):

            async def scenario(number: int = number) -> None:
                assert world.store.documents[ROW]["seq"] == number

            await world.during(scenario)

    run_virtually(main())
