"""What each fact of a conversation does to its promises. Pure: what is waited for, the clocks of that, and a fact in.

- first_response: the customer's first messages → a human answer. An agent who speaks first spends it.
- next_response: the earliest customer message after an answer → the next human answer. Order on the log decides which
  messages an answer has answered, for a message's own time may be earlier than its coming.
- public_response: the first public message → the first public answer, whoever gives it: person, bot or system.
- pickup: queued → with an agent, anew for each queueing.
- resolution: opened or reopened → resolved; pending does not count.

Answers count when they were accepted, once they have arrived.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, Literal

from schemas.conversation import PEOPLE_OF_OURS, ConversationFact
from schemas.sla import ClockMetric
from schemas.values import Instant
from services.domain.lifecycle import is_finished, is_pending, is_with_agent
from services.domain.sla_state import ConversationSlaState, OpenTarget, PendingReply, PolicySnapshot, SlaClockState
from services.sla.domain import clocks
from services.sla.domain.clocks import ClockEvent, P, Transition
from services.sla.domain.policies import PolicySelection

OneShotMetric = Literal["first_response", "public_response"]
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
        answers=[],
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
    if is_finished(fact.snapshot.status):
        _finish(story)


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
    for answer in story.watch.answers if metric in RESPONSE_METRICS else ():
        _apply(story, metric, lambda clock, a=answer: Transition(clocks.reply(clock, a.message, a.at)))  # type: ignore[misc]  # a default binds the loop's value


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
    for metric in list(story.watch.waits):
        clock = story.clocks.get(metric)
        on_its_way = story.watch.answers if metric in RESPONSE_METRICS else clock.answers if clock else []
        if not on_its_way:
            _close(story, metric)


# -- answers -----------------------------------------------------------------------------------------------------------


def _open_response_metric(story: SlaReduction[P]) -> ClockMetric | None:
    return next((metric for metric in RESPONSE_METRICS if metric in story.watch.waits), None)


def _start_clock(story: SlaReduction[P], metric: OneShotMetric) -> None:
    story.watch = story.watch.model_copy(update={"begun": [*story.watch.begun, metric]})


def _set_answers(story: SlaReduction[P], answers: list[PendingReply]) -> None:
    story.watch = story.watch.model_copy(update={"answers": answers})


def _place(story: SlaReduction[P], message: str | None) -> int | None:
    return next((i for i, answer in enumerate(story.watch.answers) if answer.message == message), None)


def _is_public(fact: ConversationFact) -> bool:
    return (fact.message_surface or fact.snapshot.surface) == "public"


def _received(story: SlaReduction[P], fact: ConversationFact) -> None:
    if fact.author not in (None, "customer") or not fact.needs_answer:
        return
    if _is_public(fact) and "public_response" not in story.watch.begun:
        _start_clock(story, "public_response")
        _open(story, fact, "public_response", fact.at)
    if _open_response_metric(story) is None:
        _start_response_clock(story, fact, fact.at)
    elif story.watch.answers and story.watch.answers[-1].asked_at is None:
        *earlier, last = story.watch.answers
        _set_answers(story, [*earlier, last.model_copy(update={"asked_at": fact.at})])


def _start_response_clock(story: SlaReduction[P], fact: ConversationFact, since: Instant) -> None:
    if "first_response" in story.watch.begun:
        _open(story, fact, "next_response", since)
    else:
        _start_clock(story, "first_response")
        _open(story, fact, "first_response", since)


def _replied(story: SlaReduction[P], fact: ConversationFact) -> None:
    message = fact.message or ""
    if _is_public(fact):
        _apply(story, "public_response", lambda clock: Transition(clocks.reply(clock, message, fact.at)))
    if fact.author not in PEOPLE_OF_OURS:
        return
    turn = _open_response_metric(story)
    if turn is not None:
        _set_answers(story, [*story.watch.answers, PendingReply(message=message, at=fact.at)])
        _apply(story, turn, lambda clock: Transition(clocks.reply(clock, message, fact.at)))
    elif "first_response" not in story.watch.begun:
        _start_clock(story, "first_response")


def _delivered(story: SlaReduction[P], fact: ConversationFact) -> None:
    public = story.watch.waits.get("public_response")
    if public is not None and _is_public(fact) and fact.at >= public.since:
        _stop(story, "public_response", fact.at)
    turn, place = _open_response_metric(story), _place(story, fact.message)
    # An answer that is not held was said before the customer asked what is waited for now.
    if turn is None or place is None or fact.author not in PEOPLE_OF_OURS:
        return
    later = story.watch.answers[place:]
    _stop(story, turn, fact.at)
    asked = next((i for i, answer in enumerate(later) if answer.asked_at is not None), len(later))
    _set_answers(story, later[asked + 1 :])
    if asked < len(later):
        _start_response_clock(story, fact, later[asked].asked_at or fact.at)


def _failed(story: SlaReduction[P], fact: ConversationFact) -> None:
    message = fact.message or ""
    _apply(story, "public_response", lambda clock: clocks.fail(clock, message))
    turn, place = _open_response_metric(story), _place(story, message)
    if turn is None or place is None:
        return
    answers = list(story.watch.answers)
    failed = answers.pop(place)
    if place > 0 and answers[place - 1].asked_at is None:
        answers[place - 1] = answers[place - 1].model_copy(update={"asked_at": failed.asked_at})
    _set_answers(story, answers)
    _apply(story, turn, lambda clock: clocks.fail(clock, message))


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
    # What was asked after an answer on its way needs none any more.
    _set_answers(story, [answer.model_copy(update={"asked_at": None}) for answer in story.watch.answers])
    for metric in list(story.watch.waits):
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
