"""Poison: only the input that cannot be handled is set aside, and too many of them stop the partition. Time is virtual."""

import asyncio

import pytest

from services.platform.processing.dead_letters import DEAD_LETTERS_TO_STOP, RECENT_EVENTS, RecentDeadLetters, Stopped
from services.platform.processing.inputs import Input, ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import DEAD_LETTERS
from tests.platform.processing.test_passing_over import Keeper, World
from tests.simulator.loop import run_virtually


class Picky(Keeper):
    """Cannot handle events whose id begins with `bad`."""

    def decide(self, work: UnitOfWork, one: Input) -> None:
        if isinstance(one, ReceivedEvent) and one.event.id.startswith("bad"):
            raise ValueError("a bad event")
        super().decide(work, one)


def letters_and_kept(world: World) -> tuple[list[str], list[str]]:
    """The events that were set aside, and those that were handled."""
    kept = sorted(key.id for key in world.store.documents if key.collection == "kept")
    return sorted(letter.event_id for letter in world.store.all(DEAD_LETTERS)), kept


def test_what_comes_before_and_after_an_event_that_cannot_be_handled_is_handled() -> None:
    async def main() -> None:
        world = World(stage=Picky())
        await world.publish("keep-1", "bad-2", "keep-3")
        await world.during(lambda: asyncio.sleep(1))
        assert letters_and_kept(world) == (["bad-2"], ["keep-1", "keep-3"])
        assert world.position == 3

    run_virtually(main())


def test_a_fifth_of_events_that_cannot_be_handled_stops_the_partition() -> None:
    async def main() -> None:
        world = World(stage=Picky())
        await world.publish(*(f"bad-{n}" if n % 5 == 0 else f"keep-{n}" for n in range(2 * RECENT_EVENTS)))
        await world.during(lambda: asyncio.sleep(1))
        letters, kept = letters_and_kept(world)
        # The last one is seen to be too much before it is set aside: it stays on the log.
        assert (len(letters), len(kept)) == (DEAD_LETTERS_TO_STOP - 1, 4 * (DEAD_LETTERS_TO_STOP - 1))

    run_virtually(main())


def test_dead_letters_stop_a_partition_only_while_they_are_recent() -> None:
    recent = RecentDeadLetters()
    for _ in range(DEAD_LETTERS_TO_STOP - 1):
        recent.note_dead_letter(ValueError())
    recent.note_handled(RECENT_EVENTS)
    recent.note_dead_letter(ValueError())
    for _ in range(DEAD_LETTERS_TO_STOP - 2):
        recent.note_dead_letter(ValueError())
    with pytest.raises(Stopped):
        recent.note_dead_letter(ValueError())
