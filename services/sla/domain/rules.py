"""What each fact of a conversation does to its clocks. Pure: what is waited for, the clocks of that, and a fact in.

- first_response, next_response: follow the response runs that conversations gives on every fact, see
  `schemas.conversation.ResponseRun`. Nothing is decided about them here.
- public_response: the first public message → the first public answer, whoever gives it: person, bot or system.
- pickup: queued → with an agent, reselects for each queueing.
- resolution: opened or reopened → resolved; pending does not count.

Answers count when they were accepted, once they have arrived.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Generic

from schemas.conversation import ConversationFact, ResponseRun
from schemas.sla import ClockMetric
from schemas.values import Instant
from services.domain.lifecycle import is_finished, is_pending, is_with_agent
from services.domain.response_tracking import ResponseTracking, follow_fact
from services.domain.sla_state import ConversationSlaState, OpenTarget, PendingReply, PolicySnapshot, SlaClockState
from services.sla.domain import clocks
from services.sla.domain.clocks import ClockEvent, P, Transition
from services.sla.domain.policies import PolicySelection

RESELECTING_EVENTS = frozenset({"reopened", "sla_reapplied"})
OPEN = frozenset({"running", "paused", "breached"})
RESPONSE_METRICS: tuple[ClockMetric, ...] = ("first_response", "next_response")
"""The two of which one at most is waited for: a human answer."""


@dataclass(slots=True)
class SlaReduction(Generic[P]):
    """One conversation while a fact is applied.

    `clocks` are those of `state.open_targets`. `new_clock` makes a clock of a metric, run and start by this policy,
    `select_policy` selects the policy for a fact. `emitted` gathers the facts that follow, in order; `changed` holds the
    clocks to store.
    """

    state: ConversationSlaState
    clocks: dict[ClockMetric, P]
    new_clock: Callable[[ConversationFact, ClockMetric, int, Instant, PolicySnapshot], P]
    select_policy: Callable[[ConversationFact], PolicySelection]
    emitted: list[ClockEvent[P]] = field(default_factory=list)
    changed: dict[tuple[ClockMetric, int], P] = field(default_factory=dict)


def initial_state(fact: ConversationFact, selection: PolicySelection) -> ConversationSlaState:
    """The state of a conversation whose first fact this is."""
    case = fact.snapshot
    return ConversationSlaState(
        conversation=fact.conversation,
        workspace=case.workspace,
        team=case.team,
        priority=case.priority,
        policy=selection.terms,
        selected_versions=[selection.version],
        open_targets={},
        runs={},
        started_once=[],
        response_tracking=None,
    )


def needs_reselection(state: ConversationSlaState, name: str, fact: ConversationFact) -> bool:
    """Whether the policy is selected again: by request, for another priority or team, or at a reopening."""
    return name in RESELECTING_EVENTS or (state.team, state.priority) != (fact.snapshot.team, fact.snapshot.priority)


def on_first_fact(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    """The first fact of a conversation: its resolution is waited for since it was opened."""
    if not is_finished(fact.snapshot.status):
        _open(reduction, fact, "resolution", fact.snapshot.opened_at)


def apply(reduction: SlaReduction[P], name: str, fact: ConversationFact) -> None:
    """Let one fact act: on the policy, on what waits for the customer, on what is waited for."""
    fact = _with_runs(reduction, name, fact)
    reselects = needs_reselection(reduction.state, name, fact)
    if reselects:
        selection, case = reduction.select_policy(fact), fact.snapshot
        reduction.state = replace(
            reduction.state,
            policy=selection.terms,
            selected_versions=[*reduction.state.selected_versions, selection.version],
            team=case.team,
            priority=case.priority,
        )
    _pause_or_resume(reduction, fact)
    handler = HANDLERS.get(name)
    if handler:
        handler(reduction, fact)
    _stop_pickup(reduction, fact)
    if reselects:
        _retarget(reduction, fact)
    _follow_runs(reduction, fact)
    if is_finished(fact.snapshot.status):
        _finish(reduction)


def _with_runs(reduction: SlaReduction[P], name: str, fact: ConversationFact) -> ConversationFact:
    """The fact with its response runs, which are worked out where it is of a version before they were given."""
    if fact.ended_responses is None:
        tracked = follow_fact(reduction.state.response_tracking or ResponseTracking(), name, fact)
        reduction.state = replace(reduction.state, response_tracking=tracked.tracking)
        runs = {"response": tracked.tracking.open_run(), "ended_responses": list(tracked.ended)}
        return fact.model_copy(update=runs)
    if reduction.state.response_tracking is not None:
        reduction.state = replace(reduction.state, response_tracking=None)
    return fact


def _pause_or_resume(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    step = clocks.pause if is_pending(fact.snapshot.status) else clocks.resume
    _apply(reduction, "resolution", lambda clock: step(clock, fact.at))


def _retarget(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    for metric, wait in list(reduction.state.open_targets.items()):
        if metric in reduction.clocks:
            _apply(reduction, metric, lambda clock: clocks.retarget(clock, reduction.state.policy, fact.at))
            if reduction.clocks[metric].state == "cancelled":
                _set_open_target(reduction, metric, wait.since)
        else:
            _open(reduction, fact, metric, wait.since)


def earliest_due(known: Iterable[SlaClockState]) -> Instant | None:
    """When the first of the clocks that are open is due: running, paused, or broken and not met yet."""
    return min((clock.due_at for clock in known if clock.state in OPEN), default=None)


# -- waits and their clocks --------------------------------------------------------------------------------------------


def _open(reduction: SlaReduction[P], fact: ConversationFact, metric: ClockMetric, since: Instant) -> None:
    """Something is waited for; where it is promised, a run of its clock starts."""
    terms = reduction.state.policy
    if terms is None or terms.targets.of(metric) is None:
        _set_open_target(reduction, metric, since)
        return
    run = reduction.state.runs.get(metric, 0) + 1
    _set_open_target(reduction, metric, since, run)
    _put_clock(reduction, clocks.start(reduction.new_clock(fact, metric, run, since, terms)))


def _set_open_target(reduction: SlaReduction[P], metric: ClockMetric, since: Instant, run: int | None = None) -> None:
    """It is waited for, with a clock of this run; None: nothing is promised about it."""
    state = reduction.state
    if run is None:
        reduction.clocks.pop(metric, None)
    reduction.state = replace(
        state,
        open_targets={**state.open_targets, metric: OpenTarget(since=since, run=run)},
        runs=state.runs if run is None else {**state.runs, metric: run},
    )


def _close(reduction: SlaReduction[P], metric: ClockMetric) -> None:
    targets = {other: wait for other, wait in reduction.state.open_targets.items() if other != metric}
    reduction.state = replace(reduction.state, open_targets=targets)
    reduction.clocks.pop(metric, None)


def _apply(reduction: SlaReduction[P], metric: ClockMetric, step: Callable[[P], Transition[P]]) -> None:
    clock = reduction.clocks.get(metric)
    if clock is not None:
        _put_clock(reduction, step(clock))


def _put_clock(reduction: SlaReduction[P], change: Transition[P]) -> None:
    reduction.clocks[change.clock.metric] = change.clock
    reduction.changed[change.clock.metric, change.clock.run] = change.clock
    reduction.emitted.extend(change.events)


def _fulfil(reduction: SlaReduction[P], metric: ClockMetric, at: Instant) -> None:
    """What was waited for happened `at`."""
    _apply(reduction, metric, lambda clock: clocks.deliver(clock, at))
    _close(reduction, metric)


def _end(reduction: SlaReduction[P], metric: ClockMetric, at: Instant) -> None:
    """It is waited for no more, and did not happen."""
    _apply(reduction, metric, lambda clock: clocks.end(clock, at))


def _finish(reduction: SlaReduction[P]) -> None:
    """A finished conversation waits for nothing but the fate of answers on their way."""
    for metric in _other_waits(reduction):
        clock = reduction.clocks.get(metric)
        if clock is None or not clock.answers:
            _close(reduction, metric)


def _other_waits(reduction: SlaReduction[P]) -> list[ClockMetric]:
    """The waits that do not follow a response run."""
    return [metric for metric in reduction.state.open_targets if metric not in RESPONSE_METRICS]


# -- response runs -----------------------------------------------------------------------------------------------------


def _open_response_metric(reduction: SlaReduction[P]) -> ClockMetric | None:
    return next((metric for metric in RESPONSE_METRICS if metric in reduction.state.open_targets), None)


def _follow_runs(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    """At most one run is open at a time, so that the wait which is open is that of the run that the fact names first."""
    for run in fact.ended_responses or ():
        metric = _follow_run(reduction, fact, run)
        if run.accepted_at is not None:
            _fulfil(reduction, metric, run.accepted_at)
        else:
            _apply(reduction, metric, lambda clock: clocks.give_up(clock, run.ended_at or fact.at))  # noqa: B023 - applied at once
            _close(reduction, metric)
    if fact.response is not None:
        _await_answer(reduction, _follow_run(reduction, fact, fact.response), fact.response)
        return
    # Facts of two versions may disagree during an upgrade: what conversations says now holds.
    left = _open_response_metric(reduction)
    if left is not None:
        _apply(reduction, left, lambda clock: clocks.give_up(clock, fact.at))
        _close(reduction, left)


def _follow_run(reduction: SlaReduction[P], fact: ConversationFact, run: ResponseRun) -> ClockMetric:
    """The metric of the wait that follows this run, with its clock from the start of the run on."""
    metric = _open_response_metric(reduction)
    if metric is None:
        _open(reduction, fact, run.kind, run.started_at)
        return run.kind
    wait = reduction.state.open_targets[metric]
    if run.started_at < wait.since:
        _set_open_target(reduction, metric, run.started_at, wait.run)
        _apply(reduction, metric, lambda clock: clocks.move_start(clock, run.started_at))
    return metric


def _await_answer(reduction: SlaReduction[P], metric: ClockMetric, run: ResponseRun) -> None:
    answer = PendingReply(message=run.answer or "", at=run.accepted_at) if run.accepted_at is not None else None
    _apply(reduction, metric, lambda clock: Transition(clocks.await_answer(clock, answer)))


# -- public answers ----------------------------------------------------------------------------------------------------


def _is_public(fact: ConversationFact) -> bool:
    return (fact.message_surface or fact.snapshot.surface) == "public"


def _received(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    if fact.author not in (None, "customer") or not fact.needs_answer:
        return
    if _is_public(fact) and "public_response" not in reduction.state.started_once:
        reduction.state = replace(reduction.state, started_once=[*reduction.state.started_once, "public_response"])
        _open(reduction, fact, "public_response", fact.at)


def _replied(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    if _is_public(fact):
        message = fact.message or ""
        _apply(reduction, "public_response", lambda clock: Transition(clocks.reply(clock, message, fact.at)))


def _delivered(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    public = reduction.state.open_targets.get("public_response")
    if public is not None and _is_public(fact) and fact.at >= public.since:
        _fulfil(reduction, "public_response", fact.at)


def _failed(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    _apply(reduction, "public_response", lambda clock: clocks.fail(clock, fact.message or ""))


# -- the rest of a life ------------------------------------------------------------------------------------------------


def _queued(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    if "pickup" not in reduction.state.open_targets:
        _open(reduction, fact, "pickup", fact.at)


def _stop_pickup(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    """An agent has it: assigned by dispatch, or transferred by a person, which is another fact."""
    if is_with_agent(fact.snapshot.status) and "pickup" in reduction.state.open_targets:
        _fulfil(reduction, "pickup", fact.at)


def _resolved(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    if "resolution" in reduction.state.open_targets:
        _fulfil(reduction, "resolution", fact.at)
    _closed(reduction, fact)


def _closed(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    for metric in _other_waits(reduction):
        _end(reduction, metric, fact.at)


def _reopened(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    for metric in list(reduction.state.open_targets):
        _apply(reduction, metric, lambda clock: Transition(clocks.reopen(clock)))
    if "resolution" not in reduction.state.open_targets:
        _open(reduction, fact, "resolution", fact.at)


HANDLERS: dict[str, Callable[[SlaReduction[P], ConversationFact], None]] = {
    "message_received": _received,
    "replied": _replied,
    "reply_delivered": _delivered,
    "reply_failed": _failed,
    "queued": _queued,
    "resolved": _resolved,
    "closed": _closed,
    "reopened": _reopened,
}
"""What each fact does by its name; any may change the policy, the pause, and with whom the conversation is."""
