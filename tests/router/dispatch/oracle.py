"""The rules of dispatch in the plainest form: compare all agents, sort all tasks. Slow, and easy to check by reading."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from services.router.dispatch.domain.values import DISTANT_PAST, NO_DUE, PRIORITY_RANK, Agent, Task

ReferenceOutcome = tuple[str, str, str | None, list[str], dict[str, int]]
"""What happened to which task, the agent, the eligible agents by rank (at most ten), the excluded per filter."""


@dataclass
class ReferenceDispatcher:
    """Has the methods of `Dispatcher`, to be compared call by call."""

    pulled: int = 0
    fifo_reserve_interval: int = 10
    agents: dict[str, Agent] = field(default_factory=dict)
    waiting: dict[str, Task] = field(default_factory=dict)
    assigned: dict[str, tuple[Task, str]] = field(default_factory=dict)

    def enqueue(self, task: Task, now: datetime) -> list[ReferenceOutcome]:
        return [] if task.id in self.waiting or task.id in self.assigned else [self.match_or_enqueue(task, now)]

    def change(self, task: Task, now: datetime) -> list[ReferenceOutcome]:
        if task.id in self.waiting:
            before, self.waiting[task.id] = self.waiting[task.id], task
            return [] if before.requirement == task.requirement else [self.match_or_enqueue(task, now)]
        if task.id not in self.assigned:
            return []
        before, holder = self.assigned[task.id]
        self.assigned[task.id] = task, holder
        if before.requirement.team == task.requirement.team:
            return []
        self.release(task.id, now)
        return [("requeued", task.id, holder, [], {}), self.match_or_enqueue(task, now), *self.pull_next(holder, now)]

    def close(self, task: str, now: datetime) -> list[ReferenceOutcome]:
        self.waiting.pop(task, None)
        return self.pull_next(self.release(task, now), now) if task in self.assigned else []

    def put_agent(self, agent: Agent, now: datetime) -> list[ReferenceOutcome]:
        self.agents[agent.id] = self.with_idle_since(agent, now)
        return self.pull_next(agent.id, now)

    def remove_agent(self, agent: str, now: datetime) -> list[ReferenceOutcome]:
        tasks = sorted((task for task, holder in self.assigned.values() if holder == agent), key=self.priority_key)
        del self.agents[agent]
        for task in tasks:
            del self.assigned[task.id]
        return [*(("requeued", t.id, agent, [], {}) for t in tasks), *(self.match_or_enqueue(t, now) for t in tasks)]

    def match_or_enqueue(self, task: Task, now: datetime) -> ReferenceOutcome:
        ranked = self.ranked(task)
        if not ranked:
            self.waiting[task.id] = task
            return "waiting", task.id, None, [], self.excluded(task)
        return self.assign(task, ranked[0], now)

    def pull_next(self, agent: str, now: datetime) -> list[ReferenceOutcome]:
        outcomes = []
        while allowed := [task for task in self.waiting.values() if self.failed(self.agents[agent], task) is None]:
            self.pulled += 1
            reserved = self.pulled % self.fifo_reserve_interval == 0
            task = min(allowed, key=lambda t: (t.queued_at, t.id)) if reserved else min(allowed, key=self.priority_key)
            outcomes.append(self.assign(task, agent, now))
        return outcomes

    def assign(self, task: Task, agent: str, now: datetime) -> ReferenceOutcome:
        outcome: ReferenceOutcome = "assigned", task.id, agent, self.ranked(task)[:10], self.excluded(task)
        self.waiting.pop(task.id, None)
        self.assigned[task.id] = task, agent
        stored = self.agents[agent]
        self.agents[agent] = replace(stored, load=stored.load + 1, idle_since=None, assigned_at=now)
        return outcome

    def release(self, task: str, now: datetime) -> str:
        _, agent = self.assigned.pop(task)
        stored = self.agents[agent]
        self.agents[agent] = self.with_idle_since(replace(stored, load=stored.load - 1), now)
        return agent

    @staticmethod
    def with_idle_since(agent: Agent, now: datetime) -> Agent:
        idle = agent.presence == "online" and agent.load == 0
        return replace(agent, idle_since=(agent.idle_since or now) if idle else None)

    @staticmethod
    def priority_key(task: Task) -> tuple[int, datetime, datetime, str]:
        return PRIORITY_RANK[task.priority], task.due_at or NO_DUE, task.queued_at, task.id

    @staticmethod
    def failed(agent: Agent, task: Task) -> str | None:
        if task.requirement.team not in agent.teams:
            return "team"
        if any(agent.skills.get(name, 0) < minimum for name, minimum in task.requirement.skills):
            return "skills"
        if agent.presence != "online":
            return "presence"
        return "capacity" if agent.load >= agent.capacity else None

    def excluded(self, task: Task) -> dict[str, int]:
        failed = [self.failed(agent, task) for agent in self.agents.values()]
        return {name: failed.count(name) for name in ("team", "skills", "presence", "capacity") if name in failed}

    def ranked(self, task: Task) -> list[str]:
        eligible = [agent for agent in self.agents.values() if self.failed(agent, task) is None]
        return [agent.id for agent in sorted(eligible, key=lambda agent: self.rank(agent, task))]

    def rank(self, agent: Agent, task: Task) -> tuple[bool, int, int, float, datetime, str]:
        minimums = dict(task.requirement.skills)
        surplus = sum(agent.skills[name] - minimum for name, minimum in minimums.items())
        spare = sum(self.rare(name) for name in agent.skills if name not in minimums)
        resting_since = agent.idle_since or agent.assigned_at or DISTANT_PAST
        return agent.id != task.preferred, surplus, spare, agent.load / agent.capacity, resting_since, agent.id

    def rare(self, skill: str) -> bool:
        return sum(skill in agent.skills for agent in self.agents.values()) <= max(1, len(self.agents) // 4)
