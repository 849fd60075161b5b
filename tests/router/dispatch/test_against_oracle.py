"""The dispatcher decides, ranks and counts like a reference that compares all agents and sorts all tasks."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given

from schemas.values import PRIORITIES
from services.router.dispatch.domain.dispatcher import Dispatcher, DispatchOutcome, TaskAssigned, Unmatched
from services.router.dispatch.domain.values import Agent, Task, TaskRequirement
from tests.examples import examples
from tests.fakes import START
from tests.router.dispatch.oracle import ReferenceDispatcher, ReferenceOutcome
from tests.router.dispatch.strategies import AGENTS, SKILLS, TEAMS, Step, agent_of, histories, task_of


class Pair:
    """A dispatcher and an oracle that get the same steps and must decide the same."""

    def __init__(self, fifo_reserve_interval: int) -> None:
        self.dispatcher = Dispatcher(fifo_reserve_interval=fifo_reserve_interval)
        self.oracle = ReferenceDispatcher(fifo_reserve_interval=fifo_reserve_interval)
        self.now = START

    def agent(self, agent: str) -> Agent | None:
        assert self.dispatcher.agent_index.agents.get(agent) == self.oracle.agents.get(agent)
        return self.oracle.agents.get(agent)

    def open_task(self, task: str) -> Task | None:
        return self.oracle.waiting.get(task) or self.oracle.assigned.get(task, (None, ""))[0]

    def apply(self, step: Step) -> list[ReferenceOutcome]:
        self.now += timedelta(seconds=step.later)
        outcomes = {
            "task_queued": self._queued,
            "task_changed": self._changed,
            "task_closed": self._closed,
            "agent_put": self._put,
            "agent_deleted": self._deleted,
            "presence_set": self._presence,
        }[step.what](step, self.now)
        self.check()
        return outcomes

    def _queued(self, step: Step, now: datetime) -> list[ReferenceOutcome]:
        task = task_of(step, now)
        return self._same(self.dispatcher.enqueue(task, now), self.oracle.enqueue(task, now))

    def _changed(self, step: Step, now: datetime) -> list[ReferenceOutcome]:
        current = self.open_task(step.who)
        if current is None:
            return []
        body = step.body
        minimums = dict(current.requirement.skills) if body["skills"] is None else body["skills"]
        requirement = TaskRequirement.of(body["team"] or current.requirement.team, minimums)
        due = current.due_at if body["due"] is None else now + timedelta(minutes=body["due"])
        task = replace(current, requirement=requirement, priority=body["priority"] or current.priority, due_at=due)
        return self._same(self.dispatcher.change(task, now), self.oracle.change(task, now))

    def _closed(self, step: Step, now: datetime) -> list[ReferenceOutcome]:
        return self._same(self.dispatcher.close(step.who, now), self.oracle.close(step.who, now))

    def _put(self, step: Step, now: datetime) -> list[ReferenceOutcome]:
        known, fresh = self.agent(step.who), agent_of(step)
        if known is not None:
            fresh = replace(known, teams=fresh.teams, skills=fresh.skills, capacity=fresh.capacity)
        return self._same(self.dispatcher.put_agent(fresh, now), self.oracle.put_agent(fresh, now))

    def _presence(self, step: Step, now: datetime) -> list[ReferenceOutcome]:
        known = self.agent(step.who)
        if known is None:
            return []
        agent = replace(known, presence=step.body["status"])
        return self._same(self.dispatcher.put_agent(agent, now), self.oracle.put_agent(agent, now))

    def _deleted(self, step: Step, now: datetime) -> list[ReferenceOutcome]:
        if self.agent(step.who) is None:
            return []
        return self._same(self.dispatcher.remove_agent(step.who, now), self.oracle.remove_agent(step.who, now))

    def _same(self, outcomes: list[DispatchOutcome], expected: list[ReferenceOutcome]) -> list[ReferenceOutcome]:
        assert [_comparable(outcome) for outcome in outcomes] == expected
        assert self.dispatcher.pulled == self.oracle.pulled
        return expected

    def check(self) -> None:
        """The invariants that hold after every step."""
        loads = dict.fromkeys(self.oracle.agents, 0)
        for task, agent in self.oracle.assigned.values():
            loads[agent] += 1
            assert task.id not in self.oracle.waiting
        assert loads == {agent.id: agent.load for agent in self.dispatcher.agent_index.agents.values()}
        assert self.dispatcher.queue.tasks == self.oracle.waiting
        for task in self.oracle.waiting.values():
            assert self.oracle.ranked(task) == [], "an agent is free for a waiting task"


def _comparable(outcome: DispatchOutcome) -> ReferenceOutcome:
    if isinstance(outcome, TaskAssigned):
        eligible = [c.agent for c in outcome.explanation.candidates if c.eligible]
        return "assigned", outcome.task.id, outcome.agent, eligible, outcome.explanation.excluded
    if isinstance(outcome, Unmatched):
        return "waiting", outcome.task.id, None, [], outcome.explanation.excluded
    return "requeued", outcome.task.id, outcome.agent, [], {}


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
            requirement = pair.oracle.assigned[task][0].requirement
            assert agent == eligible[0]
            assert requirement.team in holder.teams
            assert all(holder.skills[name] >= minimum for name, minimum in requirement.skills)
            assert holder.presence == "online"
            assert holder.load <= holder.capacity


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
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
