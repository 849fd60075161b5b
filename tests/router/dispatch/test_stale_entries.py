"""Indexes leave stale entries behind and are rebuilt when those are the most; nothing is lost or brought back by it."""

from datetime import timedelta

import pytest

from services.router.dispatch.domain.dispatcher import Dispatcher, TaskAssigned
from services.router.dispatch.domain.values import Agent, Task, TaskRequirement
from tests.fakes import START

NEED = TaskRequirement.of("default", {})


def _task(number: int) -> Task:
    return Task(f"c{number:03}", NEED, "normal", START + timedelta(seconds=number))


def _agent(name: str, **given: int) -> Agent:
    return Agent(name, name, frozenset({"default"}), {}, given.get("capacity", 1), "online")


@pytest.mark.parametrize("reserved_every", [1, 1000])
def test_queue_that_was_mostly_abandoned_is_served_in_order(reserved_every: int) -> None:
    desk = Dispatcher(reserved_every=reserved_every)
    for number in range(60):
        desk.enqueue(_task(number), START)
    for number in (*range(20, 60), 0):
        desk.close(f"c{number:03}", START)
    for number in range(60, 65):
        desk.enqueue(_task(number), START)
    given = desk.put_agent(_agent("ali", capacity=100), START)
    assert [one.task.id for one in given] == [f"c{number:03}" for number in (*range(1, 20), *range(60, 65))]


def test_agent_who_comes_and_goes_a_hundred_times_is_still_one_agent() -> None:
    """Each half-busy moment leaves an entry at the bottom of its kind; the others' must outlive the clearing."""
    desk, now = Dispatcher(), START
    names = ["ali", "bea", "cem"]
    for name in names:
        desk.put_agent(_agent(name, capacity=2), now)
    for number in range(100):
        now += timedelta(seconds=1)
        assert isinstance(desk.enqueue(_task(number), now)[0], TaskAssigned)
        desk.close(_task(number).id, now)
    given = [desk.enqueue(_task(1000 + extra), now)[0] for extra in range(7)]
    held = [one.agent if isinstance(one, TaskAssigned) else None for one in given]
    assert sorted(map(str, held)) == sorted([*names, *names, "None"])


def test_kinds_that_fill_and_free_by_turns_are_all_found() -> None:
    """One agent per kind: every change of one is a change of an opening's best."""
    desk, now = Dispatcher(), START
    agents = [
        Agent(f"a{number}", "x", frozenset({"default"}), {f"own-{number}": 1}, 2, "online") for number in range(5)
    ]
    for agent in agents:
        desk.put_agent(agent, now)
    for number in range(200):
        now += timedelta(seconds=1)
        desk.enqueue(_task(number), now)
        if number >= 7:
            desk.close(_task(number - 7).id, now)
    assert not desk.queue.tasks
    assert sum(agent.load for agent in desk.roster.agents.values()) == 7
    opened = [desk.enqueue(_task(1000 + extra), now)[0] for extra in range(4)]
    assert [isinstance(one, TaskAssigned) for one in opened] == [True, True, True, False], "ten units in all"


def test_two_kinds_that_are_half_busy_by_turns_are_both_found() -> None:
    """Each turn leaves a half-busy bid at the bottom of the opening."""
    desk, now = Dispatcher(), START
    for name in ("ali", "bea"):
        desk.put_agent(Agent(name, name, frozenset({"default"}), {f"own-{name}": 1}, 2, "online"), now)
    for number in range(0, 120, 2):
        for task in (number, number + 1):
            now += timedelta(seconds=1)
            desk.enqueue(_task(task), now)
        for task in (number, number + 1):
            now += timedelta(seconds=1)
            desk.close(_task(task).id, now)
    given = [desk.enqueue(_task(1000 + extra), now)[0] for extra in range(5)]
    assert [one.agent if isinstance(one, TaskAssigned) else None for one in given] == ["ali", "bea", "ali", "bea", None]
