"""Simulates a call centre with the dispatcher: who is served in time, with how many skills an agent, and above full load.

`two_skills`: Wallace and Whitt, "A Staffing Algorithm for Call Centers with Skill-Based Routing" (2005), found that agents with two
skills each serve nearly as well as agents with all of them. 20 skills, 200 agents who do one thing at a time, mean service of five
minutes, load 0.92. With one skill each is a queue of its own, M/M/10, for which Erlang's formula says 0.38 within 60 s.

`overload`: four priorities at load 1.02, so that the queue grows without end; the most urgent must still be served in time.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from schemas.values import PRIORITIES, Priority
from services.router.dispatch.domain.dispatcher import Dispatcher
from services.router.dispatch.domain.outcomes import DispatchOutcome, TaskAssigned
from services.router.dispatch.domain.requirement import TaskRequirement
from services.router.dispatch.domain.values import Agent, Task

START = datetime(2026, 1, 1, tzinfo=UTC)
ONE_SKILL, TWO_SKILLS = 0.38, 0.88
"""The shares within `ANSWER_SECONDS` that are to be expected: about the first, at least the second."""
ANSWER_SECONDS = 60.0
SERVICE_SECONDS = 300.0
SKILLS, AGENTS, LOAD = 20, 200, 0.92

OVERLOAD, TIGHT_SHARE = 1.02, 0.92
"""The load, and the least share of the tightest class that is to be served in time."""
TARGETS: dict[Priority, float] = {"urgent": 60.0, "high": 300.0, "normal": 1800.0, "low": 7200.0}
SHARES: dict[Priority, float] = {"urgent": 0.1, "high": 0.2, "normal": 0.4, "low": 0.3}


@dataclass(slots=True)
class Centre:
    """A simulation: arrivals by chance, service times by chance; `waits` are the seconds of each task that was assigned."""

    chance: random.Random
    dispatcher: Dispatcher
    tasks: dict[str, Task] = field(default_factory=dict)
    waits: dict[str, float] = field(default_factory=dict)
    _leaving: list[tuple[float, str]] = field(default_factory=list)

    def staff(self, skills: list[dict[str, int]]) -> None:
        """Agents with these skills, one task at a time."""
        for number, levels in enumerate(skills):
            agent = Agent(f"a{number:04}", f"Agent {number}", frozenset({"default"}), levels, 1, "online")
            self.dispatcher.put_agent(agent, START)

    def run(self, arrivals: int, per_second: float, make: Callable[["Centre", str, datetime], Task]) -> None:
        """So many tasks arrive, at this rate."""
        seconds = 0.0
        for number in range(arrivals):
            seconds += self.chance.expovariate(per_second)
            self._leave_until(seconds)
            task = self.tasks[f"c{number:06}"] = make(self, f"c{number:06}", START + timedelta(seconds=seconds))
            self._note(seconds, self.dispatcher.enqueue(task, task.queued_at))

    def share_in_time(self, names: list[str], limit: float) -> float:
        """The share of these tasks that were assigned within so many seconds; those that still wait were not."""
        return sum(self.waits.get(name, limit + 1) <= limit for name in names) / len(names)

    def _leave_until(self, seconds: float) -> None:
        while self._leaving and self._leaving[0][0] <= seconds:
            at, name = heappop(self._leaving)
            self._note(at, self.dispatcher.close(name, START + timedelta(seconds=at)))

    def _note(self, seconds: float, outcomes: list[DispatchOutcome]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, TaskAssigned):
                name = outcome.task.id
                self.waits[name] = seconds - (self.tasks[name].queued_at - START).total_seconds()
                heappush(self._leaving, (seconds + self.chance.expovariate(1 / SERVICE_SECONDS), name))


def of_one_skill(centre: Centre, name: str, at: datetime) -> Task:
    """A task that needs one of the skills, each as likely."""
    skill = f"skill-{centre.chance.randrange(SKILLS):02}"
    return Task(name, TaskRequirement.of("default", {skill: 1}), "normal", at)


def of_priority(centre: Centre, name: str, at: datetime) -> Task:
    """A task that anybody may take, of a priority with a target."""
    priority = centre.chance.choices(PRIORITIES, [SHARES[priority] for priority in PRIORITIES])[0]
    due = at + timedelta(seconds=TARGETS[priority])
    return Task(name, TaskRequirement.of("default", {}), priority, at, due_at=due)


def answered(skills: int, arrivals: int = 25_000, seed: int = 1) -> float:
    """The share of tasks assigned within a minute, where each agent has so many of the skills."""
    centre = Centre(random.Random(seed), Dispatcher())
    # Each skill is the first of ten agents; the others are spread evenly over the rest.
    rings = [[(number + number // SKILLS * step + step) % SKILLS for step in range(skills)] for number in range(AGENTS)]
    centre.staff([{f"skill-{skill:02}": 1 for skill in ring} for ring in rings])
    centre.run(arrivals, LOAD * AGENTS / SERVICE_SECONDS, of_one_skill)
    # The first tasks find an empty house.
    return centre.share_in_time(list(centre.tasks)[arrivals // 6 :], ANSWER_SECONDS)


def overloaded(arrivals: int = 20_000, agents: int = AGENTS, seed: int = 1) -> dict[Priority, float]:
    """The share of tasks of each priority assigned within the target of the urgent ones, at a load above one."""
    centre = Centre(random.Random(seed), Dispatcher())
    centre.staff([{} for _ in range(agents)])
    centre.run(arrivals, OVERLOAD * agents / SERVICE_SECONDS, of_priority)
    names = {priority: [n for n, task in centre.tasks.items() if task.priority == priority] for priority in PRIORITIES}
    return {priority: centre.share_in_time(names[priority], TARGETS["urgent"]) for priority in PRIORITIES}
