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
"""One in so many tasks that agents pull is the oldest, so that tasks of low priority do not wait for ever."""


@dataclass(frozen=True, slots=True)
class TaskAssigned:
    """A task was assigned to an agent."""

    task: Task
    agent: str
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A task waits: no agent is eligible and free now."""

    task: Task
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Requeued:
    """A task was taken from its agent and waits again at its old position in the queue. `reason` is a plain phrase."""

    task: Task
    agent: str
    reason: str


DispatchOutcome = TaskAssigned | Unmatched | Requeued


class Dispatcher:
    """Decides which agent gets which task. Methods return their decisions in order.

    `pulled` counts the tasks that agents pulled from the queue. One in `fifo_reserve_interval` of them is the oldest, whatever
    its priority. `changed_agents` are the agents that changed since the caller cleared it, by id; None for a removed agent.
    """

    def __init__(self, pulled: int = 0, fifo_reserve_interval: int = FIFO_RESERVE_INTERVAL) -> None:
        self.agent_index = AgentIndex()
        self.queue = Queue()
        self.pulled = pulled
        self.changed_agents: dict[str, Agent | None] = {}
        self._fifo_reserve_interval = fifo_reserve_interval
        self._assigned: dict[str, tuple[Task, str]] = {}
        # Agent → ids of its tasks; the values are not used.
        self._tasks_by_agent: dict[str, dict[str, None]] = {}

    def restore(self, agents: Sequence[Agent], waiting: Sequence[Task], assigned: Sequence[tuple[Task, str]]) -> None:
        """Add agents and tasks from documents, without a decision. `assigned` are tasks with their agents' ids."""
        for agent in agents:
            self.agent_index.put(agent)
        for task in waiting:
            self.queue.put(task)
        for task, holder in assigned:
            self._add_to_agent(task, holder)

    def enqueue(self, task: Task, now: datetime) -> list[DispatchOutcome]:
        """Add a task and assign it if an agent is free. A known task stays as it is."""
        if task.id in self._assigned or task.id in self.queue.tasks:
            return []
        return [self._match_or_enqueue(task, now)]

    def change(self, task: Task, now: datetime) -> list[DispatchOutcome]:
        """Replace a task. A task that moved to another team is taken from its agent. An unknown task is ignored."""
        if task.id in self.queue.tasks:
            before = self.queue.tasks[task.id]
            # With the same requirement no agent is free for it now, or it would not wait.
            self.queue.put(task)
            return [] if before.requirement == task.requirement else [self._match_or_enqueue(task, now)]
        if task.id not in self._assigned:
            return []
        before, holder = self._assigned[task.id]
        if before.requirement.team == task.requirement.team:
            self._assigned[task.id] = task, holder
            return []
        # Released before it is matched, so that its agent counts with the load that it has without it.
        self._release(task.id, now)
        returned = Requeued(task, holder, f"moved to team {task.requirement.team}")
        return [returned, self._match_or_enqueue(task, now), *self._pull_next(holder, now)]

    def force_assign(self, task_id: str, agent: str, by: str | None, now: datetime) -> list[DispatchOutcome]:
        """Assign a task to the agent that a person chose, ignoring skills and capacity. A removed agent requeues it."""
        task, before = self._task(task_id), self._holder(task_id)
        if task is None or before == agent:
            return []
        if before is not None:
            self._release(task_id, now)
        outcomes = self._assign_or_requeue(task, agent, by, now)
        # The agent that had the task is free for another one.
        return [*outcomes, *(self._pull_next(before, now) if before else [])]

    def _assign_or_requeue(self, task: Task, agent: str, by: str | None, now: datetime) -> list[DispatchOutcome]:
        chosen = self.agent_index.agents.get(agent)
        if chosen is None:
            return [Requeued(task, agent, "the agent is gone"), self._match_or_enqueue(task, now)]
        return [self._assign(task, chosen, now, explain_forced(chosen, by))]

    def _task(self, task_id: str) -> Task | None:
        return self._assigned[task_id][0] if task_id in self._assigned else self.queue.tasks.get(task_id)

    def _holder(self, task_id: str) -> str | None:
        return self._assigned[task_id][1] if task_id in self._assigned else None

    def close(self, task: str, now: datetime) -> list[DispatchOutcome]:
        """Remove a task, if it is known. Its agent may pull another one."""
        if task in self.queue.tasks:
            self.queue.remove(task)
        if task not in self._assigned:
            return []
        _, holder = self._release(task, now)
        return self._pull_next(holder, now)

    def put_agent(self, agent: Agent, now: datetime) -> list[DispatchOutcome]:
        """Add or replace an agent. It keeps its tasks and pulls further ones up to its capacity."""
        # Also when only presence or capacity changed: either may have made the agent free.
        self._put_agent(agent.with_idle_since(now))
        return self._pull_next(agent.id, now)

    def remove_agent(self, agent: str, now: datetime) -> list[DispatchOutcome]:
        """Remove an agent. Its tasks go to other agents, or wait at their old positions in the queue."""
        tasks = [self._assigned.pop(task_id)[0] for task_id in self._tasks_by_agent.pop(agent, {})]
        # In priority order: the first task gets the best of the free agents.
        tasks.sort(key=lambda task: task.priority_key)
        self.agent_index.remove(agent)
        self.changed_agents[agent] = None
        returned = [Requeued(task, agent, "the agent was deleted") for task in tasks]
        return [*returned, *(self._match_or_enqueue(task, now) for task in tasks)]

    def _match_or_enqueue(self, task: Task, now: datetime) -> TaskAssigned | Unmatched:
        agent = choose(self.agent_index, task)
        if agent is None:
            self.queue.put(task)
            return Unmatched(task, explain_waiting(self.agent_index, task))
        return self._assign(task, agent, now, explain_assigned(self.agent_index, task))

    def _pull_next(self, agent: str, now: datetime) -> list[DispatchOutcome]:
        outcomes: list[DispatchOutcome] = []
        while (free_agent := self.agent_index.agents[agent]).availability == "free":
            is_reserved = (self.pulled + 1) % self._fifo_reserve_interval == 0
            task = self.queue.oldest_for(free_agent) if is_reserved else self.queue.first_for(free_agent)
            if task is None:
                break
            self.pulled += 1
            # Before the assignment: it explains the choice by the loads that led to it.
            explanation = explain_assigned(self.agent_index, task, "reserved" if is_reserved else "in_line")
            outcomes.append(self._assign(task, free_agent, now, explanation))
        return outcomes

    def _assign(self, task: Task, agent: Agent, now: datetime, explanation: Explanation) -> TaskAssigned:
        if task.id in self.queue.tasks:
            self.queue.remove(task.id)
        self._add_to_agent(task, agent.id)
        self._put_agent(agent.with_task(now))
        return TaskAssigned(task, agent.id, explanation)

    def _add_to_agent(self, task: Task, agent: str) -> None:
        self._assigned[task.id] = task, agent
        self._tasks_by_agent.setdefault(agent, {})[task.id] = None

    def _release(self, task: str, now: datetime) -> tuple[Task, str]:
        stored, holder = self._assigned.pop(task)
        del self._tasks_by_agent[holder][task]
        self._put_agent(self.agent_index.agents[holder].without_task(now))
        return stored, holder

    def _put_agent(self, agent: Agent) -> None:
        self.agent_index.put(agent)
        self.changed_agents[agent.id] = agent
