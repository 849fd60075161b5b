"""Which task a freed agent takes."""

from datetime import timedelta
from typing import Any

import pytest

from tests.fakes import START
from tests.router.dispatch.harness import DispatchHarness


async def drained(office: DispatchHarness, waiting: list[str]) -> list[str]:
    """The order in which one agent with one unit takes what waits."""
    taken: list[str] = []
    while len(taken) < len(waiting):
        held = next(c for c, task in office.tasks().items() if task.agent)
        taken.append(held)
        await office.close(held)
    return taken


async def test_strict_by_priority_then_due_then_arrival_then_id() -> None:
    office = DispatchHarness(fifo_reserve_interval=1000)
    late, soon = START + timedelta(hours=9), START + timedelta(hours=1)
    await office.queue("low", priority="low", due_at=soon)
    await office.queue("normal-none")
    await office.queue("normal-late", due_at=late)
    await office.queue("normal-soon", due_at=soon)
    await office.queue("b", priority="urgent", queued_at=START)
    await office.queue("a", priority="urgent", queued_at=START)
    await office.queue("high", priority="high", due_at=soon)
    waiting = list(office.tasks())
    await office.online("ali", capacity=1)
    assert await drained(office, waiting) == ["a", "b", "high", "normal-soon", "normal-late", "normal-none", "low"]


async def test_due_time_that_changed_or_went_moves_the_task_in_its_line() -> None:
    office = DispatchHarness(fifo_reserve_interval=1000)
    hours = [START + timedelta(hours=n) for n in range(10)]
    for name, due in (("kept", 5), ("earlier", 9), ("undue", 1)):
        await office.queue(name, due_at=hours[due])
    await office.change("earlier", due_at=hours[2].isoformat())
    await office.change("undue", clear_due=True)
    office.restart()
    waiting = list(office.tasks())
    await office.online("ali", capacity=1)
    assert await drained(office, waiting) == ["earlier", "kept", "undue"]


async def test_every_tenth_draw_goes_to_the_longest_waiting() -> None:
    office = DispatchHarness()
    await office.queue("old", priority="low", queued_at=START - timedelta(hours=1))
    for number in range(20):
        await office.queue(f"urgent-{number:02}", priority="urgent")
    waiting = list(office.tasks())
    await office.online("ali", capacity=1)
    assert (await drained(office, waiting)).index("old") == 9
    assert "the longest waiting (reserved share)" in office.decisions("old")[-1].summary


async def test_reserved_share_is_counted_over_restarts() -> None:
    office = DispatchHarness(fifo_reserve_interval=3)
    await office.queue("old", priority="low", queued_at=START - timedelta(hours=1))
    for number in range(5):
        await office.queue(f"urgent-{number}", priority="urgent")
    await office.online("ali", capacity=1)
    for number in range(2):
        office.restart()
        await office.close(f"urgent-{number}")
    assert office.holder("old") == "ali"


@pytest.mark.parametrize("how", ["capacity", "skills", "teams", "presence"])
async def test_agent_who_may_take_more_takes_it_at_once_until_full(how: str) -> None:
    office = DispatchHarness()
    full: dict[str, Any] = {"teams": ["default", "care"], "skills": {"lang:fa": 3}, "capacity": 2}
    lesser: dict[str, dict[str, Any]] = {
        "capacity": {"capacity": 1},
        "skills": {"skills": {}},
        "teams": {"teams": ["default"]},
        "presence": {},
    }
    await office.online("ali", **{**full, **lesser[how]})
    if how == "presence":
        await office.set_presence("ali", "away")
    if how == "capacity":
        await office.queue("first", team="care", skills={"lang:fa": 3})
    for number in range(3):
        await office.queue(f"c{number}", team="care", skills={"lang:fa": 3})
    assert [office.holder(f"c{number}") for number in range(3)] == [None] * 3
    await (office.set_presence("ali", "online") if how == "presence" else office.put_agent("ali", **full))
    expected = ["ali", None, None] if how == "capacity" else ["ali", "ali", None]
    assert [office.holder(f"c{number}") for number in range(3)] == expected
    assert office.agent("ali").load == 2


async def test_freed_agent_passes_over_what_it_may_not_take() -> None:
    office = DispatchHarness()
    await office.online("ali", capacity=1)
    await office.queue("held")
    await office.queue("persian", priority="urgent", skills={"lang:fa": 1})
    await office.queue("any", priority="low")
    await office.close("held")
    assert office.holder("any") == "ali"
    assert office.holder("persian") is None


async def test_change_of_priority_moves_a_waiting_task_ahead() -> None:
    office = DispatchHarness()
    await office.online("ali", capacity=1)
    for name in ("held", "c1", "c2"):
        await office.queue(name)
    assert await office.change("c2", priority="urgent") == []
    await office.close("held")
    assert office.holder("c2") == "ali"
    assert office.tasks()["c2"].priority == "urgent"
    assert office.tasks()["c2"].team == "default", "what a change leaves out stays"


async def test_earlier_due_time_moves_a_waiting_task_ahead() -> None:
    office = DispatchHarness()
    await office.online("ali", capacity=1)
    for name in ("held", "c1", "c2"):
        await office.queue(name)
    await office.change("c2", due_at=START.isoformat())
    await office.close("held")
    assert office.holder("c2") == "ali"


async def test_lowered_requirement_finds_a_free_agent_at_once() -> None:
    office = DispatchHarness()
    await office.online("ali", skills={"lang:fa": 1})
    await office.queue("c1", skills={"lang:fa": 4})
    emitted = await office.change("c1", requirement={"skills": {"lang:fa": 1}})
    assert [event.type for event in emitted] == ["pasokh.assignment.assigned"]
    assert office.holder("c1") == "ali"


@pytest.mark.parametrize("older", [0, 3])
async def test_low_task_is_not_starved_by_urgent_ones_that_never_end(older: int) -> None:
    office = DispatchHarness(fifo_reserve_interval=5)
    await office.online("ali", capacity=1)
    await office.queue("held")
    for number in range(older):
        await office.queue(f"older-{number}", priority="urgent", due_at=START + timedelta(days=9))
    await office.queue("low", priority="low")
    draws = 0
    while office.holder("low") is None:
        await office.queue(f"urgent-{draws}", priority="urgent", due_at=START)
        await office.close(next(c for c, task in office.tasks().items() if task.agent))
        draws += 1
    assert draws == 5 * (older + 1)
