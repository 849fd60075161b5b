"""The agents and tasks of a workspace, and the few moves of which every decision is made.

Invariant: between two calls of the dispatcher no task waits while an agent who may take it is free.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from services.router.dispatch.domain.agent_index import AgentIndex
from services.router.dispatch.domain.choice import audience_of, choose
from services.router.dispatch.domain.explain import Explanation, explain_assigned, explain_waiting
from services.router.dispatch.domain.outcomes import DispatchOutcome, Overflowed, TaskAssigned, TaskOffered, Unmatched
from services.router.dispatch.domain.placements import Placement, new_offer
from services.router.dispatch.domain.queue import Queue
from services.router.dispatch.domain.reservations import Reservations
from services.router.dispatch.domain.values import Agent, Task
from services.router.dispatch.domain.work import WorkInHand


class Board:
    """Who has what. `changed_agents` and `changed_tasks` are what changed since the caller cleared them; None: removed."""

    def __init__(self, pulled: int, fifo_reserve_interval: int) -> None:
        self.agent_index = AgentIndex()
        self.queue = Queue()
        self.placements: dict[str, Placement] = {}
        self.pulled = pulled
        self.changed_agents: dict[str, Agent | None] = {}
        self.changed_tasks: dict[str, Placement | None] = {}
        self._fifo_reserve_interval = fifo_reserve_interval
        # Agent → ids of its tasks and offers; the values are not used.
        self._tasks_by_agent: dict[str, dict[str, None]] = {}
        self._reservations = Reservations(self.agent_index, self.queue)

    # -- where tasks are --------------------------------------------------------------------------------------------

    def restore(self, agents: Iterable[Agent], placements: Iterable[Placement]) -> None:
        """Add agents and tasks from documents, without a decision. What agents have in hand is counted anew."""
        tasks = list(placements)
        in_hand: defaultdict[str, WorkInHand] = defaultdict(WorkInHand)
        for placement in tasks:
            if placement.agent is not None and placement.uses_units:
                in_hand[placement.agent] = in_hand[placement.agent].plus(placement.task.work)
        for agent in agents:
            used = in_hand[agent.id]
            for wrap_up in agent.wrap_ups:
                used = used.plus(wrap_up.work)
            self.agent_index.put(replace(agent, in_hand=used))
            self._reservations.note(agent)
        for placement in tasks:
            self._set(placement)
            # All agents are known before the first task is queued: who may take it depends on them.
            if placement.is_waiting:
                self.queue.put(placement.task, audience_of(self.agent_index, placement.task))
        self.changed_tasks.clear()
        self._reservations.settle()

    def tasks_of(self, agent: str) -> list[Placement]:
        """The tasks that an agent has or is offered, in priority order."""
        placements = [self.placements[task] for task in self._tasks_by_agent.get(agent, {})]
        return sorted(placements, key=lambda placement: placement.task.priority_key)

    def put_agent(self, agent: Agent) -> None:
        self.agent_index.put(agent)
        self.changed_agents[agent.id] = agent
        self._reservations.note(agent)

    def remove_agent(self, agent: str) -> None:
        """Remove an agent that has no tasks."""
        self._reservations.end(self.agent_index.agents[agent])
        self.agent_index.remove(agent)
        self.changed_agents[agent] = None

    def wait(self, task: Task) -> None:
        """Put a task into the queue, at the position that it has by itself."""
        self._set(Placement(task))
        self.queue.put(task, audience_of(self.agent_index, task))

    def set_aside(self, task: Task) -> None:
        """Let a task wait outside the queue: nobody gets it."""
        self._set(Placement(task, counting=False))

    def replace_task(self, task: Task) -> None:
        """Put new values of a task, that changes neither requirement nor audience, where the task is."""
        placement = self.placements[task.id]
        if placement.is_waiting:
            self.wait(task)
        else:
            self._set(replace(placement, task=task))

    def assign(self, task: Task, agent: Agent, now: datetime) -> None:
        """Give a task that uses no units to an agent."""
        # Nobody is waited for any more, should the task come back.
        self._set(Placement(replace(task, preferred_until=None) if task.preferred_until else task, agent.id))
        self.put_agent(agent.with_task(task.work, now))

    def stop_counting(self, task: str, now: datetime) -> None:
        """Free the units of a task that its agent keeps."""
        placement = self.placements[task]
        self._set(replace(placement, counting=False))
        self.put_agent(self._holder(placement).without(placement.task.work, now))

    def count_again(self, task: str) -> Agent:
        """Use units of its agent again for a task that stopped counting. Returns the agent."""
        placement = self.placements[task]
        self._set(replace(placement, counting=True))
        self.put_agent(self._holder(placement).with_more(placement.task.work))
        return self._holder(placement)

    def accept(self, task: Task) -> None:
        """The offer of a task becomes an assignment; its units are used already."""
        self._set(Placement(task, self.placements[task.id].agent))

    def release(self, task: str, now: datetime) -> Placement:
        """Take a task from its agent, from the queue or from aside. Returns where it was; it is nowhere now."""
        placement = self.placements[task]
        self._unlink(task)
        del self.placements[task]
        self.changed_tasks[task] = None
        self._reservations.doubt(task)
        if placement.uses_units:
            self.put_agent(self._holder(placement).without(placement.task.work, now))
        return placement

    def _holder(self, placement: Placement) -> Agent:
        return self.agent_index.agents[str(placement.agent)]

    def _set(self, placement: Placement) -> None:
        task = placement.task.id
        if task in self.placements:
            self._unlink(task)
        self.placements[task] = self.changed_tasks[task] = placement
        self._reservations.doubt(task)
        if placement.agent is not None:
            self._tasks_by_agent.setdefault(placement.agent, {})[task] = None

    def _unlink(self, task: str) -> None:
        agent = self.placements[task].agent
        if agent is not None:
            self._tasks_by_agent.get(agent, {}).pop(task, None)
        if task in self.queue.tasks:
            self.queue.remove(task)

    # -- decisions --------------------------------------------------------------------------------------------------

    def match(self, task: Task, now: datetime) -> list[DispatchOutcome]:
        """Give a task that is nowhere to the best free agent, or let it wait."""
        choice = choose(self.agent_index, task)
        agent = choice.best
        if agent is not None:
            return [self._place(task, agent, now, explain_assigned(choice))]
        overflow = task.overflow
        if overflow is not None and self._is_full(task, overflow.max_waiting):
            after = task.overflowed()
            return [Overflowed(after, overflow.to_team, "max_waiting"), *self.match(after, now)]
        self.wait(task)
        # Before it is put into the queue or after, the choice is the same.
        return [Unmatched(task, explain_waiting(choice))]

    def match_in_order(self, tasks: Sequence[Task], now: datetime) -> list[DispatchOutcome]:
        """As `match`, for tasks that are nowhere since an agent went away, in priority order with those that waited for it."""
        for task in tasks:
            self.wait(task)
        placed = {task.id for task in tasks}
        outcomes: list[DispatchOutcome] = []
        for task in sorted((*tasks, *self.review_audiences()), key=lambda task: task.priority_key):
            outcomes += self.match(task, now) if task.id in placed else self.match_waiting([task], now)
        return outcomes

    def match_again(self, task: Task, freed: str, now: datetime) -> list[DispatchOutcome]:
        """As `match`, for a task that just left the agent `freed`, who pulls what comes first for it."""
        self.wait(task)
        outcomes = self.pull_among(freed, [task], now)
        return [*outcomes, *(self.match(task, now) if task.id in self.queue.tasks else [])]

    def pull_next(self, agent: str, now: datetime) -> list[DispatchOutcome]:
        """The agent takes waiting tasks up to its capacity. Nobody else is free for them, or they would not wait."""
        return self.pull_among(agent, [], now)

    def pull_among(self, agent: str, contested: Sequence[Task], now: datetime) -> list[DispatchOutcome]:
        """As `pull_next`, when others may be free for the tasks `contested`: each goes to the best of them and the agent."""
        outcomes: list[DispatchOutcome] = []
        while True:
            # Again after each task, because the agent's load changes who is best.
            outcomes += self.match_waiting(contested, now, but=agent)
            pulling = self.agent_index.agents.get(agent)
            pulled = self._pull(pulling, now) if pulling is not None and pulling.takes_work else None
            if pulled is None:
                return [*outcomes, *self.match_waiting(contested, now)]
            outcomes.append(pulled)

    def _pull(self, agent: Agent, now: datetime) -> TaskAssigned | TaskOffered | None:
        if agent.reserved_for is not None:
            return self._take_reserved(agent, now)
        is_reserved = (self.pulled + 1) % self._fifo_reserve_interval == 0
        if is_reserved and self._reserve(agent):
            return None
        task = self.queue.oldest_for(agent) if is_reserved else self.queue.first_for(agent)
        if task is None:
            # Nothing that fits, but something larger waits: this counts as a turn, so that its turn comes.
            self.pulled += self._reservations.passed_over(agent) is not None
            return None
        self.pulled += 1
        # Before the assignment: it explains the choice by the loads that led to it.
        explanation = explain_assigned(choose(self.agent_index, task), "reserved" if is_reserved else "in_line")
        return self._place(task, agent, now, explanation)

    def end_reservations(self, now: datetime) -> list[DispatchOutcome]:
        """Let agents pull again whose reserved task is gone, or is for others now. The last step of every call."""
        outcomes: list[DispatchOutcome] = []
        while (agent := self._reservations.next_fallen()) is not None:
            self._end_reservation(agent)
            outcomes += self.pull_next(agent.id, now)
        return outcomes

    def _reserve(self, agent: Agent) -> bool:
        """On the turn of the oldest task: reserve the agent for it if it is larger than the agent's room."""
        task, fitting = self._reservations.passed_over(agent), self.queue.oldest_for(agent)
        if task is None or (fitting is not None and fitting.fifo_key < task.fifo_key):
            return False
        self.pulled += 1
        self.put_agent(replace(agent, reserved_for=task.id))
        return True

    def _take_reserved(self, agent: Agent, now: datetime) -> TaskAssigned | TaskOffered | None:
        task = self.queue.tasks.get(str(agent.reserved_for))
        if task is None or not self._reservations.stands(agent, task.id) or not agent.has_room(task.work):
            return None
        self._end_reservation(agent)
        explanation = explain_assigned(choose(self.agent_index, task), "reserved")
        return self._place(task, self.agent_index.agents[agent.id], now, explanation)

    def _end_reservation(self, agent: Agent) -> None:
        self._reservations.end(agent)
        self.put_agent(replace(agent, reserved_for=None))

    def review_audiences(self) -> list[Task]:
        """Queue tasks anew whose audience is another one since an agent changed. Returns them, in priority order."""
        tasks = [self.queue.tasks[task] for task in self.queue.conditional]
        changed = [t for t in tasks if self.queue.audience(t.id) != audience_of(self.agent_index, t)]
        for task in changed:
            self.wait(task)
        return sorted(changed, key=lambda task: task.priority_key)

    def match_waiting(self, tasks: Sequence[Task], now: datetime, but: str | None = None) -> list[DispatchOutcome]:
        """Give those of these tasks that still wait to free agents, in this order, but not to the agent `but`.

        What goes on waiting was decided before, and is no outcome.
        """
        outcomes: list[DispatchOutcome] = []
        for task in tasks:
            if task.id not in self.queue.tasks:
                continue
            choice = choose(self.agent_index, task)
            agent = choice.best
            if agent is not None and agent.id != but:
                outcomes.append(self._place(task, agent, now, explain_assigned(choice)))
        return outcomes

    def _is_full(self, task: Task, max_waiting: int | None) -> bool:
        """Whether so many others wait for the task's team."""
        others = self.queue.waiting_by_team[task.home_team] - (task.id in self.queue.tasks)
        return max_waiting is not None and others >= max_waiting

    def _place(self, task: Task, agent: Agent, now: datetime, explanation: Explanation) -> TaskAssigned | TaskOffered:
        if task.offer_seconds is None:
            self.assign(task, agent, now)
            return TaskAssigned(task, agent.id, explanation)
        offer = new_offer(task, agent.id, task.offer_seconds, now)
        offered = replace(task, offers=task.offers + 1)
        self._set(Placement(offered, agent.id, offer=offer))
        self.put_agent(agent.with_task(task.work, now))
        return TaskOffered(offered, agent.id, explanation, offer)
