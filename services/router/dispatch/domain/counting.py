"""Tasks that stop counting, count again, and go back to the queue."""

from collections.abc import Collection
from datetime import datetime

from schemas.routing import ReturnReason
from services.router.dispatch.domain import offers
from services.router.dispatch.domain.board import Board
from services.router.dispatch.domain.outcomes import DispatchOutcome, Requeued, Resumed


def pause(board: Board, task: str, now: datetime) -> list[DispatchOutcome]:
    """A task stops counting. Its agent keeps it; a waiting or offered one is set aside."""
    placement = board.placements.get(task)
    if placement is None or not placement.counting:
        return []
    if placement.offer is None and placement.agent is not None:
        board.stop_counting(task, now)
        return board.pull_next(placement.agent, now)
    board.release(task, now)
    board.set_aside(placement.task)
    pulled = board.pull_next(placement.agent, now) if placement.agent is not None else []
    return [*offers.withdrawn(placement), *pulled]


def resume(board: Board, task: str, now: datetime, preferred_seconds: float | None) -> list[DispatchOutcome]:
    """A task counts again for its agent, or goes back to the queue; one that was set aside is queued."""
    placement = board.placements.get(task)
    if placement is None or placement.counting:
        return []
    if placement.agent is None:
        board.release(task, now)
        return board.match(placement.task, now)
    agent = board.count_again(task)
    if agent.is_online and not agent.is_overloaded:
        return [Resumed(placement.task, agent.id, agent.load, agent.capacity)]
    reason: ReturnReason = "over_capacity" if agent.is_online else "not_online"
    return _return(board, task, reason, now, preferred_seconds, missed=False)


def give_back(
    board: Board,
    tasks: Collection[str],
    reason: ReturnReason,
    now: datetime,
    preferred_seconds: float | None,
    *,
    missed: bool,
) -> list[DispatchOutcome]:
    """Return tasks of agents to their old positions in the queue, in priority order."""
    known = [board.placements[task] for task in tasks if task in board.placements]
    known.sort(key=lambda placement: placement.task.priority_key)
    outcomes: list[DispatchOutcome] = []
    for placement in known:
        if placement.agent is not None:
            outcomes += _return(board, placement.task.id, reason, now, preferred_seconds, missed=missed)
    return outcomes


def _return(
    board: Board, task: str, reason: ReturnReason, now: datetime, preferred_seconds: float | None, *, missed: bool
) -> list[DispatchOutcome]:
    before = board.release(task, now)
    agent = str(before.agent)
    after = before.task.preferring(agent, now, preferred_seconds)
    set_away: list[DispatchOutcome] = []
    if missed:
        after = after.passed_by(agent, now)
        _, set_away = offers.count_missed(board, agent, now)
    ended: list[DispatchOutcome] = offers.withdrawn(before) or [Requeued(after, agent, reason)]
    return [*ended, *set_away, *offers.match_after(board, after, agent, set_away, now)]
