"""Agents who are reserved for a task that is larger than their room: they are assigned nothing else until it fits.

Without it, small tasks would take for ever the room that a larger one waits for.
"""

from services.router.dispatch.domain.agent_index import AgentIndex
from services.router.dispatch.domain.queue import Queue
from services.router.dispatch.domain.values import Agent, Task
from services.router.dispatch.domain.work import ONE_CHAT


class Reservations:
    """The agent of each task that has one reserved; and the tasks whose reservation may have fallen through."""

    def __init__(self, agent_index: AgentIndex, queue: Queue) -> None:
        self._agent_index, self._queue = agent_index, queue
        self._agents: dict[str, str] = {}
        self._doubtful: dict[str, None] = {}

    def note(self, agent: Agent) -> None:
        """An agent was added or changed."""
        if agent.reserved_for is not None:
            self._agents[agent.reserved_for] = agent.id
            self._doubtful[agent.reserved_for] = None

    def doubt(self, task: str) -> None:
        """A task changed or is gone."""
        if task in self._agents:
            self._doubtful[task] = None

    def end(self, agent: Agent) -> None:
        """The reservation of an agent, if it has one, is over."""
        if agent.reserved_for is not None:
            del self._agents[agent.reserved_for]

    def settle(self) -> None:
        """All stand that there are: the agents come from documents."""
        self._doubtful.clear()

    def next_fallen(self) -> Agent | None:
        """An agent whose reservation does not stand any more; None: all others stand."""
        while self._doubtful:
            task = min(self._doubtful)
            del self._doubtful[task]
            agent = self._agent_index.agents.get(self._agents.get(task, ""))
            if agent is not None and not self.stands(agent, task):
                return agent
        return None

    def stands(self, agent: Agent, task: str) -> bool:
        """Whether the agent is still to be held for the task: it waits, and only smaller work is in its way."""
        waiting = self._queue.tasks.get(task)
        return (
            waiting is not None
            and agent.may_take(waiting.requirement)
            and self._queue.audience(task).has(agent.id)
            and (agent.has_room(waiting.work) or agent.is_kept_by_smaller_work(waiting.work))
        )

    def passed_over(self, agent: Agent) -> Task | None:
        """The oldest task that is larger than the agent's room while smaller ones would fit, if nobody is reserved for it."""
        task = self._queue.oldest_passed_over(agent) if agent.has_room(ONE_CHAT) else None
        return task if task is not None and task.id not in self._agents else None
