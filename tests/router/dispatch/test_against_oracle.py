"""The dispatcher decides, ranks and counts like a reference that compares all agents and sorts all tasks."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.values import PRIORITIES
from tests.examples import examples
from tests.router.dispatch.pair import Pair
from tests.router.dispatch.strategies import AGENTS, SKILLS, TEAMS, Step, full_histories, histories, random_step


@given(history=histories)
@examples(300)
def test_dispatcher_decides_as_the_oracle(history: list[Step]) -> None:
    pair = Pair(fifo_reserve_interval=3)
    for step in history:
        pair.apply(step)


@given(history=histories)
@examples(150)
def test_no_task_is_assigned_above_capacity_or_to_an_ineligible_agent(history: list[Step]) -> None:
    """An agent that was assigned a task in a step is not above its capacity after the step."""
    pair = Pair(fifo_reserve_interval=4)
    for step in history:
        for what, task, agent, eligible, _ in pair.apply(step):
            if what != "assigned" or agent is None:
                continue
            holder = pair.oracle.agents[agent]
            requirement = pair.oracle.places[task].task.requirement
            assert agent == eligible[0]
            assert requirement.is_open_to(holder.teams)
            assert all(holder.skills[name] >= minimum for name, minimum in requirement.skills)
            assert holder.presence == "online"
            assert pair.oracle.load(holder) <= holder.capacity


@given(history=full_histories, forgetful=st.booleans())
@examples(400)
def test_offers_relaxation_and_units_over_time_are_decided_as_by_the_oracle(
    history: list[Step], forgetful: bool
) -> None:
    """Also when the dispatcher is restored before each step, from its values in another order."""
    pair = Pair(fifo_reserve_interval=3, forgetful=forgetful, aimed=True)
    for step in history:
        pair.apply(step)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 7))])
def test_a_long_shift_with_all_that_can_happen(seed: int) -> None:
    chance = random.Random(seed)
    pair, seen = Pair(fifo_reserve_interval=3, forgetful=seed % 2 == 0, aimed=True), Counter[str]()
    for agent in AGENTS:
        pair.apply(Step("agent_put", agent, {"teams": TEAMS, "skills": {}, "capacity": 3}, 0))
        pair.apply(Step("presence_set", agent, {"status": "online"}, 0))
    for _ in range(1500):
        seen.update(what for what, *_ in pair.apply(random_step(chance)))
        agents, waiting = pair.oracle.agents.values(), pair.oracle.waiting.values()
        seen["reserved"] += any(agent.reserved_for for agent in agents)
        seen["passed"] += any(pair.oracle.audience(task)[1] for task in waiting)
        seen["preferred"] += any(pair.oracle.audience(task)[0] for task in waiting)
    rare = ("overflowed", "away", "expired", "declined", "accepted", "resumed", "reserved", "passed", "preferred")
    assert all(seen[what] for what in rare), seen


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_many_agents_and_a_long_day(seed: int) -> None:
    """Enough of both that heaps grow, go stale and are rebuilt, and skill groups come and go."""
    chance = random.Random(seed)
    pair = Pair(fifo_reserve_interval=10)
    agents = [f"{name}-{number}" for name in AGENTS for number in range(10)]
    tasks = [f"c{number}" for number in range(150)]
    for agent in agents:
        pair.apply(_random_agent(chance, agent))
    for _ in range(1500):
        what = chance.choices(
            ("task_queued", "task_closed", "presence_set", "agent_put", "agent_deleted"), (50, 40, 8, 1.5, 0.5)
        )[0]
        pair.apply(_random_step(chance, what, agents, tasks))
    assert pair.dispatcher.pulled > 50, "the history must be long enough to exercise the queue"


def _random_agent(chance: random.Random, agent: str) -> Step:
    skills = {name: chance.randint(1, 3) for name in SKILLS if chance.random() < 0.4}
    teams = chance.sample(TEAMS, chance.randint(1, 2))
    return Step("agent_put", agent, {"teams": teams, "skills": skills, "capacity": chance.randint(1, 3)}, 1)


def _random_step(chance: random.Random, what: str, agents: list[str], tasks: list[str]) -> Step:
    if what == "agent_put":
        return _random_agent(chance, chance.choice(agents))
    if what == "presence_set":
        return Step(what, chance.choice(agents), {"status": chance.choice(("online", "online", "away"))}, 1)
    if what == "task_queued":
        body = {
            "team": chance.choice(TEAMS),
            "skills": {name: chance.randint(1, 3) for name in SKILLS if chance.random() < 0.2},
            "priority": chance.choice(PRIORITIES),
            "due": chance.choice((None, 1, 2)),
            "preferred": chance.choice((None, None, chance.choice(agents))),
        }
        return Step(what, chance.choice(tasks), body, chance.randint(0, 1))
    return Step(what, chance.choice(agents if what == "agent_deleted" else tasks), {}, chance.randint(0, 1))
