"""The waiting tasks of a workspace, indexed so that a freed agent inspects only the heads of queues that it may serve.

Tasks with the same requirement and audience share a `RequirementQueue`, which sorts them by priority and by age. A removed task
leaves its heap entries behind; stale entries are dropped when they reach the top, or together when they outnumber the live ones.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

from services.router.dispatch.domain.heaps import needs_compaction
from services.router.dispatch.domain.requirement import TaskRequirement
from services.router.dispatch.domain.values import Agent, FifoKey, PriorityKey, Task

# Positions of the task's id.
PRIORITY_KEY_ID: Final = 4
FIFO_KEY_ID: Final = 1


class Audience(NamedTuple):
    """Who, of the agents that satisfy its requirement, may take a task: one alone (`only`), or all but some (`passed`)."""

    only: str | None = None
    passed: frozenset[str] = frozenset()

    def has(self, agent: str) -> bool:
        return agent == self.only if self.only is not None else agent not in self.passed


EVERYBODY = Audience()

QueueKey = tuple[TaskRequirement, Audience]
AgentKey = tuple[str, str | None]
"""A team and a skill, by which agents find queues; or `ONLY` and an agent's id."""
ONLY = ""
"""In place of a team, before the id of the one agent who may take the tasks. No team is named so."""


@dataclass(slots=True, eq=False)
class RequirementQueue:
    """The waiting tasks of one requirement and audience, by priority and by age.

    Both heaps may hold keys of tasks that left or changed.
    """

    requirement: TaskRequirement
    audience: Audience
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

    def is_open_to(self, agent: Agent) -> bool:
        """Whether the agent may take its tasks, as far as room allows."""
        return self.audience.has(agent.id) and self.requirement.is_satisfied_by(agent.teams, agent.skills)


class Queue:
    """All waiting tasks of a workspace.

    `waiting_by_team` counts, by team, the tasks that may still overflow. `conditional` are the ids of tasks that may wait although
    an agent is free: for one agent, or for anybody but some.
    """

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}
        self.waiting_by_team: Counter[str] = Counter()
        self.conditional: dict[str, None] = {}
        self._queues: dict[QueueKey, RequirementQueue] = {}
        self._queue_of_task: dict[str, RequirementQueue] = {}
        self._queues_by_key: dict[AgentKey, dict[QueueKey, RequirementQueue]] = {}

    def put(self, task: Task, audience: Audience = EVERYBODY) -> None:
        """Add or update a task. Both keys come from the task itself, so that a requeued task returns to its old position."""
        if task.id in self.tasks:
            self.remove(task.id)
        self.tasks[task.id] = task
        self.waiting_by_team[task.home_team] += task.overflow is not None
        if task.is_conditional:
            self.conditional[task.id] = None
        queue = self._queues.get((task.requirement, audience)) or self._add_queue(task.requirement, audience)
        queue.add(task)
        self._queue_of_task[task.id] = queue

    def remove(self, task: str) -> Task:
        """Remove and return a task. Raises KeyError for one that is not in the queue."""
        stored, queue = self.tasks.pop(task), self._queue_of_task.pop(task)
        self.waiting_by_team[stored.home_team] -= stored.overflow is not None
        self.conditional.pop(task, None)
        del queue.tasks[task]
        if not queue.tasks:
            identity = queue.requirement, queue.audience
            del self._queues[identity]
            for key in _agent_keys(queue):
                del self._queues_by_key[key][identity]
        return stored

    def audience(self, task: str) -> Audience:
        """Who may take a waiting task. Raises KeyError for one that is not in the queue."""
        return self._queue_of_task[task].audience

    def first_for(self, agent: Agent) -> Task | None:
        """The first task in priority order that the agent may take now."""
        keys = [queue.first() for queue in self._queues_for(agent) if _is_free_for(agent, queue)]
        return self.tasks[min(keys)[PRIORITY_KEY_ID]] if keys else None

    def oldest_for(self, agent: Agent) -> Task | None:
        """The task that has waited longest, whatever its priority, of those that the agent may take now."""
        keys = [queue.oldest() for queue in self._queues_for(agent) if _is_free_for(agent, queue)]
        return self.tasks[min(keys)[FIFO_KEY_ID]] if keys else None

    def oldest_passed_over(self, agent: Agent) -> Task | None:
        """The oldest task that is larger than the room of the agent, while smaller ones still find room there."""
        keys = [
            queue.oldest() for queue in self._queues_for(agent) if agent.is_kept_by_smaller_work(queue.requirement.work)
        ]
        return self.tasks[min(keys)[FIFO_KEY_ID]] if keys else None

    def _add_queue(self, requirement: TaskRequirement, audience: Audience) -> RequirementQueue:
        queue = self._queues[requirement, audience] = RequirementQueue(requirement, audience)
        for key in _agent_keys(queue):
            self._queues_by_key.setdefault(key, {})[requirement, audience] = queue
        return queue

    def _queues_for(self, agent: Agent) -> Iterator[RequirementQueue]:
        # None: requirements without skills. A queue that is open to two teams of the agent comes twice, which no minimum minds.
        keys: list[AgentKey] = [(team, name) for team in agent.teams for name in (None, *agent.skills)]
        for key in (*keys, (ONLY, agent.id)):
            for queue in self._queues_by_key.get(key, {}).values():
                if queue.is_open_to(agent):
                    yield queue


def _is_free_for(agent: Agent, queue: RequirementQueue) -> bool:
    return agent.availability(queue.requirement.work) == "free"


def _agent_keys(queue: RequirementQueue) -> list[AgentKey]:
    """The keys by which agents find a queue: teams and first skill. An agent without that skill need not inspect the queue."""
    if queue.audience.only is not None:
        return [(ONLY, queue.audience.only)]
    skills = queue.requirement.skills
    return [(team, skills[0][0] if skills else None) for team in queue.requirement.teams]
