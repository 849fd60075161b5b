"""What the facts of one conversation come to, fact by fact. Pure: what is remembered and a fact in, marks out.

Counters and reports follow the same marks; docs/kpis.md defines each of them. A mark is placed in time by the facts
that began and ended it, and lasts from event to event (an answer counts when it was accepted).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.conversation import PEOPLE_OF_OURS, Conversation, ConversationFact
from services.domain.metrics_state import CaseRecord
from services.metrics.domain.pending_replies import answer_failed, answer_given, answer_said, asked, dropped

LANGUAGES = frozenset({"fa", "ar", "lv", "en"})
OTHER = "other"
QUEUED = frozenset({"waiting", "offered"})

Where = Mapping[str, str | None]
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that counts. `where` are the dimensions it is told apart by.

    `seconds` is given for what takes time, and `span`: from when to when that was, whatever of it did not count.
    """

    kpi: str
    variant: str
    where: Where
    begun: datetime
    ended: datetime
    seconds: float | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One fact of a conversation: its last word, its data, its time on the log."""

    word: str
    fact: ConversationFact
    time: datetime

    @property
    def case(self) -> Conversation:
        return self.fact.snapshot


def of_case(case: Conversation) -> dict[str, str]:
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


def where_of(case: Conversation, surface: str | None = None) -> dict[str, str | None]:
    """Every dimension of a report; `surface`: the message's, where that counts."""
    where: dict[str, str | None] = {**of_case(case), "account": case.account, "agent": case.agent}
    if surface is not None:
        where["surface"] = surface
    return where


def follow(known: CaseRecord, told: Told) -> tuple[CaseRecord, list[Mark]]:
    """What is remembered after a fact, and what it adds. The facts of a conversation come in their order."""
    marks = _counted(told)
    for step in STEPS:
        known, more = step(known, told)
        marks.extend(more)
    if told.case.status == "closed":
        known = CaseRecord(workspace=known.workspace, waiting=known.waiting)
    return known, marks


def running(known: CaseRecord, case: Conversation, now: datetime) -> Iterator[Mark]:
    """What has begun and not ended, as marks that end `now` and have lasted no definite time."""
    where = where_of(case)
    if known.turn is not None:
        for kpi, variant in _turn_names(known):
            yield Mark(kpi, variant, where, known.turn.begun, now)
    if known.opened is not None:
        yield from (Mark("resolution", v, where, known.opened, now) for v in ("full", "full_less_pending"))
        if not known.reopened and known.status != "resolved":
            yield Mark("resolution", "first", where, known.opened, now)
    if known.waiting_since is not None:
        yield Mark("wait", "total", where, known.waiting_since, now)
    if known.handled_since is not None:
        yield Mark("handle", "active", where, known.handled_since, now)
    if case.handoff is not None and case.handoff.state == "started":
        yield Mark("handoff", "completed", where, case.handoff.started_at, now)


def _turn_names(known: CaseRecord) -> Iterator[tuple[str, str]]:
    if known.answered:
        yield "next_response", "human"
    else:
        yield "first_response", "human"
        if not known.answered_by_any:
            yield "first_response", "any"


# -- what one fact is by itself ----------------------------------------------------------------------------------------


def _counted(told: Told) -> list[Mark]:
    names = COUNTED.get(told.word)
    if names is None:
        return []
    where = where_of(told.case, told.fact.message_surface)
    return [Mark(kpi, variant, where, told.time, told.time) for kpi, variant in names(told.fact)]


def _once(kpi: str, variant: str = "") -> Callable[[ConversationFact], Iterable[tuple[str, str]]]:
    return lambda _: [(kpi, variant)]


def _is_notice(fact: ConversationFact) -> bool:
    return fact.author == "system"


COUNTED: dict[str, Callable[[ConversationFact], Iterable[tuple[str, str]]]] = {
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

Step = Callable[[CaseRecord, Told], tuple[CaseRecord, list[Mark]]]


def _lasted(kpi: str, variant: str, told: Told, begun: datetime, span: Span, seconds: float | None = None) -> Mark:
    """What took all of the span, or so many seconds of it."""
    took = _between(*span) if seconds is None else max(0.0, seconds)
    return Mark(kpi, variant, where_of(told.case), begun, told.time, took, span)


def _between(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds())


def _opens(known: CaseRecord, told: Told) -> tuple[CaseRecord, list[Mark]]:
    if told.word != "opened":
        return known, []
    return known.model_copy(update={"opened": told.time}), []


def _spends(known: CaseRecord, told: Told) -> tuple[CaseRecord, list[Mark]]:
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


def _waits(known: CaseRecord, told: Told) -> tuple[CaseRecord, list[Mark]]:
    """Waiting goes on while offered, and ends when an agent has it."""
    since = known.waiting_since
    if told.case.status in QUEUED:
        return (known, []) if since else (known.model_copy(update={"waiting_since": told.time}), [])
    if since is None:
        return known, []
    ended = known.model_copy(update={"waiting_since": None})
    if told.case.status != "assigned":
        return ended, []
    return ended, [_lasted("wait", "total", told, since, (since, told.time))]


def _resolves(known: CaseRecord, told: Told) -> tuple[CaseRecord, list[Mark]]:
    """The first resolve is known when it happens, the last one when nothing can come after it."""
    if told.word == "resolved":
        return _resolved(known, told)
    if told.word == "closed" and told.case.resolved_at is not None:
        full = told.case.opened_at, told.case.resolved_at
        begun = known.opened or told.case.opened_at
        less = _between(*full) - known.pending_seconds
        return known, [
            _lasted("resolution", "full", told, begun, full),
            _lasted("resolution", "full_less_pending", told, begun, full, less),
        ]
    return (known.model_copy(update={"reopened": True}), []) if told.word == "reopened" else (known, [])


def _resolved(known: CaseRecord, told: Told) -> tuple[CaseRecord, list[Mark]]:
    marks = []
    if not known.reopened:
        took = told.case.opened_at, told.case.resolved_at or told.fact.at
        marks.append(_lasted("resolution", "first", told, known.opened or told.case.opened_at, took))
    since = known.handled_since
    if since is not None:
        marks.append(_lasted("handle", "active", told, since, (since, told.time), known.handled_seconds))
    return known.model_copy(update={"handled_since": None, "handled_seconds": 0.0}), marks


def _answers(known: CaseRecord, told: Told) -> tuple[CaseRecord, list[Mark]]:
    """Who waits for an answer, since when, and which answer ends that."""
    fact, marks = told.fact, list[Mark]()
    if told.word == "message_received":
        return (asked(known, fact.at, told.time) if fact.needs_answer else known), marks
    if told.word == "replied" and fact.author in PEOPLE_OF_OURS:
        return answer_said(known, fact.message or ""), marks
    if told.word == "reply_failed" and fact.author in PEOPLE_OF_OURS:
        known = answer_failed(known, fact.message or "")
    if told.word == "reply_delivered":
        known, marks = _answered(known, told)
    return _gave_up(known, told, marks)


def _answered(known: CaseRecord, told: Told) -> tuple[CaseRecord, list[Mark]]:
    marks, turn, first = list[Mark](), known.turn, told.fact.first_response
    if turn is not None and not known.answered and not known.answered_by_any:
        marks.append(_lasted("first_response", "any", told, turn.begun, (turn.since, told.fact.at)))
        known = known.model_copy(update={"answered_by_any": True})
    if told.fact.author not in PEOPLE_OF_OURS:
        return known, marks
    if first is not None:
        begun = turn.begun if turn else first.started_at
        marks.append(_lasted("first_response", "human", told, begun, (first.started_at, first.stopped_at)))
    after, ended = answer_given(known, told.fact.message or "")
    if ended is not None and known.answered:
        marks.append(_lasted("next_response", "human", told, ended.begun, (ended.since, told.fact.at)))
    return after.model_copy(update={"answered": known.answered or first is not None}), marks


def _gave_up(known: CaseRecord, told: Told, marks: list[Mark]) -> tuple[CaseRecord, list[Mark]]:
    """A finished conversation owes no further answer; its first answer may still come until it is closed."""
    status = told.case.status
    over = status == "closed" or (status == "resolved" and known.answered and not known.said)
    if not over or known.turn is None:
        return known, marks
    kpi = "next_response" if known.answered else "first_response"
    mark = Mark("unanswered", kpi, where_of(told.case), known.turn.begun, told.time)
    return dropped(known), [*marks, mark]


def _hands_off(known: CaseRecord, told: Told) -> tuple[CaseRecord, list[Mark]]:
    handoff = told.case.handoff
    if told.word != "handoff_completed" or handoff is None:
        return known, []
    took = handoff.started_at, handoff.completed_at or told.fact.at
    return known, [_lasted("handoff", "completed", told, handoff.started_at, took)]


STEPS: tuple[Step, ...] = (_opens, _spends, _waits, _resolves, _answers, _hands_off)
