"""Records that retention takes before a group has read them. Time is virtual."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from services.platform.bus.port import ProducerRecord
from services.platform.processing.inputs import Input, ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import UnitOfWork
from tests.platform.processing.test_passing_over import Keeper, Kept, World, outgoing
from tests.simulator.loop import run_virtually


class Timekeeper(Keeper):
    """Sets a timer for ten seconds after an event whose id begins with `keep`, and emits an event when it fires."""

    topics = ("inbound", "inbound_limited")
    timers = ("later",)

    def decide(self, work: UnitOfWork, one: Input) -> None:
        super().decide(work, one)
        if isinstance(one, ReceivedEvent) and one.event.id.startswith("keep"):
            work.set_timer("later", work.now + timedelta(seconds=10))
        if isinstance(one, TimerFired):
            work.emit("pasokh.outbound.message", "w/p", Kept())


@dataclass
class Limited(World):
    """A world whose group reads a topic of limited storage, too."""

    stage: Keeper = field(default_factory=Timekeeper)

    def expire(self, topic: str) -> None:
        """Everything that is on the log goes by retention."""
        self.bus.firsts[topic, 0] = len(self.bus.logs[topic, 0])

    @property
    def decided(self) -> list[str]:
        return [identity for _, identity in self.stage.decided]

    @property
    def fired(self) -> list[ProducerRecord]:
        return self.bus.logs["outbound", 0]


def test_a_timer_does_not_wait_for_records_that_expired_while_the_process_was_down() -> None:
    async def main() -> None:
        world = Limited()
        await world.during(lambda: world.publish("keep-1"))
        await world.publish("let-2", topic="inbound_limited")
        world.expire("inbound_limited")
        again = Limited(world.store, world.bus)

        async def scenario() -> None:
            await asyncio.sleep(15)
            assert (again.decided, len(again.fired)) == ([], 1)

        await again.during(scenario)

    run_virtually(main())


def test_a_group_that_retention_overtakes_goes_on_with_what_is_there() -> None:
    async def main() -> None:
        world = Limited()

        async def scenario() -> None:
            await world.publish("keep-1")
            # Appended and expired before the group reads it.
            world.bus.logs["inbound_limited", 0].append(outgoing("let-2"))
            world.expire("inbound_limited")
            await world.publish("let-3", topic="inbound_limited")
            await world.publish("let-4")
            await asyncio.sleep(15)
            assert (sorted(world.decided), len(world.fired)) == (["keep-1", "let-3", "let-4"], 1)

        await world.during(scenario)

    run_virtually(main())


@pytest.mark.parametrize("is_running", [False, True])
def test_of_another_topic_an_operator_has_to_decide(is_running: bool) -> None:
    async def main() -> None:
        world = Limited()

        async def lose_one() -> None:
            world.bus.logs["inbound", 0].append(outgoing("keep-1"))
            world.expire("inbound")

        async def scenario() -> None:
            if is_running:
                await lose_one()
            await world.publish("keep-2")
            await asyncio.sleep(15)
            assert "keep-2" not in world.decided

        await world.during(lambda: world.publish("let-0", topic="inbound_limited"))
        if not is_running:
            await lose_one()
        await world.during(scenario)

    run_virtually(main())
