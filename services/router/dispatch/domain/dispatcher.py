"""Matches one workspace's agents and tasks: what may happen to them, and what is decided then.

Decisions follow only from the present agents, tasks and counters, never from the order in which they were added. A
dispatcher restored from documents therefore decides exactly as the previous one would have.

Time passes by calls. A task names the time of its next change (`Placement.next_change`); the caller calls `advance` then.
A call that comes late changes no order: until it comes, everything stays as it was.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from schemas.routing import ReturnReason
from services.router.dispatch.domain import counting, offers, people, wrap_ups
from services.router.dispatch.domain.agent_index import AgentIndex
from services.router.dispatch.domain.board import Board
from services.router.dispatch.domain.choice import choose
from services.router.dispatch.domain.explain import (
    Explanation,
    explain_assigned,
    explain_waiting,
)
from services.router.dispatch.domain.outcomes import (
    DispatchOutcome,
    Overflowed,
    Requeued,
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
        return self._finish(now, [] if task.id in self.board.placements else self.board.match(task, now))

    def change(self, task: Task, now: datetime) -> list[DispatchOutcome]:
        """Replace a task. A task that moved to another team is taken from its agent. An unknown task is ignored."""
        return self._finish(now, self._change(task, now))

    def close(self, task: str, now: datetime, wrap_up_seconds: float = 0) -> list[DispatchOutcome]:
        """Remove a task, if it is known. An offer of it ends. Its agent may pull another one.

        With `wrap_up_seconds` the units of live work stay in use for so long, or until `end_wrap_ups`.
        """
        placement = self.placement(task)
        if placement is None:
            return []
        self.board.release(task, now)
        wrap_ups.begin(self.board, placement, wrap_up_seconds, now)
        pulled = self.board.pull_next(placement.agent, now) if placement.agent is not None else []
        return self._finish(now, offers.withdrawn(placement), pulled)

    def end_wrap_ups(
        self, agent: str, now: datetime, task: str | None = None, *, early: bool = False
    ) -> list[DispatchOutcome]:
        """Free the units of what an agent has wrapped up by `now`; with `early` of everything, with `task` of this one."""
        return self._finish(now, wrap_ups.end(self.board, agent, now, task, early=early))

    def advance(self, task: str, now: datetime) -> list[DispatchOutcome]:
        """Apply what is due for a task by `now`: an offer expires; a waiting task relaxes, overflows, or waits for nobody any more.

        A task that asks for less is decided anew. Without anything due, nothing changes.
        """
        placement = self.placement(task)
        if placement is None or placement.next_change is None or placement.next_change > now:
            return []
        if placement.offer is not None:
            return self._finish(now, offers.expire(self.board, placement, placement.offer, now))
        after = placement.task.advanced(now)
        self.board.wait(after)
        overflow = placement.task.overflow
        overflowed: list[DispatchOutcome] = []
        if overflow is not None and after.overflow is None:
            overflowed.append(Overflowed(after, overflow.to_team, "max_wait"))
        return self._finish(now, overflowed, self._match_waiting(after, now))

    def explain(self, task: Task) -> tuple[str | None, Explanation]:
        """Whom this task would be given or offered to now, and why; None: it would wait. Nothing changes."""
        choice = choose(self.agent_index, task)
        agent = choice.best
        return (None, explain_waiting(choice)) if agent is None else (agent.id, explain_assigned(choice))

    # -- offers -----------------------------------------------------------------------------------------------------

    def accept(self, offer: str, agent: str, at: datetime, now: datetime) -> list[DispatchOutcome]:
        """The agent accepted its offer at `at`: the task is assigned, and the count of missed offers starts again.

        Raises DispatchRefused (`offer_ended`) for an offer that ended, expired by `at`, or is another agent's.
        """
        return self._finish(now, offers.accept(self.board, offer, agent, at, now))

    def decline(self, offer: str, agent: str, reason: str | None, now: datetime) -> list[DispatchOutcome]:
        """The agent declined its offer: the task waits at its old position, and others are asked first for five minutes.

        A decline with a reason does not count as missed. Raises DispatchRefused (`offer_ended`) as `accept` does.
        """
        return self._finish(now, offers.decline(self.board, offer, agent, reason, now))

    def set_aside(self, task: Task) -> None:
        """Add a task that nobody gets until a person takes it. A known task stays as it is."""
        if task.id not in self.board.placements:
            self.board.set_aside(task)

    # -- decisions of people ----------------------------------------------------------------------------------------

    def claim(
        self, task: str, agent: str, taken_from: str | None, now: datetime, *, over_capacity: bool = False
    ) -> list[DispatchOutcome]:
        """An agent takes a task: one that waits or is set aside (`taken_from` None), or the one of agent `taken_from`.

        Skills, teams and presence are not asked about. To claim the task that one is offered accepts it; to claim what one has
        changes nothing. Raises DispatchRefused: `unknown_task`, `unknown_agent`, `held` by somebody else than `taken_from`, or
        `over_capacity` unless this is allowed.
        """
        outcomes = people.claim(self.board, task, agent, taken_from, now, over_capacity=over_capacity)
        return self._finish(now, outcomes)

    def force_assign(self, task: str, agent: str, by: str | None, now: datetime) -> list[DispatchOutcome]:
        """Assign a task to the agent that a person chose, ignoring skills and capacity. A removed agent requeues it."""
        return self._finish(now, people.force_assign(self.board, task, agent, by, now))

    # -- units over time --------------------------------------------------------------------------------------------

    def pause(self, task: str, now: datetime) -> list[DispatchOutcome]:
        """A task stops counting: it is pending long enough, or snoozed. Its agent keeps it and may pull another one.

        A waiting task is set aside: nobody gets it until it is resumed. An offer of it ends. A repeat changes nothing.
        """
        return self._finish(now, counting.pause(self.board, task, now))

    def resume(self, task: str, now: datetime, preferred_seconds: float | None = None) -> list[DispatchOutcome]:
        """A task counts again: the customer wrote, or its snooze ended. A task that was set aside is queued.

        It counts for its agent even above capacity (`Resumed.is_above_capacity`). Above twice the capacity, or when the agent is not
        online, it goes back to the queue at its old position, and waits for this agent for `preferred_seconds` first.
        """
        return self._finish(now, counting.resume(self.board, task, now, preferred_seconds))

    def give_back(
        self,
        tasks: Collection[str],
        reason: ReturnReason,
        now: datetime,
        preferred_seconds: float | None = None,
        *,
        missed: bool = False,
    ) -> list[DispatchOutcome]:
        """Return tasks of agents to their old positions in the queue, in priority order. Their agents are preferred.

        Each waits for its agent for `preferred_seconds`, while that agent is online. With `missed` it is as after an offer that
        the agent missed: it counts, and the agent is passed over. Tasks that nobody has are left alone.
        """
        outcomes = counting.give_back(self.board, tasks, reason, now, preferred_seconds, missed=missed)
        return self._finish(now, outcomes)

    # -- agents -----------------------------------------------------------------------------------------------------

    def put_agent(self, agent: Agent, now: datetime) -> list[DispatchOutcome]:
        """Add or replace an agent. It keeps its tasks and offers, and pulls further ones up to its capacity.

        What it has in hand stays as it is, whatever `agent` says. Who waits for it, or was passed over, is decided anew.
        """
        stored = self.agent_index.agents.get(agent.id, agent)
        present = replace(agent, in_hand=stored.in_hand, reserved_for=stored.reserved_for, wrap_ups=stored.wrap_ups)
        self.board.put_agent(present.with_idle_since(now))
        # Also when only presence or capacity changed: either may have made the agent free.
        return self._finish(now, self.board.pull_among(agent.id, self.board.review_audiences(), now))

    def remove_agent(self, agent: str, now: datetime) -> list[DispatchOutcome]:
        """Remove an agent. Its tasks go to other agents, or wait at their old positions in the queue; its offers end."""
        placements = self.board.tasks_of(agent)
        ended: list[DispatchOutcome] = []
        for placement in placements:
            self.board.release(placement.task.id, now)
            ended += offers.withdrawn(placement) or [Requeued(placement.task, agent, "agent_deleted")]
        self.board.remove_agent(agent)
        # In priority order: the first task gets the best of the free agents.
        return self._finish(now, ended, self.board.match_in_order([placement.task for placement in placements], now))

    # -- steps ------------------------------------------------------------------------------------------------------

    def _change(self, task: Task, now: datetime) -> list[DispatchOutcome]:
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

    def _match_waiting(self, task: Task, now: datetime) -> list[DispatchOutcome]:
        """Decide a waiting task anew."""
        return self.board.match_waiting([task], now) or [
            Unmatched(task, explain_waiting(choose(self.agent_index, task)))
        ]

    def _finish(self, now: datetime, *parts: list[DispatchOutcome]) -> list[DispatchOutcome]:
        """All outcomes of a call. Agents whose reservations fell through pull last."""
        return [*(outcome for part in parts for outcome in part), *self.board.end_reservations(now)]
