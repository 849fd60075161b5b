"""Tasks of silent customers: they stop counting, count again at the customer's word, and never wait for somebody who is gone."""

from typing import Any

import pytest

from schemas.envelope import Event
from services.records.tasks import TASKS, TaskRecord
from tests.router.dispatch.harness import DispatchHarness


@pytest.fixture
async def shop() -> DispatchHarness:
    """Ann takes one at a time, and has `a`; `b` waits."""
    harness = DispatchHarness()
    await harness.online("ann", capacity=1)
    await harness.queue("a")
    await harness.queue("b")
    return harness


def task(shop: DispatchHarness, conversation: str) -> TaskRecord:
    found = shop.get(TASKS, conversation)
    assert found is not None
    return found


def place(shop: DispatchHarness, conversation: str) -> tuple[str, str | None, bool]:
    found = task(shop, conversation)
    return found.state, found.agent, found.counting


async def send(shop: DispatchHarness, kind: str, conversation: str, **more: Any) -> list[Event]:
    data = {**shop.named(conversation), "at": shop.now.isoformat(), **more}
    return await shop.handle(shop.event(kind, data))


async def test_the_next_customer_does_not_wait_for_a_silent_one(shop: DispatchHarness) -> None:
    assert place(shop, "b") == ("waiting", None, True)
    await send(shop, "task_paused", "a", agent="ann")
    assert place(shop, "a") == ("assigned", "ann", False)
    assert place(shop, "b") == ("assigned", "ann", True)


async def test_at_the_customers_word_it_counts_again_even_above_capacity(shop: DispatchHarness) -> None:
    await send(shop, "task_paused", "a", agent="ann")
    assert await send(shop, "task_resumed", "a", preferred_seconds=60) == []
    assert place(shop, "a") == ("assigned", "ann", True)
    shown = shop.agent("ann")
    assert (shown.load, shown.body.capacity) == (2, 1)
    # No new work until below.
    await shop.queue("c")
    assert place(shop, "c") == ("waiting", None, True)
    await shop.close("a")
    assert place(shop, "c") == ("waiting", None, True)


async def test_above_twice_the_capacity_it_goes_back_and_waits_for_its_agent(shop: DispatchHarness) -> None:
    await send(shop, "task_paused", "a", agent="ann")
    await send(shop, "task_paused", "b", agent="ann")
    await shop.queue("c")
    await send(shop, "task_resumed", "a")
    events = await send(shop, "task_resumed", "b", preferred_seconds=60)
    assert [event.type for event in events] == ["pasokh.assignment.unassigned"]
    assert events[0].data["reason"] == "over_capacity"
    assert place(shop, "b") == ("waiting", None, True)
    assert task(shop, "b").preferred == "ann"


@pytest.mark.parametrize("presence", ["away", "offline"])
@pytest.mark.parametrize("released", [True, False])
async def test_a_customer_who_comes_back_gets_somebody_who_is_there(
    shop: DispatchHarness, presence: str, released: bool
) -> None:
    if released:
        await send(shop, "task_paused", "a", agent="ann")
    await shop.set_presence("ann", presence)
    await shop.online("bob", capacity=5)
    events = await send(shop, "task_resumed", "a", preferred_seconds=60)
    assert [event.type.rpartition(".")[2] for event in events] == ["unassigned", "assigned"]
    assert place(shop, "a") == ("assigned", "bob", True)


async def test_a_pause_that_comes_after_a_change_of_hands_is_ignored(shop: DispatchHarness) -> None:
    await shop.online("bob")
    data = {**shop.named("a"), "to_agent": "bob"}
    await shop.handle(shop.event("task_force_assigned", data))
    await send(shop, "task_paused", "a", agent="ann")
    assert place(shop, "a") == ("assigned", "bob", True)


async def test_unknown_and_waiting_tasks_stay_as_they_are(shop: DispatchHarness) -> None:
    for kind in ("task_paused", "task_resumed"):
        assert await send(shop, kind, "nobody", **({"agent": "ann"} if kind == "task_paused" else {})) == []
    await send(shop, "task_paused", "b", agent="ann")
    await send(shop, "task_resumed", "b")
    assert place(shop, "b") == ("waiting", None, True)


async def test_a_repeat_changes_nothing(shop: DispatchHarness) -> None:
    for _ in range(2):
        await send(shop, "task_paused", "a", agent="ann")
    assert place(shop, "a") == ("assigned", "ann", False)
    for _ in range(2):
        await send(shop, "task_resumed", "a")
    assert place(shop, "a") == ("assigned", "ann", True)


async def test_a_restart_keeps_what_does_not_count(shop: DispatchHarness) -> None:
    await send(shop, "task_paused", "a", agent="ann")
    shop.restart()
    await send(shop, "task_resumed", "a")
    assert place(shop, "a") == ("assigned", "ann", True)
    assert shop.agent("ann").load == 2
