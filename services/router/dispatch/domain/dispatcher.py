"""Matches one workspace's agents and tasks: what may happen to them, and what is decided then.

Decisions follow only from the present agents, tasks and counters, never from the order in which they were added. A
dispatcher restored from documents therefore decides exactly as the previous one would have.

Time passes by calls. A task names the time of its next change (`Placement.next_change`); the caller calls `advance` then.
A call that comes late changes no order: until it comes, everything stays as it was.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from services.router.dispatch.domain import offers
from services.router.dispatch.domain.agent_index import AgentIndex
from services.router.dispatch.domain.board import Board
from services.router.dispatch.domain.choice import choose
from services.router.dispatch.domain.explain import (
    Explanation,
    explain_assigned,
    explain_by_person,
    explain_waiting,
)
from services.router.dispatch.domain.outcomes import (
    DispatchOutcome,
    DispatchRefused,
    Overflowed,
    Requeued,
    Resumed,
    ReturnReason,
    TaskAssigned,
    Unmatched,
)
from services.router.dispatch.domain.placements import Placement
from services.router.dispatch.domain.queue import Queue
from services.router.dispatch.domain.values import Agent, Task

FIFO_RESERVE_INTERVAL = 10
"""One in so many tasks that agents pull is the oldest, so that tasks of low priority do not wait for ever."""


class Dispatcher:
    """Decides which agent gets which task. Methods return their decisions in order.

    `pulled` counts the tasks that agents pulled from the queue. One in `fifo_reserve_interval` of them is the oldest, whatever
    its priority. `changed_agents` and `changed_tasks` are the agents and tasks that changed since the caller cleared them,
    by id; None for a removed one.
    """

    def __init__(self, pulled: int = 0, fifo_reserve_interval: int = FIFO_RESERVE_INTERVAL) -> None:
        self.board = Board(pulled, fifo_reserve_interval)

    @property
    def agent_index(self) -> AgentIndex:
        return self.board.agent_index

    @property
    def queue(self) -> Queue:
        return self.board.queue

    @property
    def pulled(self) -> int:
        return self.board.pulled

    @property
    def changed_agents(self) -> dict[str, Agent | None]:
        return self.board.changed_agents

    @property
    def changed_tasks(self) -> dict[str, Placement | None]:
        return self.board.changed_tasks

    def restore(self, agents: Iterable[Agent], placements: Iterable[Placement]) -> None:
        """Add agents and tasks from documents, without a decision. What agents have in hand is counted from the tasks."""
        self.board.restore(agents, placements)

    def placement(self, task: str) -> Placement | None:
        """Where a task is; None: it is not open."""
        return self.board.placements.get(task)

    def tasks_of(self, agent: str) -> list[Placement]:
        """The tasks that an agent has or is offered, in priority order."""
        return self.board.tasks_of(agent)

    # -- tasks ------------------------------------------------------------------------------------------------------

    def enqueue(self, task: Task, now: datetime) -> list[DispatchOutcome]:
        """Add a task, and assign or offer it if an agent is free. A known task stays as it is."""
        return [] if task.id in self.board.placements else self.board.match(task, now)

    def change(self, task: Task, now: datetime) -> list[DispatchOutcome]:
        """Replace a task. A task that moved to another team is taken from its agent. An unknown task is ignored."""
        placement = self.placement(task.id)
        if placement is None:
            return []
        before = placement.task
        if placement.is_waiting:
            # With the same requirement no agent is free for it now, or it would not wait.
            self.board.replace_task(task)
            return [] if before.requirement == task.requirement else self._match_waiting(task, now)
        if before.home_team == task.home_team or placement.agent is None:
            # The units that it uses are those with which it was assigned.
            self.board.replace_task(replace(task, requirement=replace(task.requirement, work=before.work)))
            return []
        self.board.release(task.id, now)
        ended: list[DispatchOutcome] = offers.withdrawn(placement) or [Requeued(task, placement.agent, "moved")]
        return [*ended, *self.board.match_again(task, placement.agent, now)]

    def close(self, task: str, now: datetime) -> list[DispatchOutcome]:
        """Remove a task, if it is known. An offer of it ends. Its agent may pull another one."""
        placement = self.placement(task)
        if placement is None:
            return []
        self.board.release(task, now)
        pulled = self.board.pull_next(placement.agent, now) if placement.agent is not None else []
        return [*offers.withdrawn(placement), *pulled]

    def advance(self, task: str, now: datetime) -> list[DispatchOutcome]:
        """Apply what is due for a task by `now`: an offer expires; a waiting task relaxes, overflows, or waits for nobody any more.

        A task that asks for less is decided anew. Without anything due, nothing changes.
        """
        placement = self.placement(task)
        if placement is None or placement.next_change is None or placement.next_change > now:
            return []
        if placement.offer is not None:
            return offers.expire(self.board, placement, placement.offer, now)
        after = placement.task.advanced(now)
        self.board.wait(after)
        overflow = placement.task.overflow
        overflowed = [Overflowed(after, overflow.to_team, "max_wait")] if overflow and after.overflow is None else []
        return [*overflowed, *self._match_waiting(after, now)]

    def explain(self, task: Task) -> tuple[str | None, Explanation]:
        """Whom this task would be given or offered to now, and why; None: it would wait. Nothing changes."""
        agent = choose(self.agent_index, task).best
        if agent is None:
            return None, explain_waiting(self.agent_index, task)
        return agent.id, explain_assigned(self.agent_index, task)

    # -- offers -----------------------------------------------------------------------------------------------------

    def accept(self, offer: str, agent: str, at: datetime, now: datetime) -> list[DispatchOutcome]:
        """The agent accepted its offer at `at`: the task is assigned, and the count of missed offers starts again.

        Raises DispatchRefused (`offer_ended`) for an offer that ended, expired by `at`, or is another agent's.
        """
        return offers.accept(self.board, offer, agent, at, now)

    def decline(self, offer: str, agent: str, reason: str | None, now: datetime) -> list[DispatchOutcome]:
        """The agent declined its offer: the task waits at its old position, and others are asked first for five minutes.

        A decline with a reason does not count as missed. Raises DispatchRefused (`offer_ended`) as `accept` does.
        """
        return offers.decline(self.board, offer, agent, reason, now)

    # -- decisions of people ----------------------------------------------------------------------------------------

    def claim(
        self, task: str, agent: str, taken_from: str | None, now: datetime, *, over_capacity: bool = False
    ) -> list[DispatchOutcome]:
        """An agent takes a task: one that waits or is set aside (`taken_from` None), or the one of agent `taken_from`.

        Skills, teams and presence are not asked about. To claim the task that one is offered accepts it; to claim what one has
        changes nothing. Raises DispatchRefused: `unknown_task`, `unknown_agent`, `held` by somebody else than `taken_from`, or
        `over_capacity` unless this is allowed.
        """
        placement, claiming = self.placement(task), self.agent_index.agents.get(agent)
        if placement is None:
            raise DispatchRefused("unknown_task")
        if claiming is None:
            raise DispatchRefused("unknown_agent", agent=agent)
        if placement.agent == agent:
            return self._claim_own(placement, now)
        if placement.agent != taken_from:
            raise DispatchRefused("held", agent=placement.agent)
        if not over_capacity and not claiming.has_room(placement.task.work):
            raise DispatchRefused("over_capacity", agent=agent, load=claiming.load, capacity=claiming.capacity)
        return self._hand_over(placement, claiming, explain_by_person("claimed", claiming, agent), now)

    def force_assign(self, task: str, agent: str, by: str | None, now: datetime) -> list[DispatchOutcome]:
        """Assign a task to the agent that a person chose, ignoring skills and capacity. A removed agent requeues it."""
        placement, chosen = self.placement(task), self.agent_index.agents.get(agent)
        if placement is None:
            return []
        if chosen is not None:
            if placement.agent == agent:
                return self._claim_own(placement, now)
            return self._hand_over(placement, chosen, explain_by_person("forced", chosen, by), now)
        before = self.board.release(task, now)
        outcomes = [*offers.withdrawn(before), Requeued(before.task, agent, "agent_unknown")]
        if before.agent is None:
            return [*outcomes, *self.board.match(before.task, now)]
        return [*outcomes, *self.board.match_again(before.task, before.agent, now)]

    # -- units over time --------------------------------------------------------------------------------------------

    def pause(self, task: str, now: datetime) -> list[DispatchOutcome]:
        """A task stops counting: it is pending long enough, or snoozed. Its agent keeps it and may pull another one.

        A waiting task is set aside: nobody gets it until it is resumed. An offer of it ends. A repeat changes nothing.
        """
        placement = self.placement(task)
        if placement is None or not placement.counting:
            return []
        if placement.offer is None and placement.agent is not None:
            self.board.stop_counting(task, now)
            return self.board.pull_next(placement.agent, now)
        self.board.release(task, now)
        self.board.set_aside(placement.task)
        pulled = self.board.pull_next(placement.agent, now) if placement.agent is not None else []
        return [*offers.withdrawn(placement), *pulled]

    def resume(self, task: str, now: datetime, preferred_seconds: float | None = None) -> list[DispatchOutcome]:
        """A task counts again: the customer wrote, or its snooze ended. A task that was set aside is queued.

        It counts for its agent even above capacity (`Resumed.is_above_capacity`). Above twice the capacity, or when the agent is not
        online, it goes back to the queue at its old position, and waits for this agent for `preferred_seconds` first.
        """
        placement = self.placement(task)
        if placement is None or placement.counting:
            return []
        if placement.agent is None:
            self.board.release(task, now)
            return self.board.match(placement.task, now)
        agent = self.board.count_again(task)
        if agent.is_online and not agent.is_overloaded:
            return [Resumed(placement.task, agent.id, agent.load, agent.capacity)]
        reason: ReturnReason = "over_capacity" if agent.is_online else "not_online"
        return self._return(task, reason, now, preferred_seconds)

    def give_back(
        self,
        tasks: Collection[str],
        reason: ReturnReason,
        now: datetime,
        preferred_seconds: float | None = None,
        *,
        passed: bool = False,
    ) -> list[DispatchOutcome]:
        """Return tasks of agents to their old positions in the queue, in priority order. Their agents are preferred.

        Each waits for its agent for `preferred_seconds`, while that agent is online. With `passed` the agent is passed over
        instead, as after a missed offer. Tasks that nobody has are left alone.
        """
        known = [self.board.placements[task] for task in tasks if task in self.board.placements]
        known.sort(key=lambda placement: placement.task.priority_key)
        outcomes: list[DispatchOutcome] = []
        for placement in known:
            if placement.agent is not None:
                outcomes += self._return(placement.task.id, reason, now, preferred_seconds, passed=passed)
        return outcomes

    # -- agents -----------------------------------------------------------------------------------------------------

    def put_agent(self, agent: Agent, now: datetime) -> list[DispatchOutcome]:
        """Add or replace an agent. It keeps its tasks and offers, and pulls further ones up to its capacity.

        What it has in hand stays as it is, whatever `agent` says. Who waits for it, or was passed over, is decided anew.
        """
        stored = self.agent_index.agents.get(agent.id)
        in_hand = stored.in_hand if stored is not None else agent.in_hand
        self.board.put_agent(replace(agent, in_hand=in_hand).with_idle_since(now))
        concerned = self.board.review_audiences()
        # Also when only presence or capacity changed: either may have made the agent free.
        to_others = self.board.match_waiting(concerned, now, but=agent.id)
        pulled = self.board.pull_next(agent.id, now)
        return [*to_others, *pulled, *self.board.match_waiting(concerned, now)]

    def remove_agent(self, agent: str, now: datetime) -> list[DispatchOutcome]:
        """Remove an agent. Its tasks go to other agents, or wait at their old positions in the queue; its offers end."""
        placements = self.board.tasks_of(agent)
        ended: list[DispatchOutcome] = []
        for placement in placements:
            self.board.release(placement.task.id, now)
            ended += offers.withdrawn(placement) or [Requeued(placement.task, agent, "agent_deleted")]
        self.board.remove_agent(agent)
        # In priority order: the first task gets the best of the free agents.
        return [*ended, *self.board.match_in_order([placement.task for placement in placements], now)]

    # -- steps of several methods -----------------------------------------------------------------------------------

    def _match_waiting(self, task: Task, now: datetime) -> list[DispatchOutcome]:
        """Decide a waiting task anew."""
        return self.board.match_waiting([task], now) or [Unmatched(task, explain_waiting(self.agent_index, task))]

    def _claim_own(self, placement: Placement, now: datetime) -> list[DispatchOutcome]:
        if placement.offer is None:
            return []
        return offers.take(self.board, placement, placement.offer, now)

    def _hand_over(
        self, placement: Placement, agent: Agent, explanation: Explanation, now: datetime
    ) -> list[DispatchOutcome]:
        before = self.board.release(placement.task.id, now)
        previous = before.agent if before.offer is None else None
        task = replace(before.task, preferred_until=None)
        self.board.assign(task, self.agent_index.agents[agent.id], now)
        assigned = TaskAssigned(task, agent.id, explanation, previous)
        # The agent that had the task is free for another one.
        pulled = self.board.pull_next(before.agent, now) if before.agent is not None else []
        return [*offers.withdrawn(before), assigned, *pulled]

    def _return(
        self, task: str, reason: ReturnReason, now: datetime, preferred_seconds: float | None, *, passed: bool = False
    ) -> list[DispatchOutcome]:
        before = self.board.release(task, now)
        agent = str(before.agent)
        after = before.task.preferring(agent, now, preferred_seconds)
        if passed:
            after = after.passed_by(agent, now)
        ended: list[DispatchOutcome] = offers.withdrawn(before) or [Requeued(after, agent, reason)]
        return [*ended, *self.board.match_again(after, agent, now)]
