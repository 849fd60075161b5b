"""The values of dispatch: agents, tasks, their requirements, and the sort keys of each."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from schemas.configuration import PresenceStatus
from schemas.values import PRIORITIES, Priority

Availability = Literal["free", "presence", "capacity"]
"""Whether an agent takes a further task now (`free`), or the filter that excludes it."""

LoadRank = tuple[float, datetime, str]
"""How free agents of equal `SkillMatch` are ordered: load ratio, resting since, id. The least comes first."""

SkillMatch = tuple[int, int]
"""How well skills match a requirement: the levels above the minimums, the rare skills that it leaves unused. Least first."""

PriorityKey = tuple[int, datetime, datetime, str]
"""How tasks are ordered by priority: rank, due time, time of queueing, id. The least comes first."""

FifoKey = tuple[datetime, str]
"""How tasks are ordered by age: time of queueing, id. The least comes first."""

RARE_SKILL_SHARE = 4
"""A skill is rare when at most one in this many agents has it."""
# In place of None, which cannot be compared: never assigned comes before all times, without due time after all.
DISTANT_PAST = datetime.min.replace(tzinfo=UTC)
NO_DUE = datetime.max.replace(tzinfo=UTC)
PRIORITY_RANK = {priority: rank for rank, priority in enumerate(PRIORITIES)}


@dataclass(frozen=True, slots=True)
class TaskRequirement:
    """A task's requirement. `skills` are (name, minimum), sorted by name, so that equal requirements are equal values."""

    team: str
    skills: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, team: str, skills: Mapping[str, int]) -> "TaskRequirement":
        return cls(team, tuple(sorted(skills.items())))

    def is_satisfied_by(self, teams: Set[str], skills: Mapping[str, int]) -> bool:
        """Whether an agent of these teams and skill levels may take the task, free or not."""
        return self.team in teams and self.is_met_by_skills(skills)

    def is_met_by_skills(self, skills: Mapping[str, int]) -> bool:
        return all(skills.get(name, 0) >= minimum for name, minimum in self.skills)

    def match(self, skills: Mapping[str, int], rare_skills: Set[str]) -> SkillMatch:
        """How well skills match. They must meet the requirement: a missing one raises KeyError."""
        surplus = sum(skills[name] - minimum for name, minimum in self.skills)
        required = {name for name, _ in self.skills}
        return surplus, sum(1 for name in skills if name in rare_skills and name not in required)


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent at one moment. `load` and `capacity` are in units; a task is one unit.

    `idle_since` is set while the agent is online without a task. `assigned_at` is when it was last assigned one.
    """

    id: str
    name: str
    teams: frozenset[str]
    skills: Mapping[str, int]
    capacity: int
    presence: PresenceStatus = "offline"
    load: int = 0
    idle_since: datetime | None = None
    assigned_at: datetime | None = None

    @property
    def availability(self) -> Availability:
        if self.presence != "online":
            return "presence"
        return "free" if self.load < self.capacity else "capacity"

    @property
    def load_rank(self) -> LoadRank:
        """An idle agent rests since it became idle, a busy one since its last assignment."""
        return self.load / self.capacity, self.idle_since or self.assigned_at or DISTANT_PAST, self.id

    def with_task(self, now: datetime) -> "Agent":
        """This agent with one more task, assigned at `now`."""
        return replace(self, load=self.load + 1, idle_since=None, assigned_at=now)

    def without_task(self, now: datetime) -> "Agent":
        """This agent with one task less."""
        # The last task may be the end of its work: then it is idle from now on.
        return replace(self, load=self.load - 1).with_idle_since(now)

    def with_idle_since(self, now: datetime) -> "Agent":
        """This agent with `idle_since` as its presence and load demand: `now` only if it has just become idle."""
        if self.presence != "online" or self.load:
            return replace(self, idle_since=None)
        return self if self.idle_since else replace(self, idle_since=now)


@dataclass(frozen=True, slots=True)
class Task:
    """The routing side of an open conversation. `id` is the conversation's; the queue is ordered by `queued_at`."""

    id: str
    requirement: TaskRequirement
    priority: Priority
    queued_at: datetime
    due_at: datetime | None = None
    preferred: str | None = None

    @property
    def priority_key(self) -> PriorityKey:
        """By priority, then by due time (tasks without one last), then by time of queueing. The id decides ties."""
        return PRIORITY_RANK[self.priority], self.due_at or NO_DUE, self.queued_at, self.id

    @property
    def fifo_key(self) -> FifoKey:
        """The task that has waited longest comes first."""
        return self.queued_at, self.id


def find_rare_skills(agents_per_skill: Mapping[str, int], agents: int) -> frozenset[str]:
    """The skills of at most a quarter of the agents, online or not. A skill of a single agent is always rare."""
    maximum = max(1, agents // RARE_SKILL_SHARE)
    return frozenset(name for name, count in agents_per_skill.items() if 0 < count <= maximum)
