"""What people decide: an agent claims a task or takes it over, and a lead or an operator forces an assignment."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from services.router.dispatch.domain import offers
from services.router.dispatch.domain.board import Board
from services.router.dispatch.domain.explain import Explanation, explain_by_person
from services.router.dispatch.domain.outcomes import DispatchOutcome, DispatchRefused, Requeued, Resumed, TaskAssigned
from services.router.dispatch.domain.placements import Placement
from services.router.dispatch.domain.values import Agent


def claim(
    board: Board, task: str, agent: str, taken_from: str | None, now: datetime, *, over_capacity: bool
) -> list[DispatchOutcome]:
    """An agent takes a task. Raises DispatchRefused."""
    placement, claiming = board.placements.get(task), board.agent_index.agents.get(agent)
    if placement is None:
        raise DispatchRefused("unknown_task")
    if claiming is None:
        raise DispatchRefused("unknown_agent", agent=agent)
    if placement.agent == agent:
        return _claim_own(board, placement, now)
    if placement.agent != taken_from:
        raise DispatchRefused("held", agent=placement.agent)
    if not over_capacity and not claiming.has_room(placement.task.work):
        raise DispatchRefused("over_capacity", agent=agent, load=claiming.load, capacity=claiming.capacity)
    return _hand_over(board, placement, claiming, _explained("claimed", placement, claiming, agent), now)


def force_assign(board: Board, task: str, agent: str, by: str | None, now: datetime) -> list[DispatchOutcome]:
    """A person chose the agent of a task. An unknown task is ignored; an unknown agent puts the task back."""
    placement, chosen = board.placements.get(task), board.agent_index.agents.get(agent)
    if placement is None:
        return []
    if chosen is None:
        return _put_back(board, placement, agent, now)
    if placement.agent == agent and not placement.counting:
        # It is live again by the decision of a person, whatever else the agent has in hand.
        known = board.count_again(task)
        return [Resumed(placement.task, agent, known.load, known.capacity)]
    if placement.agent == agent:
        return _claim_own(board, placement, now)
    return _hand_over(board, placement, chosen, _explained("forced", placement, chosen, by), now)


def _explained(kind: Literal["forced", "claimed"], placement: Placement, agent: Agent, by: str | None) -> Explanation:
    return explain_by_person(kind, agent, by, above_capacity=not agent.has_room(placement.task.work))


def _claim_own(board: Board, placement: Placement, now: datetime) -> list[DispatchOutcome]:
    return [] if placement.offer is None else offers.take(board, placement, placement.offer, now)


def _put_back(board: Board, placement: Placement, agent: str, now: datetime) -> list[DispatchOutcome]:
    board.release(placement.task.id, now)
    returned = [*offers.withdrawn(placement), Requeued(placement.task, agent, "agent_unknown")]
    if placement.agent is None:
        return [*returned, *board.match(placement.task, now)]
    return [*returned, *board.match_again(placement.task, placement.agent, now)]


def _hand_over(
    board: Board, before: Placement, agent: Agent, explanation: Explanation, now: datetime
) -> list[DispatchOutcome]:
    board.release(before.task.id, now)
    previous = before.agent if before.offer is None else None
    task = replace(before.task, preferred_until=None)
    board.assign(task, board.agent_index.agents[agent.id], now)
    assigned = TaskAssigned(task, agent.id, explanation, previous)
    # The agent that had the task is free for another one.
    pulled = board.pull_next(before.agent, now) if before.agent is not None else []
    return [*offers.withdrawn(before), assigned, *pulled]
