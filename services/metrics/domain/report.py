"""Exact figures of a time from its facts alone. Pure: facts in, a report out; the same facts give the same report.

What is counted is placed by the time on the log of the fact that ended it (`by` stop) or began it (start), so a report
by stop of a time that has passed never changes. What began in the time and had not ended by its end (by start: by the
last fact given) is counted apart, as open.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from schemas.conversation import Conversation, ConversationFact
from schemas.envelope import Event
from schemas.sla import ClockFact
from schemas.values import Instant, instant_text
from services.domain.metrics_state import CaseRecord
from services.metrics.domain.business_hours import AROUND_THE_CLOCK, Calendars, Spent
from services.metrics.domain.measurements import Mark, Told, follow, running

CONVERSATION = "pasokh.conversation."
SLA = "pasokh.sla."
OUTCOMES = frozenset({"started", "warned", "breached", "fulfilled", "cancelled", "late"})
SETTLED = frozenset({"breached", "fulfilled", "cancelled", "late"})
PLACES = ("channel", "account", "surface", "team", "priority")
Dimension = Literal["channel", "surface", "account", "team", "priority", "language", "agent", "hour", "day"]
Edge = Literal["start", "stop"]
Group = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """From when (inclusive) to when (exclusive), told apart by what, placed by which edge."""

    start: datetime
    end: datetime
    group: Sequence[Dimension] = ()
    by: Edge = "stop"

    def holds(self, at: datetime) -> bool:
        return self.start <= at < self.end


class Times(BaseModel):
    """How long something took, in seconds; null where nothing did. Percentiles are values that occurred."""

    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None


class Duration(Times):
    """Times around the clock, and of the same in opening hours (`business`)."""

    count: int = 0
    open: int = 0
    business: Times = Times()


class Promises(BaseModel):
    """What became of the promises of one metric. `attainment`: fulfilled of fulfilled and breached."""

    started: int = 0
    open: int = 0
    warned: int = 0
    breached: int = 0
    fulfilled: int = 0
    cancelled: int = 0
    late: int = 0
    attainment: float | None = None


class Figures(BaseModel):
    """The figures of one group. `durations` by name and variant, `sla` by metric."""

    group: dict[str, str | None]
    counts: dict[str, int]
    durations: dict[str, dict[str, Duration]]
    sla: dict[str, Promises]


class Report(BaseModel):
    """Figures by group, the groups in order. `facts` were looked at."""

    start: Instant = Field(serialization_alias="from")
    end: Instant = Field(serialization_alias="to")
    by: Edge
    facts: int
    rows: list[Figures]


@dataclass(slots=True)
class _Row:
    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[tuple[str, str], "array[float]"] = field(default_factory=dict)
    business: dict[tuple[str, str], "array[float]"] = field(default_factory=dict)
    open: dict[tuple[str, str], int] = field(default_factory=dict)
    sla: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(slots=True)
class _Story:
    known: CaseRecord
    case: Conversation | None = None
    spent: Spent = field(default_factory=Spent)
    begun: dict[tuple[str, int], datetime] = field(default_factory=dict)
    clocks: dict[tuple[str, int], Mark] = field(default_factory=dict)


class Recount:
    """Takes facts one by one: those of each conversation whole up to the end, and in their order."""

    def __init__(self, asked: Asked, calendars: Calendars = AROUND_THE_CLOCK) -> None:
        self._asked, self._calendars = asked, calendars
        self._rows: dict[Group, _Row] = {}
        self._stories: dict[str, _Story] = {}
        self.facts = 0

    @property
    def conversations(self) -> Sequence[str]:
        """Those that were heard of."""
        return list(self._stories)

    @property
    def groups(self) -> int:
        """How many rows there are by now."""
        return len(self._rows)

    def knows(self, conversation: str) -> bool:
        """Whether any of its facts was taken."""
        return conversation in self._stories

    def take(self, event: Event) -> None:
        """One fact. Anything else, control events among them, counts for nothing."""
        if event.type.startswith(CONVERSATION):
            self.facts += 1
            told = Told(event.type.removeprefix(CONVERSATION), event.read(ConversationFact), event.time)
            story = self._story(told.fact.conversation, event.workspace)
            story.spent.note(story.known, told)
            story.known, marks = follow(story.known, told)
            story.case = told.case
            for mark in marks:
                self._count(mark, story.spent)
            story.spent.forget(told)
        elif event.type.startswith(SLA):
            self.facts += 1
            self._promise(event)

    def report(self) -> Report:
        """All that was taken, as figures. Nothing may be taken after it."""
        for story in self._stories.values():
            self._leave_open(story)
        rows = [self._figures(group, self._rows[group]) for group in sorted(self._rows, key=_order)]
        return Report(start=self._asked.start, end=self._asked.end, by=self._asked.by, facts=self.facts, rows=rows)

    def _story(self, conversation: str, workspace: str) -> _Story:
        return self._stories.setdefault(conversation, _Story(CaseRecord(workspace=workspace)))

    def _place(self, mark: Mark) -> datetime:
        return mark.begun if self._asked.by == "start" else mark.ended

    def _row(self, mark: Mark, at: datetime) -> _Row:
        group = tuple(_value(mark, dimension, at) for dimension in self._asked.group)
        return self._rows.setdefault(group, _Row())

    def _count(self, mark: Mark, spent: Spent) -> None:
        at = self._place(mark)
        if not self._asked.holds(at):
            return
        row, name = self._row(mark, at), f"{mark.kpi}_{mark.variant}".rstrip("_")
        if mark.seconds is None or mark.kpi == "handoff":
            row.counts[name] = row.counts.get(name, 0) + 1
        if mark.seconds is not None:
            named, business = (mark.kpi, mark.variant), spent.business_seconds(mark, self._calendars.of(mark.where))
            row.seconds.setdefault(named, array("d")).append(mark.seconds)
            row.business.setdefault(named, array("d")).append(business)

    def _promise(self, event: Event) -> None:
        word, fact = event.type.removeprefix(SLA), event.read(ClockFact)
        story, run = self._story(fact.conversation, event.workspace), (fact.metric, fact.run)
        if word == "started":
            story.begun[run] = event.time
        where = {name: str(getattr(fact, name)) for name in PLACES}
        mark = Mark(fact.metric, word, where, story.begun.get(run, fact.clock.started_at), event.time)
        if word in SETTLED:
            story.clocks.pop(run, None)
        else:
            story.clocks[run] = mark
        at = self._place(mark)
        if word in OUTCOMES and self._asked.holds(at):
            row = self._row(mark, at)
            row.sla[fact.metric, word] = row.sla.get((fact.metric, word), 0) + 1

    def _leave_open(self, story: _Story) -> None:
        if story.case is not None:
            for mark in running(story.known, story.case, self._asked.end):
                if self._asked.holds(mark.begun):
                    row, name = self._row(mark, mark.begun), (mark.kpi, mark.variant)
                    row.open[name] = row.open.get(name, 0) + 1
        for (metric, _), mark in story.clocks.items():
            if self._asked.holds(mark.begun):
                row = self._row(mark, mark.begun)
                row.sla[metric, "open"] = row.sla.get((metric, "open"), 0) + 1

    def _figures(self, group: Group, row: _Row) -> Figures:
        durations: dict[str, dict[str, Duration]] = {}
        for kpi, variant in sorted(row.seconds.keys() | row.open.keys()):
            named, none = (kpi, variant), array("d")
            taken = duration_of(row.seconds.get(named, none), row.business.get(named, none), row.open.get(named, 0))
            durations.setdefault(kpi, {})[variant] = taken
        return Figures(
            group=dict(zip(self._asked.group, group, strict=True)),
            counts=dict(sorted(row.counts.items())),
            durations=durations,
            sla={metric: promises_of(row.sla, metric) for metric in sorted({m for m, _ in row.sla})},
        )


def recount(facts: Iterable[Event], asked: Asked, calendars: Calendars = AROUND_THE_CLOCK) -> Report:
    """The report of facts that are given as they lie on the log, one topic partition after another."""
    count = Recount(asked, calendars)
    for event in facts:
        count.take(event)
    return count.report()


def duration_of(seconds: Sequence[float], business: Sequence[float], still_open: int) -> Duration:
    """The figures of some durations, and of how much of each was in opening hours."""
    around_the_clock, in_hours = times_of(seconds), times_of(business)
    return Duration(**dict(around_the_clock), count=len(seconds), open=still_open, business=in_hours)


def times_of(seconds: Sequence[float]) -> Times:
    """Mean and percentiles (by nearest rank) of some durations."""
    if not seconds:
        return Times()
    ranked = sorted(seconds)
    return Times(
        mean=sum(ranked) / len(ranked),
        p50=percentile(ranked, 50),
        p90=percentile(ranked, 90),
        p95=percentile(ranked, 95),
    )


def percentile(ranked: Sequence[float], percent: int) -> float:
    """The smallest value that at least so many percent do not exceed (nearest rank); `ranked` is sorted, not empty."""
    return ranked[max(0, -(-len(ranked) * percent // 100) - 1)]


def promises_of(counted: Mapping[tuple[str, str], int], metric: str) -> Promises:
    """What became of the promises of one metric."""
    words = {word: number for (of, word), number in counted.items() if of == metric}
    judged = words.get("fulfilled", 0) + words.get("breached", 0)
    return Promises(**words, attainment=words.get("fulfilled", 0) / judged if judged else None)


def _value(mark: Mark, dimension: Dimension, at: datetime) -> str | None:
    if dimension == "hour":
        return instant_text(at.replace(minute=0, second=0, microsecond=0))
    if dimension == "day":
        return instant_text(at.replace(hour=0, minute=0, second=0, microsecond=0))
    return mark.where.get(dimension)


def _order(group: Group) -> list[tuple[bool, str]]:
    return [(value is not None, value or "") for value in group]


def in_order(events: Iterable[Event]) -> Iterator[Event]:
    """Facts of one and the same time as their writers numbered them."""
    return iter(sorted(events, key=lambda event: (event.time, event.source, event.seq or 0, event.index or 0)))
