"""Matches one workspace's agents and tasks. Invariant: no task waits while an eligible agent is free.

Decisions follow only from the present agents, tasks and counters, never from the order in which they were added. A
dispatcher restored from documents therefore decides exactly as the previous one would have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.router.dispatch.domain.agent_index import AgentIndex
from services.router.dispatch.domain.explain import (
    Explanation,
    choose,
    explain_assigned,
    explain_forced,
    explain_waiting,
)
from services.router.dispatch.domain.queue import Queue
from services.router.dispatch.domain.values import Agent, Task

FIFO_RESERVE_INTERVAL = 10


@dataclass(frozen=True, slots=True)
class TaskAssigned:
    """A task was given to an agent."""

    task: Task
    agent: str
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A task for which no agent is eligible and free now."""

    task: Task
    why: Explanation


@dataclass(frozen=True, slots=True)
class Requeued:
    """A task was taken from its agent and waits again at its old place in the queue. `reason` is a plain phrase."""

    task: Task
    agent: str
    reason: str


DispatchOutcome = TaskAssigned | Unmatched | Requeued


class Dispatcher:
    """Decides who gets which task. Calls return what was decided, in order; `touched` are agents that changed.

    `drawn` counts the tasks that agents took from the queue; every `reserved_every`th goes to the longest waiting.
    """

    def __init__(self, drawn: int = 0, reserved_every: int = FIFO_RESERVE_INTERVAL) -> None:
        self.roster = AgentIndex()
        self.queue = Queue()
        self.drawn = drawn
        self.touched: set[str] = set()
        self._reserved_every = reserved_every
        self._held: dict[str, tuple[Task, str]] = {}
        self._holdings: dict[str, dict[str, None]] = {}

    def restore(self, agents: Sequence[Agent], waiting: Sequence[Task], held: Sequence[tuple[Task, str]]) -> None:
        """Add agents and tasks from documents, without deciding anything."""
        for agent in agents:
            self.roster.put(agent)
        for task in waiting:
            self.queue.put(task)
        for task, holder in held:
            self._reserve_capacity(task, holder)

    def enqueue(self, task: Task, now: datetime) -> list[DispatchOutcome]:
        """Add a task and assign it if possible. A known task is left unchanged."""
        if task.id in self._held or task.id in self.queue.tasks:
            return []
        return [self._match_or_enqueue(task, now)]

    def change(self, task: Task, now: datetime) -> list[DispatchOutcome]:
        """Replace a task. With another team it is taken from its agent. An unknown task is ignored."""
        if task.id in self.queue.tasks:
            before = self.queue.tasks[task.id]
            self.queue.put(task)
            return [] if before.need == task.need else [self._match_or_enqueue(task, now)]
        if task.id not in self._held:
            return []
        before, holder = self._held[task.id]
        if before.need.team == task.need.team:
            self._held[task.id] = task, holder
            return []
        self._release_capacity(task.id, now)
        returned = Requeued(task, holder, f"moved to team {task.need.team}")
        return [returned, self._match_or_enqueue(task, now), *self._pull_next(holder, now)]

    def force_assign(self, task_id: str, agent: str, by: str | None, now: datetime) -> list[DispatchOutcome]:
        """Assign a task to the agent that a person chose, ignoring skills and capacity. A removed agent requeues it."""
        task, before = self._task(task_id), self._holder(task_id)
        if task is None or before == agent:
            return []
        if before is not None:
            self._release_capacity(task_id, now)
        outcomes = self._assign_or_requeue(task, agent, by, now)
        return [*outcomes, *(self._pull_next(before, now) if before else [])]

    def _assign_or_requeue(self, task: Task, agent: str, by: str | None, now: datetime) -> list[DispatchOutcome]:
        chosen = self.roster.agents.get(agent)
        if chosen is None:
            return [Requeued(task, agent, "the agent is gone"), self._match_or_enqueue(task, now)]
        return [self._assign(task, chosen, now, explain_forced(chosen, by))]

    def _task(self, task_id: str) -> Task | None:
        return self._held[task_id][0] if task_id in self._held else self.queue.tasks.get(task_id)

    def _holder(self, task_id: str) -> str | None:
        return self._held[task_id][1] if task_id in self._held else None

    def close(self, task: str, now: datetime) -> list[DispatchOutcome]:
        """Remove a task. Its agent may pull another one."""
        if task in self.queue.tasks:
            self.queue.remove(task)
        if task not in self._held:
            return []
        _, holder = self._release_capacity(task, now)
        return self._pull_next(holder, now)

    def put_agent(self, agent: Agent, now: datetime) -> list[DispatchOutcome]:
        """Add or replace an agent. It keeps its tasks and pulls further ones up to its capacity."""
        self._add_outcome(agent.with_idle_since(now))
        return self._pull_next(agent.id, now)

    def remove_agent(self, agent: str, now: datetime) -> list[DispatchOutcome]:
        """Remove an agent. Its tasks go to other agents, or wait at their old places in the queue."""
        tasks = sorted((self._held.pop(i)[0] for i in self._holdings.pop(agent, {})), key=lambda task: task.order)
        self.roster.remove(agent)
        self.touched.discard(agent)
        returned = [Requeued(task, agent, "the agent was deleted") for task in tasks]
        return [*returned, *(self._match_or_enqueue(task, now) for task in tasks)]

    def _match_or_enqueue(self, task: Task, now: datetime) -> TaskAssigned | Unmatched:
        agent = choose(self.roster, task)
        if agent is None:
            self.queue.put(task)
            return Unmatched(task, explain_waiting(self.roster, task))
        return self._assign(task, agent, now, explain_assigned(self.roster, task))

    def _pull_next(self, agent: str, now: datetime) -> list[DispatchOutcome]:
        outcomes: list[DispatchOutcome] = []
        while (drawer := self.roster.agents[agent]).situation == "free":
            reserved = (self.drawn + 1) % self._reserved_every == 0
            task = self.queue.oldest_for(drawer) if reserved else self.queue.first_for(drawer)
            if task is None:
                break
            self.drawn += 1
            why = explain_assigned(self.roster, task, "reserved" if reserved else "in_line")
            outcomes.append(self._assign(task, drawer, now, why))
        return outcomes

    def _assign(self, task: Task, agent: Agent, now: datetime, why: Explanation) -> TaskAssigned:
        if task.id in self.queue.tasks:
            self.queue.remove(task.id)
        self._reserve_capacity(task, agent.id)
        self._add_outcome(agent.with_task(now))
        return TaskAssigned(task, agent.id, why)

    def _reserve_capacity(self, task: Task, agent: str) -> None:
        self._held[task.id] = task, agent
        self._holdings.setdefault(agent, {})[task.id] = None

    def _release_capacity(self, task: str, now: datetime) -> tuple[Task, str]:
        stored, holder = self._held.pop(task)
        del self._holdings[holder][task]
        self._add_outcome(self.roster.agents[holder].without_task(now))
        return stored, holder

    def _add_outcome(self, agent: Agent) -> None:
        self.roster.put(agent)
        self.touched.add(agent.id)
