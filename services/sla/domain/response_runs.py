"""How the clocks `first_response` and `next_response` follow the response runs of a conversation.

Conversations decides who waits for whom, and gives the runs on every fact: see `schemas.conversation.ResponseRun`.
"""

from dataclasses import replace

from schemas.conversation import ConversationFact, ResponseRun
from schemas.sla import ClockMetric
from schemas.values import Instant
from services.domain.response_tracking import ResponseTracking, follow_fact
from services.domain.sla_state import PendingReply
from services.sla.domain import clocks
from services.sla.domain.clocks import P, Transition
from services.sla.domain.reduction import SlaReduction

RESPONSE_METRICS: tuple[ClockMetric, ...] = ("first_response", "next_response")
"""Both wait for a human answer, so that at most one of them is open."""


def with_runs(reduction: SlaReduction[P], name: str, fact: ConversationFact) -> ConversationFact:
    """The fact with its response runs. A fact of a version that gave none gets those that `ResponseTracking` finds."""
    if fact.ended_responses is None:
        tracked = follow_fact(reduction.state.response_tracking or ResponseTracking(), name, fact)
        reduction.state = replace(reduction.state, response_tracking=tracked.tracking)
        runs = {"response": tracked.tracking.open_run(), "ended_responses": list(tracked.ended)}
        return fact.model_copy(update=runs)
    if reduction.state.response_tracking is not None:
        reduction.state = replace(reduction.state, response_tracking=None)
    return fact


def follow_runs(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    """End the clocks of the runs that the fact ended, oldest first; start or go on with the clock of the open run.

    At most one run is open at a time, so that the open response target belongs to the first run that the fact names.
    """
    for run in fact.ended_responses or ():
        metric = _open_or_move(reduction, fact, run)
        if run.accepted_at is not None:
            # From the acceptance, not from the delivery, however late that is known.
            reduction.fulfil(metric, run.accepted_at)
        else:
            _give_up(reduction, metric, run.ended_at or fact.at)
    if fact.response is not None:
        metric = _open_or_move(reduction, fact, fact.response)
        answer = _pending_reply(fact.response)
        reduction.advance(metric, lambda clock: Transition(clocks.await_answer(clock, answer)))
        return
    # During an upgrade, facts of two versions may disagree about what is open: the newer fact decides.
    left = _open_metric(reduction)
    if left is not None:
        _give_up(reduction, left, fact.at)


def _open_or_move(reduction: SlaReduction[P], fact: ConversationFact, run: ResponseRun) -> ClockMetric:
    """The metric of the open target of this run, whose clock counts from the start of the run on."""
    metric = _open_metric(reduction)
    if metric is None:
        reduction.open(fact, run.kind, run.started_at)
        return run.kind
    target = reduction.state.open_targets[metric]
    if run.started_at < target.since:
        # A message that was sent earlier than the first one arrived after it.
        reduction.set_open_target(metric, run.started_at, target.run)
        reduction.advance(metric, lambda clock: clocks.move_start(clock, run.started_at))
    return metric


def _give_up(reduction: SlaReduction[P], metric: ClockMetric, at: Instant) -> None:
    reduction.advance(metric, lambda clock: clocks.give_up(clock, at))
    reduction.close(metric)


def _pending_reply(run: ResponseRun) -> PendingReply | None:
    return PendingReply(message=run.answer or "", at=run.accepted_at) if run.accepted_at is not None else None


def _open_metric(reduction: SlaReduction[P]) -> ClockMetric | None:
    return next((metric for metric in RESPONSE_METRICS if metric in reduction.state.open_targets), None)
