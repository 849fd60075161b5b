"""The waiting tasks of a workspace, indexed so that a freed agent inspects only the heads of queues that it may serve.

Tasks with the same requirement share a `RequirementQueue`, which sorts them by priority and by age. A removed task leaves
its heap entries behind; stale entries are dropped when they reach the top, or together when they outnumber the live ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Final

from services.router.dispatch.domain.heaps import needs_compaction
from services.router.dispatch.domain.values import Agent, FifoKey, PriorityKey, Task, TaskRequirement

# Positions of the task's id.
PRIORITY_KEY_ID: Final = 3
FIFO_KEY_ID: Final = 1


@dataclass(slots=True, eq=False)
class RequirementQueue:
    """The waiting tasks of one requirement, by priority and by age. Both heaps may hold keys of tasks that left or changed."""

    requirement: TaskRequirement
    tasks: dict[str, Task] = field(default_factory=dict)
    _by_priority: list[PriorityKey] = field(default_factory=list)
    _by_age: list[FifoKey] = field(default_factory=list)

    def add(self, task: Task) -> None:
        self.tasks[task.id] = task
        heappush(self._by_priority, task.priority_key)
        heappush(self._by_age, task.fifo_key)
        if needs_compaction(self._by_priority, len(self.tasks)):
            self._by_priority = [task.priority_key for task in self.tasks.values()]
            heapify(self._by_priority)
        if needs_compaction(self._by_age, len(self.tasks)):
            self._by_age = [task.fifo_key for task in self.tasks.values()]
            heapify(self._by_age)

    def first(self) -> PriorityKey:
        """The priority key of the first task. Raises IndexError when the queue is empty."""
        while (
            task := self.tasks.get(self._by_priority[0][PRIORITY_KEY_ID])
        ) is None or task.priority_key != self._by_priority[0]:
            heappop(self._by_priority)
        return self._by_priority[0]

    def oldest(self) -> FifoKey:
        """The age key of the oldest task. Raises IndexError when the queue is empty."""
        while (task := self.tasks.get(self._by_age[0][FIFO_KEY_ID])) is None or task.fifo_key != self._by_age[0]:
            heappop(self._by_age)
        return self._by_age[0]


class Queue:
    """All waiting tasks of a workspace."""

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}
        self._queues: dict[TaskRequirement, RequirementQueue] = {}
        self._queues_by_key: dict[tuple[str, str | None], dict[TaskRequirement, RequirementQueue]] = {}

    def put(self, task: Task) -> None:
        """Add or update a task. Both keys come from the task itself, so that a requeued task returns to its old position."""
        if task.id in self.tasks:
            self.remove(task.id)
        self.tasks[task.id] = task
        queue = self._queues.get(task.requirement)
        if queue is None:
            queue = self._queues[task.requirement] = RequirementQueue(task.requirement)
            self._queues_by_key.setdefault(_queue_key(task.requirement), {})[task.requirement] = queue
        queue.add(task)

    def remove(self, task: str) -> Task:
        """Remove and return a task. Raises KeyError for one that is not in the queue."""
        stored = self.tasks.pop(task)
        queue = self._queues[stored.requirement]
        del queue.tasks[task]
        if not queue.tasks:
            del (
                self._queues[stored.requirement],
                self._queues_by_key[_queue_key(stored.requirement)][stored.requirement],
            )
        return stored

    def first_for(self, agent: Agent) -> Task | None:
        """The first task in priority order that the agent's teams and skills allow."""
        keys = [queue.first() for queue in self._queues_for(agent)]
        return self.tasks[min(keys)[PRIORITY_KEY_ID]] if keys else None

    def oldest_for(self, agent: Agent) -> Task | None:
        """The task that has waited longest, whatever its priority."""
        keys = [queue.oldest() for queue in self._queues_for(agent)]
        return self.tasks[min(keys)[FIFO_KEY_ID]] if keys else None

    def _queues_for(self, agent: Agent) -> Iterator[RequirementQueue]:
        # None: requirements without skills. Each queue stands under one key, so none comes twice.
        keys = [(team, name) for team in agent.teams for name in (None, *agent.skills)]
        for key in keys:
            for queue in self._queues_by_key.get(key, {}).values():
                if queue.requirement.is_met_by_skills(agent.skills):
                    yield queue


def _queue_key(requirement: TaskRequirement) -> tuple[str, str | None]:
    """The key by which agents find queues: team and first skill. An agent without that skill need not inspect the queue."""
    return requirement.team, requirement.skills[0][0] if requirement.skills else None
