"""What each fact of a conversation does to its clocks. Pure: what is waited for, the clocks of that, and a fact in.

- first_response, next_response: follow the response runs that conversations gives on every fact, see
  `schemas.conversation.ResponseRun`. Nothing is decided about them here.
- public_response: the first public message → the first public answer, whoever gives it: person, bot or system.
- pickup: queued → with an agent, anew for each queueing.
- resolution: opened or reopened → resolved; pending does not count.

Answers count when they were accepted, once they have arrived.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
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
    """One conversation while its facts are told.

    `clocks` are those of `watch.waits`. `make` gives a new clock of a metric, run and start by these terms, `pick` the
    terms of now for a fact. `told` gathers what follows, in order.
    """

    watch: ConversationSlaState
    clocks: dict[ClockMetric, P]
    make: Callable[[ConversationFact, ClockMetric, int, Instant, PolicySnapshot], P]
    pick: Callable[[ConversationFact], PolicySelection]
    emitted: list[ClockEvent[P]] = field(default_factory=list)
    changed: dict[tuple[ClockMetric, int], P] = field(default_factory=dict)


def initial_state(fact: ConversationFact, pick: PolicySelection) -> ConversationSlaState:
    """The watch of a conversation that is heard of for the first time."""
    case = fact.snapshot
    return ConversationSlaState.unvalidated(
        conversation=fact.conversation,
        workspace=case.workspace,
        team=case.team,
        priority=case.priority,
        terms=pick.terms,
        picked=[pick.version],
        waits={},
        runs={},
        begun=[],
        response_tracking=None,
    )


def needs_reselection(watch: ConversationSlaState, word: str, fact: ConversationFact) -> bool:
    """Whether this fact has the policy picked again: it was asked for, another priority or team, a case opened again."""
    return word in RESELECTING_EVENTS or (watch.team, watch.priority) != (fact.snapshot.team, fact.snapshot.priority)


def on_first_fact(story: SlaReduction[P], fact: ConversationFact) -> None:
    """The first fact of a conversation: its resolution is waited for since it was opened."""
    if not is_finished(fact.snapshot.status):
        _open(story, fact, "resolution", fact.snapshot.opened_at)


def apply(story: SlaReduction[P], word: str, fact: ConversationFact) -> None:
    """Let one fact act: on the policy, on what waits for the customer, on what is waited for."""
    fact = _with_runs(story, word, fact)
    anew = needs_reselection(story.watch, word, fact)
    if anew:
        pick, case = story.pick(fact), fact.snapshot
        update = {"terms": pick.terms, "picked": [*story.watch.picked, pick.version]}
        story.watch = story.watch.model_copy(update={**update, "team": case.team, "priority": case.priority})
    _pause_or_resume(story, fact)
    handler = HANDLERS.get(word)
    if handler:
        handler(story, fact)
    _picked_up(story, fact)
    if anew:
        _retarget(story, fact)
    _follow_runs(story, fact)
    if is_finished(fact.snapshot.status):
        _finish(story)


def _with_runs(story: SlaReduction[P], word: str, fact: ConversationFact) -> ConversationFact:
    """The fact with its response runs, which are worked out where it is of a version before they were given."""
    if fact.ended_responses is None:
        tracked = follow_fact(story.watch.response_tracking or ResponseTracking(), word, fact)
        story.watch = story.watch.model_copy(update={"response_tracking": tracked.tracking})
        runs = {"response": tracked.tracking.open_run(), "ended_responses": list(tracked.ended)}
        return fact.model_copy(update=runs)
    if story.watch.response_tracking is not None:
        story.watch = story.watch.model_copy(update={"response_tracking": None})
    return fact


def _pause_or_resume(story: SlaReduction[P], fact: ConversationFact) -> None:
    step = clocks.pause if is_pending(fact.snapshot.status) else clocks.resume
    _apply(story, "resolution", lambda clock: step(clock, fact.at))


def _retarget(story: SlaReduction[P], fact: ConversationFact) -> None:
    for metric, wait in list(story.watch.waits.items()):
        if metric in story.clocks:
            _apply(story, metric, lambda clock: clocks.retarget(clock, story.watch.terms, fact.at))
            if story.clocks[metric].state == "cancelled":
                _set_open_target(story, metric, wait.since)
        else:
            _open(story, fact, metric, wait.since)


def earliest_due(known: Iterable[SlaClockState]) -> Instant | None:
    """When the first of the clocks that are open is due: running, paused, or broken and not met yet."""
    return min((clock.due_at for clock in known if clock.state in OPEN), default=None)


# -- waits and their clocks --------------------------------------------------------------------------------------------


def _open(story: SlaReduction[P], fact: ConversationFact, metric: ClockMetric, since: Instant) -> None:
    """Something is waited for; where it is promised, a run of its clock starts."""
    terms = story.watch.terms
    if terms is None or terms.targets.of(metric) is None:
        _set_open_target(story, metric, since)
        return
    run = story.watch.runs.get(metric, 0) + 1
    _set_open_target(story, metric, since, run)
    _keep(story, clocks.start(story.make(fact, metric, run, since, terms)))


def _set_open_target(story: SlaReduction[P], metric: ClockMetric, since: Instant, run: int | None = None) -> None:
    """It is waited for, with a clock of this run; None: nothing is promised about it."""
    watch = story.watch
    update: dict[str, object] = {"waits": {**watch.waits, metric: OpenTarget.unvalidated(since=since, run=run)}}
    if run is None:
        story.clocks.pop(metric, None)
    else:
        update["runs"] = {**watch.runs, metric: run}
    story.watch = watch.model_copy(update=update)


def _close(story: SlaReduction[P], metric: ClockMetric) -> None:
    waits = {other: wait for other, wait in story.watch.waits.items() if other != metric}
    story.watch = story.watch.model_copy(update={"waits": waits})
    story.clocks.pop(metric, None)


def _apply(story: SlaReduction[P], metric: ClockMetric, step: Callable[[P], Transition[P]]) -> None:
    clock = story.clocks.get(metric)
    if clock is not None:
        _keep(story, step(clock))


def _keep(story: SlaReduction[P], change: Transition[P]) -> None:
    story.clocks[change.clock.metric] = change.clock
    story.changed[change.clock.metric, change.clock.run] = change.clock
    story.emitted.extend(change.told)


def _stop(story: SlaReduction[P], metric: ClockMetric, at: Instant) -> None:
    """What was waited for happened `at`."""
    _apply(story, metric, lambda clock: clocks.deliver(clock, at))
    _close(story, metric)


def _end(story: SlaReduction[P], metric: ClockMetric, at: Instant) -> None:
    """It is waited for no more, and did not happen."""
    _apply(story, metric, lambda clock: clocks.end(clock, at))


def _finish(story: SlaReduction[P]) -> None:
    """A finished conversation waits for nothing but the fate of answers on their way."""
    for metric in _decided_here(story):
        clock = story.clocks.get(metric)
        if clock is None or not clock.answers:
            _close(story, metric)


def _decided_here(story: SlaReduction[P]) -> list[ClockMetric]:
    """The waits that do not follow a response run."""
    return [metric for metric in story.watch.waits if metric not in RESPONSE_METRICS]


# -- response runs -----------------------------------------------------------------------------------------------------


def _open_response_metric(story: SlaReduction[P]) -> ClockMetric | None:
    return next((metric for metric in RESPONSE_METRICS if metric in story.watch.waits), None)


def _follow_runs(story: SlaReduction[P], fact: ConversationFact) -> None:
    """At most one run is open at a time, so that the wait which is open is that of the run that the fact names first."""
    for run in fact.ended_responses or ():
        metric = _follow_run(story, fact, run)
        if run.accepted_at is not None:
            _stop(story, metric, run.accepted_at)
        else:
            _apply(story, metric, lambda clock: clocks.give_up(clock, run.ended_at or fact.at))  # noqa: B023 - applied at once
            _close(story, metric)
    if fact.response is not None:
        _await_answer(story, _follow_run(story, fact, fact.response), fact.response)
        return
    # Facts of two versions may disagree during an upgrade: what conversations says now holds.
    left = _open_response_metric(story)
    if left is not None:
        _apply(story, left, lambda clock: clocks.give_up(clock, fact.at))
        _close(story, left)


def _follow_run(story: SlaReduction[P], fact: ConversationFact, run: ResponseRun) -> ClockMetric:
    """The metric of the wait that follows this run, with its clock from the start of the run on."""
    metric = _open_response_metric(story)
    if metric is None:
        _open(story, fact, run.kind, run.started_at)
        return run.kind
    wait = story.watch.waits[metric]
    if run.started_at < wait.since:
        _set_open_target(story, metric, run.started_at, wait.run)
        _apply(story, metric, lambda clock: clocks.move_start(clock, run.started_at))
    return metric


def _await_answer(story: SlaReduction[P], metric: ClockMetric, run: ResponseRun) -> None:
    answer = PendingReply(message=run.answer or "", at=run.accepted_at) if run.accepted_at is not None else None
    _apply(story, metric, lambda clock: Transition(clocks.await_answer(clock, answer)))


# -- public answers ----------------------------------------------------------------------------------------------------


def _is_public(fact: ConversationFact) -> bool:
    return (fact.message_surface or fact.snapshot.surface) == "public"


def _received(story: SlaReduction[P], fact: ConversationFact) -> None:
    if fact.author not in (None, "customer") or not fact.needs_answer:
        return
    if _is_public(fact) and "public_response" not in story.watch.begun:
        story.watch = story.watch.model_copy(update={"begun": [*story.watch.begun, "public_response"]})
        _open(story, fact, "public_response", fact.at)


def _replied(story: SlaReduction[P], fact: ConversationFact) -> None:
    if _is_public(fact):
        message = fact.message or ""
        _apply(story, "public_response", lambda clock: Transition(clocks.reply(clock, message, fact.at)))


def _delivered(story: SlaReduction[P], fact: ConversationFact) -> None:
    public = story.watch.waits.get("public_response")
    if public is not None and _is_public(fact) and fact.at >= public.since:
        _stop(story, "public_response", fact.at)


def _failed(story: SlaReduction[P], fact: ConversationFact) -> None:
    _apply(story, "public_response", lambda clock: clocks.fail(clock, fact.message or ""))


# -- the rest of a life ------------------------------------------------------------------------------------------------


def _queued(story: SlaReduction[P], fact: ConversationFact) -> None:
    if "pickup" not in story.watch.waits:
        _open(story, fact, "pickup", fact.at)


def _picked_up(story: SlaReduction[P], fact: ConversationFact) -> None:
    """Somebody has it: given by dispatch, or handed over by a person, which is told by another fact."""
    if is_with_agent(fact.snapshot.status) and "pickup" in story.watch.waits:
        _stop(story, "pickup", fact.at)


def _resolved(story: SlaReduction[P], fact: ConversationFact) -> None:
    if "resolution" in story.watch.waits:
        _stop(story, "resolution", fact.at)
    _closed(story, fact)


def _closed(story: SlaReduction[P], fact: ConversationFact) -> None:
    for metric in _decided_here(story):
        _end(story, metric, fact.at)


def _reopened(story: SlaReduction[P], fact: ConversationFact) -> None:
    for metric in list(story.watch.waits):
        _apply(story, metric, lambda clock: Transition(clocks.reopen(clock)))
    if "resolution" not in story.watch.waits:
        _open(story, fact, "resolution", fact.at)


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
