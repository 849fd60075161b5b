"""Wrap-up: after the end of a conversation its agent writes things down, and its units stay in use for a while."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.router.dispatch.domain.board import Board
from services.router.dispatch.domain.outcomes import DispatchOutcome
from services.router.dispatch.domain.placements import Placement
from services.router.dispatch.domain.values import WrapUp


def begin(board: Board, ended: Placement, seconds: float, now: datetime) -> None:
    """The agent who had a task that has just been released wraps it up. Mail, and what did not count, needs no time for that."""
    agent = board.agent_index.agents.get(ended.agent or "")
    work = ended.task.work
    if seconds <= 0 or agent is None or ended.offer is not None or not ended.counting or work.work_class == "mail":
        return
    if agent.is_online:
        wrap_up = WrapUp(ended.task.id, work, now + timedelta(seconds=seconds))
        board.put_agent(replace(agent.with_more(work), wrap_ups=(*agent.wrap_ups, wrap_up)))


def end(
    board: Board, agent: str, now: datetime, task: str | None = None, *, early: bool = False
) -> list[DispatchOutcome]:
    """End what an agent has wrapped up by now: all that is over, with `early` all of it, or what is left of one task."""
    known = board.agent_index.agents.get(agent)
    if known is None:
        return []
    ended = [one for one in known.wrap_ups if one.task == task or (task is None and (early or one.until <= now))]
    if not ended:
        return []
    in_hand = known.in_hand
    for one in ended:
        in_hand = in_hand.minus(one.work)
    rest = tuple(one for one in known.wrap_ups if one not in ended)
    board.put_agent(replace(known, in_hand=in_hand, wrap_ups=rest).with_idle_since(now))
    return board.pull_next(agent, now)
