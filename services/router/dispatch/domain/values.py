"""The values of dispatch: agents and tasks at one moment, and the sort keys of each.

Decisions depend on these values alone. Time enters by steps that are called for (`Task.advanced`), never by a comparison
with the clock in between, so that a dispatcher restored from documents is the same as the one that wrote them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from schemas.configuration import PresenceStatus
from schemas.values import PRIORITIES, Overflow, Priority, RelaxStep, WorkClass
from services.router.dispatch.domain.requirement import TaskRequirement
from services.router.dispatch.domain.work import NOTHING_IN_HAND, Work, WorkInHand, has_room, load

Availability = Literal["free", "presence", "capacity"]
"""Whether an agent may be assigned a further task of a kind now (`free`), or the filter that excludes it."""

LoadRank = tuple[float, datetime, str]
"""How free agents of equal `SkillMatch` are ordered: load ratio, resting since, id. The least comes first."""

PriorityKey = tuple[int, bool, datetime, datetime, str]
"""How tasks are ordered by priority: rank, live work before mail, due time, time of queueing, id. The least comes first."""

FifoKey = tuple[datetime, str]
"""How tasks are ordered by age: time of queueing, id. The least comes first."""

PASSED_SECONDS = 300.0
"""An agent who declined or missed the offer of a task is not offered it again for so long, while others could take it."""
OVERLOAD_FACTOR = 2
"""A returning customer may bring an agent above capacity, up to so many times the capacity."""

# In place of None, which cannot be compared: never assigned comes before all times, without due time after all.
DISTANT_PAST = datetime.min.replace(tzinfo=UTC)
NO_DUE = datetime.max.replace(tzinfo=UTC)
PRIORITY_RANK = {priority: rank for rank, priority in enumerate(PRIORITIES)}


class WrapUp(NamedTuple):
    """The units of a task that has ended are in use until a time, or until its agent says that all is done."""

    task: str
    work: Work
    until: datetime


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent at one moment. `capacity` and `in_hand` are in units; `limits` are the most units of a class.

    `call_blocks`: a call is the only live work at its time. `idle_since` is set while the agent is online without work.
    `assigned_at` is when it was last assigned a task. `missed_offers` counts the offers that it missed in a row; at
    `max_missed_offers` (None: never) the agent is set away. `reserved_for` is a task that is larger than its room: it is assigned
    nothing else until it has room for it. `is_finishing`: it goes on with what it has, and gets nothing new.
    `wrap_ups` use units too, though their tasks have ended.
    """

    id: str
    name: str
    teams: frozenset[str]
    skills: Mapping[str, int]
    capacity: int
    presence: PresenceStatus = "offline"
    in_hand: WorkInHand = NOTHING_IN_HAND
    idle_since: datetime | None = None
    assigned_at: datetime | None = None
    limits: Mapping[WorkClass, int] = field(default_factory=dict)
    call_blocks: bool = False
    missed_offers: int = 0
    max_missed_offers: int | None = None
    reserved_for: str | None = None
    is_finishing: bool = False
    wrap_ups: tuple[WrapUp, ...] = ()

    @property
    def load(self) -> int:
        """The units in use as they are shown; above `capacity` only by customers who came back, and by force."""
        return load(self.in_hand, self.capacity)

    @property
    def is_online(self) -> bool:
        return self.presence == "online"

    @property
    def takes_work(self) -> bool:
        """Whether it is there for further work."""
        return self.presence == "online" and not self.is_finishing

    @property
    def is_overloaded(self) -> bool:
        """Whether returning customers brought so much work that some of it has to go to others."""
        return self.in_hand.total > OVERLOAD_FACTOR * self.capacity

    @property
    def load_rank(self) -> LoadRank:
        """An idle agent rests since it became idle, a busy one since its last assignment."""
        return self.load / self.capacity, self.idle_since or self.assigned_at or DISTANT_PAST, self.id

    def availability(self, work: Work) -> Availability:
        if not self.takes_work:
            return "presence"
        return "free" if self.reserved_for is None and self.has_room(work) else "capacity"

    def has_room(self, work: Work) -> bool:
        """Whether capacity, class limits and calls allow this work, present or not."""
        return has_room(self.in_hand, work, self.capacity, self.limits, call_blocks=self.call_blocks)

    def is_kept_by_smaller_work(self, work: Work) -> bool:
        """Whether the room for this work is taken by other work in hand, and not by the limit of its class."""
        limit = self.limits.get(work.work_class)
        within = limit is None or (limit > 0 and self.in_hand.of(work.work_class) + min(work.units, limit) <= limit)
        # Mail yields; it has no claim on room.
        return within and work.work_class != "mail" and not self.has_room(work)

    def may_take(self, requirement: TaskRequirement) -> bool:
        """Whether teams and skills allow the task, and the agent is online: free or not."""
        return self.takes_work and requirement.is_satisfied_by(self.teams, self.skills)

    def with_task(self, work: Work, now: datetime) -> "Agent":
        """This agent with one more task, assigned at `now`."""
        return replace(self, in_hand=self.in_hand.plus(work), idle_since=None, assigned_at=now)

    def with_more(self, work: Work) -> "Agent":
        """This agent with more work of a task that it has already."""
        return replace(self, in_hand=self.in_hand.plus(work), idle_since=None)

    def without(self, work: Work, now: datetime) -> "Agent":
        """This agent with less work."""
        # The last task may be the end of its work: then it is idle from now on.
        return replace(self, in_hand=self.in_hand.minus(work)).with_idle_since(now)

    def with_idle_since(self, now: datetime) -> "Agent":
        """This agent with `idle_since` as its presence and work demand: `now` only if it has just become idle."""
        if self.presence != "online" or self.in_hand.total:
            return replace(self, idle_since=None)
        return self if self.idle_since else replace(self, idle_since=now)


@dataclass(frozen=True, slots=True)
class Task:
    """The routing side of an open conversation. `id` is the conversation's; the queue is ordered by `queued_at`.

    - `requirement` is what is asked now: after the steps of relaxation that were applied. `relax` are the steps to come.
    - `team` is the team to which the task was queued; the requirement may be open to more.
    - While `preferred_until` is set and the agent `preferred` is online and may take the task, it waits for that agent alone.
    - `passed` are the agents who declined or missed an offer of it, each with the time until which they are passed over.
    - `offer_seconds`: the time to accept an offer; None: the task is assigned without asking. `offers` counts the offers made.
    - `overflow` are the limits of its team's queue; None: it has none, or the task overflowed already.
    """

    id: str
    requirement: TaskRequirement
    priority: Priority
    queued_at: datetime
    due_at: datetime | None = None
    preferred: str | None = None
    team: str = ""
    preferred_until: datetime | None = None
    passed: tuple[tuple[str, datetime], ...] = ()
    relax: tuple[RelaxStep, ...] = ()
    offer_seconds: float | None = None
    offers: int = 0
    overflow: Overflow | None = None

    @property
    def work(self) -> Work:
        return self.requirement.work

    @property
    def home_team(self) -> str:
        return self.team or self.requirement.teams[0]

    @property
    def priority_key(self) -> PriorityKey:
        """By priority, live work before mail, then by due time (tasks without one last), then by time of queueing, then by id."""
        is_mail = self.requirement.work.work_class == "mail"
        return PRIORITY_RANK[self.priority], is_mail, self.due_at or NO_DUE, self.queued_at, self.id

    @property
    def fifo_key(self) -> FifoKey:
        """The task that has waited longest comes first."""
        return self.queued_at, self.id

    @property
    def is_conditional(self) -> bool:
        """Whether it may wait although somebody is free: for one agent, or for anybody but some."""
        return self.preferred_until is not None or bool(self.passed)

    @property
    def next_change(self) -> datetime | None:
        """When waiting longer changes what the task asks for, or of whom; None: it never does."""
        times = [until for _, until in self.passed]
        if self.preferred_until is not None:
            times.append(self.preferred_until)
        if self.relax:
            times.append(self._after(self.relax[0].after_seconds))
        if self.overflow is not None and self.overflow.max_wait_seconds is not None:
            times.append(self._after(self.overflow.max_wait_seconds))
        return min(times, default=None)

    def advanced(self, now: datetime) -> "Task":
        """This task with every change that is due by `now`."""
        after = self
        while after.relax and after._after(after.relax[0].after_seconds) <= now:
            after = after.relaxed()
        if after.preferred_until is not None and after.preferred_until <= now:
            after = replace(after, preferred_until=None)
        if any(until <= now for _, until in after.passed):
            after = replace(after, passed=tuple(entry for entry in after.passed if entry[1] > now))
        overflow = after.overflow
        if overflow is None or overflow.max_wait_seconds is None or after._after(overflow.max_wait_seconds) > now:
            return after
        return after.overflowed()

    def relaxed(self) -> "Task":
        """This task after its next step of relaxation."""
        step, *rest = self.relax
        return replace(self, team=self.home_team, requirement=self.requirement.relaxed(step), relax=tuple(rest))

    def overflowed(self) -> "Task":
        """This task, open to its overflow team too. A task overflows once."""
        if self.overflow is None:
            return self
        requirement = self.requirement.open_to(self.overflow.to_team)
        return replace(self, team=self.home_team, requirement=requirement, overflow=None)

    def passed_by(self, agent: str, now: datetime) -> "Task":
        """This task, not to be offered to this agent again for a while."""
        others = tuple(entry for entry in self.passed if entry[0] != agent)
        until = now + timedelta(seconds=PASSED_SECONDS)
        # An agent who passed it on is not waited for.
        waits = None if agent == self.preferred else self.preferred_until
        return replace(self, passed=tuple(sorted((*others, (agent, until)))), preferred_until=waits)

    def preferring(self, agent: str, now: datetime, seconds: float | None) -> "Task":
        """This task, waiting for this agent for so many seconds; None: the agent comes first if it is free, no longer."""
        until = None if seconds is None else now + timedelta(seconds=seconds)
        return replace(self, preferred=agent, preferred_until=until)

    def _after(self, seconds: float) -> datetime:
        return self.queued_at + timedelta(seconds=seconds)
