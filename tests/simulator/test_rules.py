"""Each rule of the design, switched off alone, is noticed: that is what makes the proof one."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from schemas.envelope import Event
from services.platform.bus.port import ProducerRecord
from services.platform.bus.sequence_number import BEFORE_ALL
from services.platform.core.errors import Unavailable, Unknown
from services.platform.core.time_source import TimeSource
from services.platform.processing import decide
from services.platform.processing.commit import Position
from services.platform.processing.dedupe import DedupeVector
from services.platform.processing.inputs import PendingInput
from services.platform.processing.partition import PartitionOwner
from services.platform.processing.publish import Publisher
from services.platform.processing.timers import TimerQueue
from services.platform.processing.unit_of_work import UnitOfWork
from tests.simulator import run, toy_stages
from tests.simulator.run import run_plain
from tests.simulator.world import Chaos, Rules

TRIED = 60


def seeds_that_notice(*, rules: Rules | None = None, chaos: Chaos | None = None, poison: int = 0) -> int | None:
    """The first seed in which something is wrong, None when all of `TRIED` pass."""
    for seed in range(TRIED):
        if run_plain(seed, rules=rules, chaos=chaos or Chaos(), poison=poison, orders=8).wrong:
            return seed
    return None


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(Rules(fence=False), id="the commit is conditional on the row"),
        pytest.param(Rules(atomic=False), id="a batch is atomic"),
        pytest.param(Rules(stop_at_first_failure=False), id="publishing stops at the first failure"),
        pytest.param(Rules(never_wait_for_consumers=False), id="publishing never waits for a consumer"),
    ],
)
def test_a_broken_promise_of_store_or_bus_is_noticed(rules: Rules) -> None:
    assert seeds_that_notice(rules=rules) is not None


def _per_source_alone(seen: DedupeVector, event: Event, topic: str) -> bool:
    if event.seq is None or event.index is None:
        return True
    number = (event.seq, event.index)
    if number <= seen.table.get(event.source, BEFORE_ALL):
        return False
    seen.table[event.source] = number
    return True


def _keep_memory(owner: PartitionOwner, error: Exception) -> None:
    """Go on as if an error said that nothing was committed."""


async def _publish_once(publisher: Publisher, events: Sequence[ProducerRecord]) -> None:
    try:
        if events:
            await publisher.bus.publish(events)
    except (Unavailable, Unknown):
        return


async def _no_republishing(publisher: Publisher, outbox: object) -> bool:
    """Forget what the last owner may not have published."""
    return False


def _timer_stays(work: UnitOfWork, one: PendingInput) -> Any:
    return one.timer or one.completed


async def _whole_batch_set_aside(owner: PartitionOwner, pending: Sequence[PendingInput]) -> None:
    """Move past a batch with a poisonous input as if all of it had been handled."""
    batch = owner._start_batch(pending)
    try:
        await decide.decide(batch, owner._processor, owner._memory, owner._runtime)
    except decide.Poison:
        owner._discard_decided()
        batch = owner._start_batch(pending)
    await owner._commit(batch)


def _clock_alone(position: Position, time_source: TimeSource) -> Any:
    return time_source.now()


def _no_barrier(timers: TimerQueue, barrier: object, offsets: object) -> bool:
    return True


def _no_dedupe_by_id(stage: toy_stages.Alpha, work: UnitOfWork, event: Event, name: str) -> None:
    if str(event.data["order"]).startswith(toy_stages.POISON):
        raise ValueError
    toy_stages.act(work, stage.acted, name)


PATCHES: list[Any] = [
    pytest.param(DedupeVector, "admit", _per_source_alone, id="1: seen is per source and topic"),
    pytest.param(DedupeVector, "admit", lambda *_: True, id="1: a number that was seen is dropped"),
    pytest.param(PartitionOwner, "_restart", _keep_memory, id="2: after an error the row is read again"),
    pytest.param(Publisher, "publish", _publish_once, id="3: the outbox is published until acknowledged"),
    pytest.param(Publisher, "republish", _no_republishing, id="3: a new owner publishes what was left"),
    pytest.param(toy_stages.Alpha, "_place", _no_dedupe_by_id, id="4: writers without a row are deduped by id"),
    pytest.param(decide, "_without_record", _timer_stays, id="6: the commit that handles a timer deletes it"),
    pytest.param(TimerQueue, "_is_past_barrier", _no_barrier, id="6: a timer never overtakes what was in time"),
    pytest.param(Position, "now", _clock_alone, id="6: now never goes back"),
    pytest.param(PartitionOwner, "_handle", _whole_batch_set_aside, id="8: only the poison is set aside"),
    pytest.param(decide, "PARTITION_RESET_ERRORS", (), id="8: errors of store and bus are never poison"),
]


@pytest.mark.parametrize(("where", "what", "instead"), PATCHES)
def test_a_rule_left_out_is_noticed(
    where: Any, what: str, instead: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, what, instead)
    if what == "_without_record":
        # A timer that stays comes again at once and for ever: of that, a little shows as much.
        monkeypatch.setattr(run, "GIVE_UP_AFTER", run.GIVE_UP_AFTER / 4)
    # Clocks agree where timers are looked at, and disagree where time may go back.
    chaos = Chaos(clock_skew=2.0 if what == "now" else 0.0)
    assert seeds_that_notice(chaos=chaos, poison=1 if what == "_handle" else 0) is not None
