"""The rules of dispatch said again in the plainest way: look at everybody, sort everything. Slow, and easily believed."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from services.router.dispatch.domain.values import DISTANT_PAST, NO_DUE, PRIORITY_RANK, Agent, Task

Told = tuple[str, str, str | None, list[str], dict[str, int]]
"""What happened, to which task, with which agent; the eligible by rank (ten at most), and the excluded per filter."""


@dataclass
class ReferenceDispatcher:
    """As `Desk`, and to be compared with it call by call."""

    drawn: int = 0
    reserved_every: int = 10
    agents: dict[str, Agent] = field(default_factory=dict)
    waiting: dict[str, Task] = field(default_factory=dict)
    held: dict[str, tuple[Task, str]] = field(default_factory=dict)

    def open(self, task: Task, now: datetime) -> list[Told]:
        return [] if task.id in self.waiting or task.id in self.held else [self.settle(task, now)]

    def change(self, task: Task, now: datetime) -> list[Told]:
        if task.id in self.waiting:
            before, self.waiting[task.id] = self.waiting[task.id], task
            return [] if before.need == task.need else [self.settle(task, now)]
        if task.id not in self.held:
            return []
        before, holder = self.held[task.id]
        self.held[task.id] = task, holder
        if before.need.team == task.need.team:
            return []
        self.free(task.id, now)
        return [("returned", task.id, holder, [], {}), self.settle(task, now), *self.draw(holder, now)]

    def close(self, task: str, now: datetime) -> list[Told]:
        self.waiting.pop(task, None)
        return self.draw(self.free(task, now), now) if task in self.held else []

    def put_agent(self, agent: Agent, now: datetime) -> list[Told]:
        self.agents[agent.id] = self.rested(agent, now)
        return self.draw(agent.id, now)

    def remove_agent(self, agent: str, now: datetime) -> list[Told]:
        tasks = sorted((task for task, holder in self.held.values() if holder == agent), key=self.order)
        del self.agents[agent]
        for task in tasks:
            del self.held[task.id]
        return [*(("returned", t.id, agent, [], {}) for t in tasks), *(self.settle(t, now) for t in tasks)]

    def settle(self, task: Task, now: datetime) -> Told:
        ranked = self.ranked(task)
        if not ranked:
            self.waiting[task.id] = task
            return "waits", task.id, None, [], self.excluded(task)
        return self.give(task, ranked[0], now)

    def draw(self, agent: str, now: datetime) -> list[Told]:
        told = []
        while may := [task for task in self.waiting.values() if self.failed(self.agents[agent], task) is None]:
            self.drawn += 1
            reserved = self.drawn % self.reserved_every == 0
            task = min(may, key=lambda t: (t.queued_at, t.id)) if reserved else min(may, key=self.order)
            told.append(self.give(task, agent, now))
        return told

    def give(self, task: Task, agent: str, now: datetime) -> Told:
        told: Told = "given", task.id, agent, self.ranked(task)[:10], self.excluded(task)
        self.waiting.pop(task.id, None)
        self.held[task.id] = task, agent
        held = self.agents[agent]
        self.agents[agent] = replace(held, load=held.load + 1, idle_since=None, assigned_at=now)
        return told

    def free(self, task: str, now: datetime) -> str:
        _, agent = self.held.pop(task)
        held = self.agents[agent]
        self.agents[agent] = self.rested(replace(held, load=held.load - 1), now)
        return agent

    @staticmethod
    def rested(agent: Agent, now: datetime) -> Agent:
        idle = agent.presence == "online" and agent.load == 0
        return replace(agent, idle_since=(agent.idle_since or now) if idle else None)

    @staticmethod
    def order(task: Task) -> tuple[int, datetime, datetime, str]:
        return PRIORITY_RANK[task.priority], task.due_at or NO_DUE, task.queued_at, task.id

    @staticmethod
    def failed(agent: Agent, task: Task) -> str | None:
        if task.need.team not in agent.teams:
            return "team"
        if any(agent.skills.get(name, 0) < minimum for name, minimum in task.need.skills):
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
        asked = dict(task.need.skills)
        surplus = sum(agent.skills[name] - minimum for name, minimum in asked.items())
        spare = sum(self.rare(name) for name in agent.skills if name not in asked)
        rested = agent.idle_since or agent.assigned_at or DISTANT_PAST
        return agent.id != task.preferred, surplus, spare, agent.load / agent.capacity, rested, agent.id

    def rare(self, skill: str) -> bool:
        return sum(skill in agent.skills for agent in self.agents.values()) <= max(1, len(self.agents) // 4)
