"""How much a batch takes: what was too much for the store comes again in smaller parts. Time is virtual."""

import asyncio
from collections.abc import Sequence

import pytest

from services.platform.bus.port import ProducerRecord
from services.platform.core.errors import Unavailable, Unknown
from services.platform.store.collections import ROWS
from services.platform.store.port import Changes
from tests.fakes import MemoryStore
from tests.platform.processing.test_passing_over import World
from tests.simulator.loop import run_virtually

BEHIND = 400
DEADLINE_SECONDS = 10.0


class SlowStore(MemoryStore):
    """Takes `most` documents within the deadline of a commit; what is more fails with `verdict` after it."""

    def __init__(self, most: int, verdict: type[Exception]) -> None:
        super().__init__()
        self.most, self.verdict = most, verdict
        self.sizes: list[int] = []
        self.refused = 0

    async def commit(self, changes: Changes) -> Sequence[ProducerRecord]:
        size = sum(put.key.collection != ROWS.name for put in changes.puts)
        if size > self.most:
            self.refused += 1
            await asyncio.sleep(DEADLINE_SECONDS)
            raise self.verdict("the deadline has passed")
        self.sizes.append(size)
        return await super().commit(changes)


def caught_up(store: SlowStore, *, then: int = 0) -> None:
    """Work off a backlog, then another one of `then` on a store that is fast."""

    async def main() -> None:
        world = World(store)

        async def scenario() -> None:
            await asyncio.sleep(20 * DEADLINE_SECONDS)
            store.most = BEHIND + then
            await world.publish(*(f"keep-{number}" for number in range(BEHIND, BEHIND + then)))
            await asyncio.sleep(20 * DEADLINE_SECONDS)

        await world.publish(*(f"keep-{number}" for number in range(BEHIND)))
        await world.during(scenario)

    run_virtually(main())


@pytest.mark.parametrize("verdict", [Unavailable, Unknown])
def test_a_backlog_that_is_too_much_for_one_commit_is_worked_off_in_parts(verdict: type[Exception]) -> None:
    store = SlowStore(60, verdict)
    caught_up(store)
    assert sum(store.sizes) == BEHIND
    assert max(store.sizes) <= 60


def test_what_is_nearly_too_much_is_not_tried_again_and_again() -> None:
    store = SlowStore(60, Unavailable)
    caught_up(store)
    assert store.refused < len(store.sizes)


def test_once_the_store_is_fast_again_batches_grow_again() -> None:
    store = SlowStore(60, Unavailable)
    caught_up(store, then=10 * BEHIND)
    assert sum(store.sizes) == 11 * BEHIND
    assert max(store.sizes) > 200
