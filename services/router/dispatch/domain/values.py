"""The values of dispatch: agents, tasks, their requirements, and the sort keys of each."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from schemas.configuration import PresenceStatus
from schemas.values import PRIORITIES, Priority

Availability = Literal["free", "presence", "capacity"]
"""Whether an agent takes work now; if not, the filter that says so."""

LoadRank = tuple[float, datetime, str]
"""How free agents of equal fit are ordered: load ratio, rested since, id. The least comes first."""

SkillMatch = tuple[int, int]
"""How well skills fit a need: surplus over the minimums, rare skills that would lie idle. The least comes first."""

PriorityKey = tuple[int, datetime, datetime, str]
FifoKey = tuple[datetime, str]

SCARCE_SKILL_SHARE = 4
DISTANT_PAST = datetime.min.replace(tzinfo=UTC)
NO_DUE = datetime.max.replace(tzinfo=UTC)
PRIORITY_RANK = {priority: place for place, priority in enumerate(PRIORITIES)}


@dataclass(frozen=True, slots=True)
class TaskRequirement:
    """A task's requirement. `skills` are (name, minimum), sorted by name, so that equal requirements are equal values."""

    team: str
    skills: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, team: str, skills: Mapping[str, int]) -> "TaskRequirement":
        return cls(team, tuple(sorted(skills.items())))

    def is_satisfied_by(self, teams: Set[str], skills: Mapping[str, int]) -> bool:
        """Whether somebody of these teams with these proficiencies may take it at all."""
        return self.team in teams and self.skilled(skills)

    def skilled(self, skills: Mapping[str, int]) -> bool:
        return all(skills.get(name, 0) >= minimum for name, minimum in self.skills)

    def fit(self, skills: Mapping[str, int], rare: Set[str]) -> SkillMatch:
        """The fit of somebody who is skilled; `rare` are the skills that few hold."""
        surplus = sum(skills[name] - minimum for name, minimum in self.skills)
        required = {name for name, _ in self.skills}
        return surplus, sum(1 for name in skills if name in rare and name not in required)


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent at one moment. `load` and `capacity` are in units; a task is one unit.

    `idle_since` is given while online with nothing in use; `assigned_at` is when a task was last given.
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
    def situation(self) -> Availability:
        if self.presence != "online":
            return "presence"
        return "free" if self.load < self.capacity else "capacity"

    @property
    def load_rank(self) -> LoadRank:
        """Rested since: when it became idle, or for somebody with work in hand when the last of it was given."""
        return self.load / self.capacity, self.idle_since or self.assigned_at or DISTANT_PAST, self.id

    def with_task(self, now: datetime) -> "Agent":
        """With one more unit in use."""
        return replace(self, load=self.load + 1, idle_since=None, assigned_at=now)

    def without_task(self, now: datetime) -> "Agent":
        """With one unit less in use."""
        return replace(self, load=self.load - 1).with_idle_since(now)

    def with_idle_since(self, now: datetime) -> "Agent":
        """With `idle_since` as it must be: kept while idle, begun now if just become so, else None."""
        if self.presence != "online" or self.load:
            return replace(self, idle_since=None)
        return self if self.idle_since else replace(self, idle_since=now)


@dataclass(frozen=True, slots=True)
class Task:
    """The routing side of an open conversation. `id` is the conversation's; `queued_at` its place in the queue."""

    id: str
    need: TaskRequirement
    priority: Priority
    queued_at: datetime
    due_at: datetime | None = None
    preferred: str | None = None

    @property
    def order(self) -> PriorityKey:
        """Strict by priority, then by due time (none last), then arrival, then id."""
        return PRIORITY_RANK[self.priority], self.due_at or NO_DUE, self.queued_at, self.id

    @property
    def age(self) -> FifoKey:
        """The longest waiting first."""
        return self.queued_at, self.id


def rare_skills(holders: Mapping[str, int], agents: int) -> frozenset[str]:
    """Skills that at most a quarter of the workspace's agents hold, present or not; one holder is always few."""
    few = max(1, agents // SCARCE_SKILL_SHARE)
    return frozenset(name for name, count in holders.items() if 0 < count <= few)
