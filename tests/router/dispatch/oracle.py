"""The rules of dispatch in the plainest form: compare all agents, sort all tasks. Slow, and easy to check by reading."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from schemas.values import RelaxStep, WorkClass
from services.router.dispatch.domain.requirement import TaskRequirement
from services.router.dispatch.domain.values import DISTANT_PAST, NO_DUE, PRIORITY_RANK, Agent, Task

ReferenceOutcome = tuple[str, str, str | None, list[str], dict[str, int]]
"""What happened to which task, the agent, the eligible agents by rank (at most ten), the excluded per filter."""

CHAT = Task("", TaskRequirement.of("", {}), "normal", DISTANT_PAST)
FILTERS = ("team", "skills", "presence", "capacity", "offer", "preferred")


class ReferenceRefused(Exception):
    """As `DispatchRefused`: the code."""


@dataclass
class Place:
    """Where a task is, as `Placement`. `expires_at`: it is offered."""

    task: Task
    agent: str | None = None
    counting: bool = True
    expires_at: datetime | None = None

    @property
    def waits(self) -> bool:
        return self.agent is None and self.counting


@dataclass
class ReferenceDispatcher:
    """Has the methods of `Dispatcher`, to be compared call by call. Agents' work in hand is added up from the tasks each time."""

    pulled: int = 0
    fifo_reserve_interval: int = 10
    agents: dict[str, Agent] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    # -- tasks ------------------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> dict[str, Task]:
        return {name: place.task for name, place in self.places.items() if place.waits}

    def enqueue(self, task: Task, now: datetime) -> list[ReferenceOutcome]:
        return [] if task.id in self.places else self.match(task, now)

    def change(self, task: Task, now: datetime) -> list[ReferenceOutcome]:
        place = self.places.get(task.id)
        if place is None:
            return []
        before, place.task = place.task, task
        if place.waits:
            return [] if before.requirement == task.requirement else self.rematch(task, now)
        if before.team == task.team or place.agent is None:
            return []
        return self.take_from_agent(place, now, task)

    def close(self, task: str, now: datetime) -> list[ReferenceOutcome]:
        place = self.places.get(task)
        if place is None:
            return []
        self.vacate(place, now)
        return [*self.withdrawn(place), *(self.pull_next(place.agent, now) if place.agent else [])]

    def advance(self, task: str, now: datetime) -> list[ReferenceOutcome]:
        place = self.places.get(task)
        if place is None:
            return []
        if place.expires_at is not None:
            return self.end_offer(place, "expired", None, now) if place.expires_at <= now else []
        due = [at for at in self.changes_at(place.task) if at <= now] if place.waits else []
        if not due:
            return []
        overflow, after = place.task.overflow, place.task
        while after.relax and self.since(after, after.relax[0].after_seconds) <= now:
            after = self.relaxed(after)
        if after.preferred_until and after.preferred_until <= now:
            after = replace(after, preferred_until=None)
        after = replace(after, passed=tuple((agent, until) for agent, until in after.passed if until > now))
        outcomes: list[ReferenceOutcome] = []
        if overflow and overflow.max_wait_seconds and self.since(after, overflow.max_wait_seconds) <= now:
            after = self.overflowed(after)
            outcomes.append(("overflowed", task, None, [], {}))
        place.task = after
        return [*outcomes, *self.rematch(after, now)]

    def changes_at(self, task: Task) -> list[datetime]:
        """The times at which waiting longer changes something."""
        waits = task.overflow.max_wait_seconds if task.overflow else None
        return [
            *(until for _, until in task.passed),
            *([task.preferred_until] if task.preferred_until else []),
            *(self.since(task, step.after_seconds) for step in task.relax),
            *([self.since(task, waits)] if waits else []),
        ]

    # -- offers -----------------------------------------------------------------------------------------------------

    def accept(self, task: str, agent: str, at: datetime, now: datetime) -> list[ReferenceOutcome]:
        place = self.offered(task, agent)
        if place.expires_at is not None and at >= place.expires_at:
            raise ReferenceRefused("offer_ended")
        return self.accepted(place)

    def decline(self, task: str, agent: str, reason: str | None, now: datetime) -> list[ReferenceOutcome]:
        return self.end_offer(self.offered(task, agent), "declined", reason, now)

    def offered(self, task: str, agent: str) -> Place:
        place = self.places.get(task)
        if place is None or place.expires_at is None or place.agent != agent:
            raise ReferenceRefused("offer_ended")
        return place

    def accepted(self, place: Place) -> list[ReferenceOutcome]:
        agent = str(place.agent)
        place.expires_at, place.task = None, replace(place.task, preferred_until=None)
        self.agents[agent] = replace(self.agents[agent], missed_offers=0)
        return [("accepted", place.task.id, agent, [], {}), ("assigned", place.task.id, agent, [], {})]

    def end_offer(self, place: Place, why: str, reason: str | None, now: datetime) -> list[ReferenceOutcome]:
        agent, before = str(place.agent), self.conditional()
        self.vacate(place, now)
        is_away = (why == "expired" or reason is None) and self.miss(agent, now)
        task = self.passed_by(place.task, agent, now)
        if task.relax and not self.audience(task)[1]:
            task = self.relaxed(task)
        ended: ReferenceOutcome = (why, task.id, agent, [], {})
        if is_away:
            return [ended, ("away", agent, agent, [], {}), *self.match_in_order([task], now, before)]
        return [ended, *self.match_again(task, agent, now)]

    def withdrawn(self, place: Place) -> list[ReferenceOutcome]:
        return [("withdrawn", place.task.id, place.agent, [], {})] if place.expires_at is not None else []

    def set_aside(self, task: Task) -> list[ReferenceOutcome]:
        if task.id not in self.places:
            self.places[task.id] = Place(task, counting=False)
        return []

    # -- decisions of people ----------------------------------------------------------------------------------------

    def claim(
        self, task: str, agent: str, taken_from: str | None, now: datetime, over_capacity: bool
    ) -> list[ReferenceOutcome]:
        place = self.places.get(task)
        if place is None:
            raise ReferenceRefused("unknown_task")
        if agent not in self.agents:
            raise ReferenceRefused("unknown_agent")
        if place.agent == agent:
            return self.accepted(place) if place.expires_at is not None else []
        if place.agent != taken_from:
            raise ReferenceRefused("held")
        if not over_capacity and not self.has_room(self.agents[agent], place.task):
            raise ReferenceRefused("over_capacity")
        return self.hand_over(place, agent, now)

    def force_assign(self, task: str, agent: str, now: datetime) -> list[ReferenceOutcome]:
        place = self.places.get(task)
        if place is None:
            return []
        if agent not in self.agents:
            self.vacate(place, now)
            returned = [*self.withdrawn(place), ("requeued", task, agent, [], {})]
            if place.agent is None:
                return [*returned, *self.match(place.task, now)]
            return [*returned, *self.match_again(place.task, place.agent, now)]
        if place.agent == agent and not place.counting:
            place.counting = True
            self.update_idle(agent, now)
            return [("resumed", task, agent, [], {})]
        if place.agent == agent:
            return self.accepted(place) if place.expires_at is not None else []
        return self.hand_over(place, agent, now)

    def hand_over(self, place: Place, agent: str, now: datetime) -> list[ReferenceOutcome]:
        before = self.vacate(place, now)
        self.give(replace(place.task, preferred_until=None), agent, now)
        outcome: ReferenceOutcome = ("assigned", place.task.id, agent, [], {})
        return [*self.withdrawn(place), outcome, *(self.pull_next(before, now) if before else [])]

    # -- units over time --------------------------------------------------------------------------------------------

    def pause(self, task: str, now: datetime) -> list[ReferenceOutcome]:
        place = self.places.get(task)
        if place is None or not place.counting:
            return []
        outcomes = self.withdrawn(place)
        before = place.agent
        if place.expires_at is not None:
            place.agent = place.expires_at = None
        place.counting = False
        if before is None:
            return []
        self.update_idle(before, now)
        return [*outcomes, *self.pull_next(before, now)]

    def resume(self, task: str, now: datetime, seconds: float | None) -> list[ReferenceOutcome]:
        place = self.places.get(task)
        if place is None or place.counting:
            return []
        if place.agent is None:
            return self.match(place.task, now)
        place.counting = True
        agent = self.agents[place.agent]
        if agent.presence == "online" and sum(self.in_hand(agent.id).values()) <= 2 * agent.capacity:
            self.update_idle(agent.id, now)
            return [("resumed", task, agent.id, [], {})]
        self.update_idle(agent.id, now)
        return self.give_back([task], now, seconds)

    def give_back(
        self, tasks: Iterable[str], now: datetime, seconds: float | None, missed: bool = False
    ) -> list[ReferenceOutcome]:
        outcomes: list[ReferenceOutcome] = []
        held = [self.places[task] for task in tasks if task in self.places and self.places[task].agent]
        for place in sorted(held, key=lambda place: self.priority_key(place.task)):
            agent = str(place.agent)
            until = None if seconds is None else now + timedelta(seconds=seconds)
            task = replace(place.task, preferred=agent, preferred_until=until)
            outcomes += self.take_from_agent(place, now, self.passed_by(task, agent, now) if missed else task, missed)
        return outcomes

    def take_from_agent(self, place: Place, now: datetime, task: Task, missed: bool = False) -> list[ReferenceOutcome]:
        before = self.conditional()
        agent = self.vacate(place, now)
        assert agent is not None
        returned = self.withdrawn(place) or [("requeued", task.id, agent, [], {})]
        if missed and self.miss(agent, now):
            return [*returned, ("away", agent, agent, [], {}), *self.match_in_order([task], now, before)]
        return [*returned, *self.match_again(task, agent, now)]

    def miss(self, agent: str, now: datetime) -> bool:
        """The agent missed one more. Whether it is set away by that."""
        stored = self.agents[agent]
        missed, maximum = stored.missed_offers + 1, stored.max_missed_offers
        is_away = stored.presence == "online" and maximum is not None and missed >= maximum
        self.agents[agent] = replace(stored, missed_offers=missed, presence="away" if is_away else stored.presence)
        self.update_idle(agent, now)
        return is_away

    # -- agents -----------------------------------------------------------------------------------------------------

    def put_agent(self, agent: Agent, now: datetime) -> list[ReferenceOutcome]:
        before = self.conditional()
        self.agents[agent.id] = agent
        self.update_idle(agent.id, now)
        return self.pull_next(agent.id, now, self.concerned(before))

    def remove_agent(self, agent: str, now: datetime) -> list[ReferenceOutcome]:
        before = self.conditional()
        places = [place for place in self.places.values() if place.agent == agent]
        places.sort(key=lambda place: self.priority_key(place.task))
        outcomes: list[ReferenceOutcome] = []
        for place in places:
            del self.places[place.task.id]
            outcomes += self.withdrawn(place) or [("requeued", place.task.id, agent, [], {})]
        del self.agents[agent]
        return [*outcomes, *self.match_in_order([place.task for place in places], now, before)]

    def finish(self, now: datetime) -> list[ReferenceOutcome]:
        """The last step of every call: agents pull again whose reserved task is gone, or is for others now."""
        reservations = {str(a.reserved_for): a.id for a in self.agents.values() if a.reserved_for}
        for task, agent in sorted(reservations.items()):
            if not self.stands(self.agents[agent], task):
                self.agents[agent] = replace(self.agents[agent], reserved_for=None)
                return [*self.pull_next(agent, now), *self.finish(now)]
        return []

    def stands(self, agent: Agent, task: str) -> bool:
        """Whether a reservation of an agent for a task holds: the task waits, and only smaller work is in its way."""
        waiting = self.waiting.get(task)
        if waiting is None or not self.able(agent, waiting):
            return False
        only, passed = self.audience(waiting)
        if agent.id in passed or only not in (None, agent.id):
            return False
        return self.has_room(agent, waiting) or self.is_kept(agent, waiting)

    def is_kept(self, agent: Agent, task: Task) -> bool:
        work_class, size = task.work
        limit = agent.limits.get(work_class)
        used = self.in_hand(agent.id)[work_class]
        within = limit is None or (limit > 0 and used + min(size, limit) <= limit)
        return within and work_class != "mail" and not self.has_room(agent, task)

    def passed_over(self, agent: Agent) -> Task | None:
        """The oldest task that is too large for an agent who has room for one chat, unless somebody is reserved for it."""
        if not self.has_room(agent, CHAT):
            return None
        larger = []
        for task in self.waiting.values():
            only, passed = self.audience(task)
            is_asked = agent.id not in passed and only in (None, agent.id)
            if self.able(agent, task) and is_asked and self.is_kept(agent, task):
                larger.append(task)
        oldest = min(larger, key=lambda task: (task.queued_at, task.id), default=None)
        reserved = {other.reserved_for for other in self.agents.values()}
        return oldest if oldest is not None and oldest.id not in reserved else None

    # -- moves ------------------------------------------------------------------------------------------------------

    def match(self, task: Task, now: datetime) -> list[ReferenceOutcome]:
        ranked = self.ranked(task)
        if ranked:
            return [self.place(task, ranked[0], now)]
        full = task.overflow.max_waiting if task.overflow else None
        others = [t for t in self.waiting.values() if t.team == task.team and t.overflow and t.id != task.id]
        if full is not None and len(others) >= full:
            return [("overflowed", task.id, None, [], {}), *self.match(self.overflowed(task), now)]
        self.places[task.id] = Place(task)
        return [("waiting", task.id, None, [], self.excluded(task))]

    def rematch(self, task: Task, now: datetime) -> list[ReferenceOutcome]:
        ranked = self.ranked(task)
        return [self.place(task, ranked[0], now)] if ranked else [("waiting", task.id, None, [], self.excluded(task))]

    def match_again(self, task: Task, freed: str, now: datetime) -> list[ReferenceOutcome]:
        self.places[task.id] = Place(task)
        outcomes = self.pull_next(freed, now, [task])
        return [*outcomes, *(self.match(task, now) if self.places[task.id].waits else [])]

    def match_waiting(self, tasks: Sequence[Task], now: datetime, but: str | None = None) -> list[ReferenceOutcome]:
        outcomes = []
        for task in tasks:
            ranked = self.ranked(task) if self.places[task.id].waits else []
            if ranked and ranked[0] != but:
                outcomes.append(self.place(task, ranked[0], now))
        return outcomes

    def match_in_order(
        self, tasks: list[Task], now: datetime, before: dict[str, tuple[str | None, set[str]]]
    ) -> list[ReferenceOutcome]:
        for task in tasks:
            self.places[task.id] = Place(task)
        outcomes: list[ReferenceOutcome] = []
        placed = {task.id for task in tasks}
        concerned = [task for task in self.concerned(before) if task.id not in placed]
        for task in sorted((*tasks, *concerned), key=self.priority_key):
            outcomes += self.match(task, now) if task.id in placed else self.match_waiting([task], now)
        return outcomes

    def conditional(self) -> dict[str, tuple[str | None, set[str]]]:
        return {name: self.audience(task) for name, task in self.waiting.items()}

    def concerned(self, before: dict[str, tuple[str | None, set[str]]]) -> list[Task]:
        """The waiting tasks that others may take than before, in priority order."""
        changed = [t for name, t in self.waiting.items() if name in before and before[name] != self.audience(t)]
        return sorted(changed, key=self.priority_key)

    def pull_next(self, agent: str, now: datetime, contested: Sequence[Task] = ()) -> list[ReferenceOutcome]:
        """The agent takes what comes first; others may be free for the tasks `contested`, and get those that they fit better."""
        outcomes = []
        while True:
            outcomes += self.match_waiting(contested, now, but=agent)
            is_online = agent in self.agents and self.agents[agent].presence == "online"
            task = self.next_for(self.agents[agent]) if is_online else None
            if task is None:
                return [*outcomes, *self.match_waiting(contested, now)]
            assert self.ranked(task)[0] == agent, "a better agent was free for a task that waited"
            outcomes.append(self.place(task, agent, now))

    def next_for(self, agent: Agent) -> Task | None:
        """The task that an agent takes next from the queue; counts turns and makes reservations."""
        if agent.reserved_for is not None:
            task = self.waiting.get(agent.reserved_for)
            if task is None or not self.stands(agent, task.id) or not self.has_room(agent, task):
                return None
            self.agents[agent.id] = replace(agent, reserved_for=None)
            return task
        allowed = [task for task in self.waiting.values() if self.may_take(agent, task)]
        oldest = min(allowed, key=lambda t: (t.queued_at, t.id), default=None)
        larger = self.passed_over(agent)
        is_turn = (self.pulled + 1) % self.fifo_reserve_interval == 0
        if is_turn and larger and (not oldest or (larger.queued_at, larger.id) < (oldest.queued_at, oldest.id)):
            self.pulled += 1
            self.agents[agent.id] = replace(agent, reserved_for=larger.id)
            return None
        if not allowed:
            self.pulled += larger is not None
            return None
        self.pulled += 1
        return oldest if is_turn else min(allowed, key=self.priority_key)

    def place(self, task: Task, agent: str, now: datetime) -> ReferenceOutcome:
        what = "assigned" if task.offer_seconds is None else "offered"
        outcome: ReferenceOutcome = what, task.id, agent, self.ranked(task)[:10], self.excluded(task)
        if task.offer_seconds is None:
            self.give(replace(task, preferred_until=None), agent, now)
        else:
            self.give(replace(task, offers=task.offers + 1), agent, now)
            self.places[task.id].expires_at = now + timedelta(seconds=task.offer_seconds)
        return outcome

    def give(self, task: Task, agent: str, now: datetime) -> None:
        self.places[task.id] = Place(task, agent)
        self.agents[agent] = replace(self.agents[agent], idle_since=None, assigned_at=now)

    def vacate(self, place: Place, now: datetime) -> str | None:
        del self.places[place.task.id]
        if place.agent is not None:
            self.update_idle(place.agent, now)
        return place.agent

    def update_idle(self, agent: str, now: datetime) -> None:
        stored = self.agents[agent]
        idle = stored.presence == "online" and not any(self.in_hand(agent).values())
        self.agents[agent] = replace(stored, idle_since=(stored.idle_since or now) if idle else None)

    # -- what waiting changes ---------------------------------------------------------------------------------------

    @staticmethod
    def since(task: Task, seconds: float) -> datetime:
        return task.queued_at + timedelta(seconds=seconds)

    @staticmethod
    def relaxed(task: Task) -> Task:
        step: RelaxStep = task.relax[0]
        skills = {name: minimum for name, minimum in task.requirement.skills if name not in step.drop_skills}
        skills |= {name: minimum for name, minimum in step.skills.items() if name not in step.drop_skills}
        requirement = TaskRequirement.of({*task.requirement.teams, *step.add_teams}, skills, task.work)
        return replace(task, requirement=requirement, relax=task.relax[1:])

    @staticmethod
    def overflowed(task: Task) -> Task:
        assert task.overflow is not None
        teams = {*task.requirement.teams, task.overflow.to_team}
        requirement = TaskRequirement.of(teams, dict(task.requirement.skills), task.work)
        return replace(task, requirement=requirement, overflow=None)

    @staticmethod
    def passed_by(task: Task, agent: str, now: datetime) -> Task:
        passed = {**dict(task.passed), agent: now + timedelta(seconds=300)}
        until = None if task.preferred == agent else task.preferred_until
        return replace(task, passed=tuple(sorted(passed.items())), preferred_until=until)

    # -- who may take what ------------------------------------------------------------------------------------------

    @staticmethod
    def priority_key(task: Task) -> tuple[int, bool, datetime, datetime, str]:
        is_mail = task.work.work_class == "mail"
        return PRIORITY_RANK[task.priority], is_mail, task.due_at or NO_DUE, task.queued_at, task.id

    def in_hand(self, agent: str) -> dict[WorkClass, int]:
        units: dict[WorkClass, int] = {"chat": 0, "mail": 0, "call": 0, "public": 0}
        for place in self.places.values():
            if place.agent == agent and place.counting:
                units[place.task.work.work_class] += place.task.work.units
        return units

    def load(self, agent: Agent) -> int:
        units = self.in_hand(agent.id)
        live = units["chat"] + units["call"] + units["public"]
        return live + min(units["mail"], max(0, agent.capacity - live))

    def has_room(self, agent: Agent, task: Task) -> bool:
        units, (work_class, size) = self.in_hand(agent.id), task.work
        live = units["chat"] + units["call"] + units["public"]
        used = live + units["mail"] if work_class == "mail" else live
        limit = agent.limits.get(work_class)
        if limit is not None and (not limit or units[work_class] + min(size, limit) > limit):
            return False
        if agent.call_blocks and work_class != "mail" and (units["call"] or (work_class == "call" and live)):
            return False
        return used + min(size, agent.capacity) <= agent.capacity

    def able(self, agent: Agent, task: Task) -> bool:
        return self.failed(agent, task) in (None, "capacity")

    def audience(self, task: Task) -> tuple[str | None, set[str]]:
        """The one agent who may take the task, or those who may not, of all that are able to."""
        if not task.passed and not task.preferred_until:
            return None, set()
        able = {agent.id for agent in self.agents.values() if self.able(agent, task)}
        passed = {agent for agent, _ in task.passed} & able
        passed = passed if able - passed else set()
        if task.preferred_until and task.preferred in able - passed:
            return task.preferred, set()
        return None, passed

    def failed(self, agent: Agent, task: Task) -> str | None:
        if not set(task.requirement.teams) & agent.teams:
            return "team"
        if any(agent.skills.get(name, 0) < minimum for name, minimum in task.requirement.skills):
            return "skills"
        if agent.presence != "online":
            return "presence"
        return None if self.has_room(agent, task) and agent.reserved_for is None else "capacity"

    def excluded(self, task: Task) -> dict[str, int]:
        failed = [self.failed_or_passed(agent, task) for agent in self.agents.values()]
        return {name: failed.count(name) for name in FILTERS if name in failed}

    def may_take(self, agent: Agent, task: Task) -> bool:
        return self.failed_or_passed(agent, task) is None

    def failed_or_passed(self, agent: Agent, task: Task) -> str | None:
        failed = self.failed(agent, task)
        only, passed = (None, set()) if failed is not None else self.audience(task)
        if failed is None and only is not None and agent.id != only:
            return "preferred"
        return "offer" if failed is None and agent.id in passed else failed

    def ranked(self, task: Task) -> list[str]:
        eligible = [agent for agent in self.agents.values() if self.may_take(agent, task)]
        return [agent.id for agent in sorted(eligible, key=lambda agent: self.rank(agent, task))]

    def rank(self, agent: Agent, task: Task) -> tuple[bool, int, int, float, datetime, str]:
        minimums = dict(task.requirement.skills)
        surplus = sum(agent.skills[name] - minimum for name, minimum in minimums.items())
        spare = sum(self.rare(name) for name in agent.skills if name not in minimums)
        resting_since = agent.idle_since or agent.assigned_at or DISTANT_PAST
        load = self.load(agent) / agent.capacity
        return agent.id != task.preferred, surplus, spare, load, resting_since, agent.id

    def rare(self, skill: str) -> bool:
        return sum(skill in agent.skills for agent in self.agents.values()) <= max(1, len(self.agents) // 4)
