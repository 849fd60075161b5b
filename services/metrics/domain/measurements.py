"""What the facts of one conversation come to, fact by fact. Pure: what is remembered and a fact in, marks out.

Counters and reports follow the same marks; docs/kpis.md defines each of them. A mark is placed in time by the facts
that began and ended it, and lasts from event to event (an answer counts when it was accepted).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.conversation import PEOPLE_OF_OURS, Conversation, ConversationFact
from services.domain.metrics_state import ConversationMetricsState
from services.metrics.domain.pending_replies import (
    clear,
    on_customer_message,
    on_reply_accepted,
    on_reply_delivered,
    on_reply_failed,
)

LANGUAGES = frozenset({"fa", "ar", "lv", "en"})
OTHER = "other"
QUEUED = frozenset({"waiting", "offered"})

Dimensions = Mapping[str, str | None]
StatusInterval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One thing that counts. `where` are the dimensions it is told apart by.

    `seconds` is given for what takes time, and `span`: from when to when that was, whatever of it did not count.
    """

    kpi: str
    variant: str
    where: Dimensions
    started_at: datetime
    ended_at: datetime
    seconds: float | None = None
    span: StatusInterval | None = None


@dataclass(frozen=True, slots=True)
class ConversationEvent:
    """One fact of a conversation: its last word, its data, its time on the log."""

    event_name: str
    fact: ConversationFact
    time: datetime

    @property
    def case(self) -> Conversation:
        return self.fact.snapshot


def state_from_case(case: Conversation) -> dict[str, str]:
    """The labels that a conversation has."""
    return {
        "channel": case.channel,
        "surface": case.surface,
        "team": case.team,
        "priority": case.priority,
        "language": language_of(case.language),
    }


def language_of(language: str | None) -> str:
    """One of the languages that are told apart, else `other`; a region (`fa-IR`) does not count."""
    primary = (language or OTHER).split("-", 1)[0].lower()
    return primary if primary in LANGUAGES else OTHER


def dimensions_of(case: Conversation, surface: str | None = None) -> dict[str, str | None]:
    """Every dimension of a report; `surface`: the message's, where that counts."""
    where: dict[str, str | None] = {**state_from_case(case), "account": case.account, "agent": case.agent}
    if surface is not None:
        where["surface"] = surface
    return where


def apply(
    known: ConversationMetricsState, told: ConversationEvent
) -> tuple[ConversationMetricsState, list[Measurement]]:
    """What is remembered after a fact, and what it adds. The facts of a conversation come in their order."""
    marks = _counted(told)
    for step in REDUCERS:
        known, more = step(known, told)
        marks.extend(more)
    if told.case.status == "closed":
        known = ConversationMetricsState(workspace=known.workspace, waiting=known.waiting)
    return known, marks


def open_measurements(known: ConversationMetricsState, case: Conversation, now: datetime) -> Iterator[Measurement]:
    """What has begun and not ended, as marks that end `now` and have lasted no definite time."""
    where = dimensions_of(case)
    if known.turn is not None:
        for kpi, variant in _pending_reply_metrics(known):
            yield Measurement(kpi, variant, where, known.turn.begun, now)
    if known.opened is not None:
        yield from (Measurement("resolution", v, where, known.opened, now) for v in ("full", "full_less_pending"))
        if not known.reopened and known.status != "resolved":
            yield Measurement("resolution", "first", where, known.opened, now)
    if known.waiting_since is not None:
        yield Measurement("wait", "total", where, known.waiting_since, now)
    if known.handled_since is not None:
        yield Measurement("handle", "active", where, known.handled_since, now)
    if case.handoff is not None and case.handoff.state == "started":
        yield Measurement("handoff", "completed", where, case.handoff.started_at, now)


def _pending_reply_metrics(known: ConversationMetricsState) -> Iterator[tuple[str, str]]:
    if known.answered:
        yield "next_response", "human"
    else:
        yield "first_response", "human"
        if not known.answered_by_any:
            yield "first_response", "any"


# -- what one fact is by itself ----------------------------------------------------------------------------------------


def _counted(told: ConversationEvent) -> list[Measurement]:
    names = COUNT_RULES.get(told.event_name)
    if names is None:
        return []
    where = dimensions_of(told.case, told.fact.message_surface)
    return [Measurement(kpi, variant, where, told.time, told.time) for kpi, variant in names(told.fact)]


def _once(kpi: str, variant: str = "") -> Callable[[ConversationFact], Iterable[tuple[str, str]]]:
    return lambda _: [(kpi, variant)]


def _is_notice(fact: ConversationFact) -> bool:
    return fact.author == "system"


COUNT_RULES: dict[str, Callable[[ConversationFact], Iterable[tuple[str, str]]]] = {
    "opened": _once("opened"),
    "message_received": _once("message", "inbound"),
    "assigned": _once("assigned"),
    "transferred": _once("transferred"),
    "priority_changed": _once("priority_changed"),
    "noted": _once("noted"),
    "resolved": _once("resolved"),
    "reopened": _once("reopened"),
    "closed": _once("closed"),
    "reply_delivered": lambda fact: [("notice", "delivered") if _is_notice(fact) else ("message", "outbound")],
    "reply_failed": lambda fact: [("notice", "failed") if _is_notice(fact) else ("reply_failed", "")],
    "handoff_started": _once("handoff", "started"),
    "handoff_expired": _once("handoff", "expired"),
}


# -- what needs what was before ----------------------------------------------------------------------------------------

Reducer = Callable[[ConversationMetricsState, ConversationEvent], tuple[ConversationMetricsState, list[Measurement]]]


def _duration(
    kpi: str, variant: str, told: ConversationEvent, begun: datetime, span: StatusInterval, seconds: float | None = None
) -> Measurement:
    """What took all of the span, or so many seconds of it."""
    took = _between(*span) if seconds is None else max(0.0, seconds)
    return Measurement(kpi, variant, dimensions_of(told.case), begun, told.time, took, span)


def _between(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds())


def _on_opened(
    known: ConversationMetricsState, told: ConversationEvent
) -> tuple[ConversationMetricsState, list[Measurement]]:
    if told.event_name != "opened":
        return known, []
    return known.model_copy(update={"opened": told.time}), []


def _on_status_time(
    known: ConversationMetricsState, told: ConversationEvent
) -> tuple[ConversationMetricsState, list[Measurement]]:
    """Time goes to the status that it was spent in."""
    now = told.case.status
    if now == known.status:
        return known, []
    update: dict[str, object] = {"status": now, "status_since": told.time}
    spent = _between(known.status_since, told.time) if known.status_since else 0.0
    if known.status == "pending":
        update["pending_seconds"] = known.pending_seconds + spent
    if known.status == "assigned":
        update["handled_seconds"] = known.handled_seconds + spent
    if now == "assigned" and known.handled_since is None:
        update["handled_since"] = told.time
    return known.model_copy(update=update), []


def _on_assigned_wait(
    known: ConversationMetricsState, told: ConversationEvent
) -> tuple[ConversationMetricsState, list[Measurement]]:
    """Waiting goes on while offered, and ends when an agent has it."""
    since = known.waiting_since
    if told.case.status in QUEUED:
        return (known, []) if since else (known.model_copy(update={"waiting_since": told.time}), [])
    if since is None:
        return known, []
    ended = known.model_copy(update={"waiting_since": None})
    if told.case.status != "assigned":
        return ended, []
    return ended, [_duration("wait", "total", told, since, (since, told.time))]


def _on_resolved(
    known: ConversationMetricsState, told: ConversationEvent
) -> tuple[ConversationMetricsState, list[Measurement]]:
    """The first resolve is known when it happens, the last one when nothing can come after it."""
    if told.event_name == "resolved":
        return _resolved(known, told)
    if told.event_name == "closed" and told.case.resolved_at is not None:
        full = told.case.opened_at, told.case.resolved_at
        begun = known.opened or told.case.opened_at
        less = _between(*full) - known.pending_seconds
        return known, [
            _duration("resolution", "full", told, begun, full),
            _duration("resolution", "full_less_pending", told, begun, full, less),
        ]
    return (known.model_copy(update={"reopened": True}), []) if told.event_name == "reopened" else (known, [])


def _resolved(
    known: ConversationMetricsState, told: ConversationEvent
) -> tuple[ConversationMetricsState, list[Measurement]]:
    marks = []
    if not known.reopened:
        took = told.case.opened_at, told.case.resolved_at or told.fact.at
        marks.append(_duration("resolution", "first", told, known.opened or told.case.opened_at, took))
    since = known.handled_since
    if since is not None:
        marks.append(_duration("handle", "active", told, since, (since, told.time), known.handled_seconds))
    return known.model_copy(update={"handled_since": None, "handled_seconds": 0.0}), marks


def _on_reply(
    known: ConversationMetricsState, told: ConversationEvent
) -> tuple[ConversationMetricsState, list[Measurement]]:
    """Who waits for an answer, since when, and which answer ends that."""
    fact, marks = told.fact, list[Measurement]()
    if told.event_name == "message_received":
        return (on_customer_message(known, fact.at, told.time) if fact.needs_answer else known), marks
    if told.event_name == "replied" and fact.author in PEOPLE_OF_OURS:
        return on_reply_accepted(known, fact.message or ""), marks
    if told.event_name == "reply_failed" and fact.author in PEOPLE_OF_OURS:
        known = on_reply_failed(known, fact.message or "")
    if told.event_name == "reply_delivered":
        known, marks = _answered(known, told)
    return _count_unanswered(known, told, marks)


def _answered(
    known: ConversationMetricsState, told: ConversationEvent
) -> tuple[ConversationMetricsState, list[Measurement]]:
    marks, turn, first = list[Measurement](), known.turn, told.fact.first_response
    if turn is not None and not known.answered and not known.answered_by_any:
        marks.append(_duration("first_response", "any", told, turn.begun, (turn.since, told.fact.at)))
        known = known.model_copy(update={"answered_by_any": True})
    if told.fact.author not in PEOPLE_OF_OURS:
        return known, marks
    if first is not None:
        begun = turn.begun if turn else first.started_at
        marks.append(_duration("first_response", "human", told, begun, (first.started_at, first.stopped_at)))
    after, ended = on_reply_delivered(known, told.fact.message or "")
    if ended is not None and known.answered:
        marks.append(_duration("next_response", "human", told, ended.begun, (ended.since, told.fact.at)))
    return after.model_copy(update={"answered": known.answered or first is not None}), marks


def _count_unanswered(
    known: ConversationMetricsState, told: ConversationEvent, marks: list[Measurement]
) -> tuple[ConversationMetricsState, list[Measurement]]:
    """A finished conversation owes no further answer; its first answer may still come until it is closed."""
    status = told.case.status
    over = status == "closed" or (status == "resolved" and known.answered and not known.said)
    if not over or known.turn is None:
        return known, marks
    kpi = "next_response" if known.answered else "first_response"
    mark = Measurement("unanswered", kpi, dimensions_of(told.case), known.turn.begun, told.time)
    return clear(known), [*marks, mark]


def _on_handoff(
    known: ConversationMetricsState, told: ConversationEvent
) -> tuple[ConversationMetricsState, list[Measurement]]:
    handoff = told.case.handoff
    if told.event_name != "handoff_completed" or handoff is None:
        return known, []
    took = handoff.started_at, handoff.completed_at or told.fact.at
    return known, [_duration("handoff", "completed", told, handoff.started_at, took)]


REDUCERS: tuple[Reducer, ...] = (_on_opened, _on_status_time, _on_assigned_wait, _on_resolved, _on_reply, _on_handoff)
