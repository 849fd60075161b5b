"""Indexes leave stale entries behind and are rebuilt when those are the most; nothing is lost or brought back by it."""

from datetime import timedelta

from services.router.dispatch.desk import Desk, Given
from services.router.dispatch.domain import Agent, Need, Task
from tests.router.dispatch.office import START

NEED = Need.of("default", {})


def _task(number: int) -> Task:
    return Task(f"c{number:03}", NEED, "normal", START + timedelta(seconds=number))


def _agent(name: str, **given: int) -> Agent:
    return Agent(name, name, frozenset({"default"}), {}, given.get("capacity", 1), "online")


def test_queue_that_was_mostly_abandoned_is_served_in_order() -> None:
    desk = Desk(reserved_every=7)
    for number in range(60):
        desk.open(_task(number), START)
    for number in (*range(20, 60), 0):
        desk.close(f"c{number:03}", START)
    for number in range(60, 65):
        desk.open(_task(number), START)
    given = desk.put_agent(_agent("ali", capacity=100), START)
    assert [one.task.id for one in given] == [f"c{number:03}" for number in (*range(1, 20), *range(60, 65))]


def test_agent_who_comes_and_goes_a_hundred_times_is_still_one_agent() -> None:
    """Each return leaves an entry in its kind and in the opening; the others' must outlive the clearing."""
    desk, now = Desk(), START
    names = ["ali", "bea", "cem"]
    for name in names:
        desk.put_agent(_agent(name), now)
    for number in range(100):
        now += timedelta(seconds=1)
        assert isinstance(desk.open(_task(number), now)[0], Given)
        desk.close(_task(number).id, now)
    given = [desk.open(_task(1000 + number), now)[0] for number in range(4)]
    assert [one.agent if isinstance(one, Given) else None for one in given] == ["bea", "cem", "ali", None]


def test_kinds_that_fill_and_free_by_turns_are_all_found() -> None:
    """One agent per kind: every change of one is a change of an opening's best."""
    desk, now = Desk(), START
    agents = [
        Agent(f"a{number}", "x", frozenset({"default"}), {f"own-{number}": 1}, 1, "online") for number in range(5)
    ]
    for agent in agents:
        desk.put_agent(agent, now)
    for number in range(200):
        now += timedelta(seconds=1)
        desk.open(_task(number), now)
        if number >= 3:
            desk.close(_task(number - 3).id, now)
    held = sorted(agent.id for agent in desk.roster.agents.values() if agent.load)
    assert len(held) == 3
    given = [desk.open(_task(1000 + number), now)[0] for number in range(3)]
    free = sorted(one.agent for one in given if isinstance(one, Given))
    assert sorted([*held, *free]) == [agent.id for agent in agents]
