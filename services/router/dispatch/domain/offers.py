"""Offers: an agent is asked first, and the task waits for the answer while its units are used.

How others do it: Twilio TaskRouter (https://www.twilio.com/docs/taskrouter/task-evaluation) moves a task on to its next target
when a reservation times out, and keeps the times of later targets, which count from the age of the task.
"""

from dataclasses import replace
from datetime import datetime

from schemas.routing import EndReason
from services.router.dispatch.domain.board import Board
from services.router.dispatch.domain.choice import audience_of
from services.router.dispatch.domain.explain import explain_by_person
from services.router.dispatch.domain.outcomes import (
    AgentSetAway,
    DispatchOutcome,
    DispatchRefused,
    OfferEnded,
    TaskAssigned,
)
from services.router.dispatch.domain.placements import Offer, Placement, offered_task
from services.router.dispatch.domain.values import Task


def accept(board: Board, offer: str, agent: str, at: datetime, now: datetime) -> list[DispatchOutcome]:
    """The agent accepted at `at`. Raises DispatchRefused for an offer that ended, or is not theirs."""
    placement, current = _current(board, offer, agent)
    # Judged by the time at which the agent accepted: a batch that runs late takes nothing from them.
    if at >= current.expires_at:
        raise DispatchRefused("offer_ended", why="expired")
    return take(board, placement, current, now)


def take(board: Board, placement: Placement, offer: Offer, now: datetime) -> list[DispatchOutcome]:
    """The agent takes what it is offered."""
    task = replace(placement.task, preferred_until=None)
    board.accept(task)
    agent = board.agent_index.agents[offer.agent]
    if agent.missed_offers:
        board.put_agent(replace(agent, missed_offers=0))
    explanation = explain_by_person("accepted", agent, agent.id)
    return [OfferEnded(task, offer, "accepted"), TaskAssigned(task, agent.id, explanation)]


def decline(board: Board, offer: str, agent: str, reason: str | None, now: datetime) -> list[DispatchOutcome]:
    """The agent declined. Raises DispatchRefused for an offer that ended, or is not theirs."""
    placement, current = _current(board, offer, agent)
    return _end(board, placement, current, "declined", reason, now)


def expire(board: Board, placement: Placement, offer: Offer, now: datetime) -> list[DispatchOutcome]:
    """Nobody answered the offer in time."""
    return _end(board, placement, offer, "expired", None, now)


def withdrawn(placement: Placement) -> list[DispatchOutcome]:
    """The end of an offer whose task is somewhere else now; nothing if it was not offered."""
    if placement.offer is None:
        return []
    return [OfferEnded(placement.task, placement.offer, "withdrawn")]


def _current(board: Board, offer: str, agent: str) -> tuple[Placement, Offer]:
    placement = board.placements.get(offered_task(offer))
    if placement is None:
        raise DispatchRefused("offer_ended", why="withdrawn")
    if placement.offer is None or placement.offer.id != offer or placement.offer.agent != agent:
        raise DispatchRefused("offer_ended", agent=placement.agent)
    return placement, placement.offer


def count_missed(board: Board, agent: str, now: datetime) -> tuple[int, list[DispatchOutcome]]:
    """The agent missed one more: how many in a row that are, and that it is set away if these are too many."""
    before = board.agent_index.agents[agent]
    after = replace(before, missed_offers=before.missed_offers + 1)
    maximum = after.max_missed_offers
    if not after.is_online or maximum is None or after.missed_offers < maximum:
        board.put_agent(after)
        return after.missed_offers, []
    board.put_agent(replace(after, presence="away").with_idle_since(now))
    return after.missed_offers, [AgentSetAway(agent, after.missed_offers, now)]


def match_after(
    board: Board, task: Task, agent: str, set_away: list[DispatchOutcome], now: datetime
) -> list[DispatchOutcome]:
    """Decide anew on a task that left an agent, who was perhaps set away by that."""
    return board.match_in_order([task], now) if set_away else board.match_again(task, agent, now)


def _end(
    board: Board, placement: Placement, offer: Offer, why: EndReason, reason: str | None, now: datetime
) -> list[DispatchOutcome]:
    board.release(placement.task.id, now)
    # A decline with a reason is an answer.
    is_answer = why == "declined" and reason is not None
    missed, set_away = (0, []) if is_answer else count_missed(board, offer.agent, now)
    task = _next_step(board, placement.task.passed_by(offer.agent, now))
    ended = OfferEnded(task, offer, why, reason, missed)
    return [ended, *set_away, *match_after(board, task, offer.agent, set_away, now)]


def _next_step(board: Board, task: Task) -> Task:
    """The task, relaxed by its next step at once if nobody else could be asked; later steps come at their times."""
    return task.relaxed() if task.relax and not audience_of(board.agent_index, task).passed else task
