"""Heaps keep stale entries and are rebuilt when these are the most: no task or agent is lost or comes back by that."""

from datetime import timedelta

import pytest

from services.router.dispatch.domain.dispatcher import Dispatcher
from services.router.dispatch.domain.outcomes import TaskAssigned
from services.router.dispatch.domain.requirement import TaskRequirement
from services.router.dispatch.domain.values import Agent, Task
from tests.fakes import START

REQUIREMENT = TaskRequirement.of("default", {})


def _task(number: int) -> Task:
    return Task(f"c{number:03}", REQUIREMENT, "normal", START + timedelta(seconds=number))


def _agent(name: str, **given: int) -> Agent:
    return Agent(name, name, frozenset({"default"}), {}, given.get("capacity", 1), "online")


@pytest.mark.parametrize("fifo_reserve_interval", [1, 1000])
def test_queue_that_was_mostly_abandoned_is_served_in_order(fifo_reserve_interval: int) -> None:
    dispatcher = Dispatcher(fifo_reserve_interval=fifo_reserve_interval)
    for number in range(60):
        dispatcher.enqueue(_task(number), START)
    for number in (*range(20, 60), 0):
        dispatcher.close(f"c{number:03}", START)
    for number in range(60, 65):
        dispatcher.enqueue(_task(number), START)
    given = dispatcher.put_agent(_agent("ali", capacity=100), START)
    assert [one.task.id for one in given if isinstance(one, TaskAssigned)] == [
        f"c{number:03}" for number in (*range(1, 20), *range(60, 65))
    ]


def test_agent_who_comes_and_goes_a_hundred_times_is_still_one_agent() -> None:
    """Each half-busy moment leaves an entry at the bottom of the heap; a rebuild must keep the entries of the others."""
    dispatcher, now = Dispatcher(), START
    names = ["ali", "bea", "cem"]
    for name in names:
        dispatcher.put_agent(_agent(name, capacity=2), now)
    for number in range(100):
        now += timedelta(seconds=1)
        assert isinstance(dispatcher.enqueue(_task(number), now)[0], TaskAssigned)
        dispatcher.close(_task(number).id, now)
    given = [dispatcher.enqueue(_task(1000 + extra), now)[0] for extra in range(7)]
    held = [one.agent if isinstance(one, TaskAssigned) else None for one in given]
    assert sorted(map(str, held)) == sorted([*names, *names, "None"])


def test_skill_groups_that_fill_and_free_by_turns_are_all_found() -> None:
    """One agent per skill group: each change of an agent changes the best of the candidate set."""
    dispatcher, now = Dispatcher(), START
    agents = [
        Agent(f"a{number}", "x", frozenset({"default"}), {f"own-{number}": 1}, 2, "online") for number in range(5)
    ]
    for agent in agents:
        dispatcher.put_agent(agent, now)
    for number in range(200):
        now += timedelta(seconds=1)
        dispatcher.enqueue(_task(number), now)
        if number >= 7:
            dispatcher.close(_task(number - 7).id, now)
    assert not dispatcher.queue.tasks
    assert sum(agent.load for agent in dispatcher.agent_index.agents.values()) == 7
    opened = [dispatcher.enqueue(_task(1000 + extra), now)[0] for extra in range(4)]
    assert [isinstance(one, TaskAssigned) for one in opened] == [True, True, True, False], "ten units in all"


def test_two_skill_groups_that_are_half_busy_by_turns_are_both_found() -> None:
    """Each turn leaves the entry of a half-busy agent at the bottom of the candidate set."""
    dispatcher, now = Dispatcher(), START
    for name in ("ali", "bea"):
        dispatcher.put_agent(Agent(name, name, frozenset({"default"}), {f"own-{name}": 1}, 2, "online"), now)
    for number in range(0, 120, 2):
        for task in (number, number + 1):
            now += timedelta(seconds=1)
            dispatcher.enqueue(_task(task), now)
        for task in (number, number + 1):
            now += timedelta(seconds=1)
            dispatcher.close(_task(task).id, now)
    given = [dispatcher.enqueue(_task(1000 + extra), now)[0] for extra in range(5)]
    assert [one.agent if isinstance(one, TaskAssigned) else None for one in given] == ["ali", "bea", "ali", "bea", None]
