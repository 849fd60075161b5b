"""The waiting tasks of a workspace, indexed so that a freed agent inspects only the heads of queues that it may serve.

Tasks with the same requirement share a `RequirementQueue`, which sorts them by priority order and by age. A removed task
leaves its heap entries behind; stale entries are dropped when they reach the top, or all at once when they outnumber the
live ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from services.router.dispatch.domain.heaps import needs_compaction
from services.router.dispatch.domain.values import Agent, FifoKey, PriorityKey, Task, TaskRequirement


@dataclass(slots=True, eq=False)
class RequirementQueue:
    """Waiting tasks of one need."""

    need: TaskRequirement
    tasks: dict[str, Task] = field(default_factory=dict)
    _orders: list[PriorityKey] = field(default_factory=list)
    _by_age: list[FifoKey] = field(default_factory=list)

    def add(self, task: Task) -> None:
        self.tasks[task.id] = task
        heappush(self._orders, task.order)
        heappush(self._by_age, task.age)
        if needs_compaction(self._orders, len(self.tasks)):
            self._orders = [task.order for task in self.tasks.values()]
            heapify(self._orders)
        if needs_compaction(self._by_age, len(self.tasks)):
            self._by_age = [task.age for task in self.tasks.values()]
            heapify(self._by_age)

    def first(self) -> PriorityKey:
        """The smallest priority order of the tasks. The queue must not be empty."""
        while (task := self.tasks.get(self._orders[0][3])) is None or task.order != self._orders[0]:
            heappop(self._orders)
        return self._orders[0]

    def oldest(self) -> FifoKey:
        """The smallest age key of the tasks. The queue must not be empty."""
        while (task := self.tasks.get(self._by_age[0][1])) is None or task.age != self._by_age[0]:
            heappop(self._by_age)
        return self._by_age[0]


class Queue:
    """All waiting tasks of a workspace."""

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}
        self._lines: dict[TaskRequirement, RequirementQueue] = {}
        self._shelves: dict[tuple[str, str | None], dict[TaskRequirement, RequirementQueue]] = {}

    def put(self, task: Task) -> None:
        """Add or update a task. Its order is its own, so that a requeued task returns to its old place."""
        if task.id in self.tasks:
            self.remove(task.id)
        self.tasks[task.id] = task
        line = self._lines.get(task.need)
        if line is None:
            line = self._lines[task.need] = RequirementQueue(task.need)
            self._shelves.setdefault(_queue_key(task.need), {})[task.need] = line
        line.add(task)

    def remove(self, task: str) -> Task:
        """Remove and return a task, which must be in the queue."""
        stored = self.tasks.pop(task)
        line = self._lines[stored.need]
        del line.tasks[task]
        if not line.tasks:
            del self._lines[stored.need], self._shelves[_queue_key(stored.need)][stored.need]
        return stored

    def first_for(self, agent: Agent) -> Task | None:
        """The first task in priority order that the agent's teams and skills allow."""
        orders = [line.first() for line in self._lines_for(agent)]
        return self.tasks[min(orders)[3]] if orders else None

    def oldest_for(self, agent: Agent) -> Task | None:
        """The task that has waited longest, whatever its priority."""
        ages = [line.oldest() for line in self._lines_for(agent)]
        return self.tasks[min(ages)[1]] if ages else None

    def _lines_for(self, agent: Agent) -> Iterator[RequirementQueue]:
        for team in agent.teams:
            for name in (None, *agent.skills):
                for line in self._shelves.get((team, name), {}).values():
                    if line.need.skilled(agent.skills):
                        yield line


def _queue_key(need: TaskRequirement) -> tuple[str, str | None]:
    """The key by which agents find queues: team and first skill. Agents without that skill skip the queue."""
    return need.team, need.skills[0][0] if need.skills else None
