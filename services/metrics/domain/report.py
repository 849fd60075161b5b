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
from services.domain.metrics_state import ConversationMetricsState
from services.metrics.domain.business_hours import ALWAYS_OPEN, Calendars, StatusIntervals
from services.metrics.domain.measurements import ConversationEvent, Measurement, apply, open_measurements

CONVERSATION = "pasokh.conversation."
SLA = "pasokh.sla."
OUTCOMES = frozenset({"started", "warned", "breached", "fulfilled", "cancelled", "late"})
SETTLED = frozenset({"breached", "fulfilled", "cancelled", "late"})
SURFACE_DIMENSIONS = ("channel", "account", "surface", "team", "priority")
Dimension = Literal["channel", "surface", "account", "team", "priority", "language", "agent", "hour", "day"]
AttributionEdge = Literal["start", "stop"]
Group = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """From when (inclusive) to when (exclusive), told apart by what, placed by which edge."""

    start: datetime
    end: datetime
    group: Sequence[Dimension] = ()
    by: AttributionEdge = "stop"

    def holds(self, at: datetime) -> bool:
        return self.start <= at < self.end


class DurationStats(BaseModel):
    """How long something took, in seconds; null where nothing did. Percentiles are values that occurred."""

    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None


class Duration(DurationStats):
    """Times around the clock, and of the same in opening hours (`business`)."""

    count: int = 0
    open: int = 0
    business: DurationStats = DurationStats()


class SlaCounts(BaseModel):
    """What became of the promises of one metric. `attainment`: fulfilled of fulfilled and breached."""

    started: int = 0
    open: int = 0
    warned: int = 0
    breached: int = 0
    fulfilled: int = 0
    cancelled: int = 0
    late: int = 0
    attainment: float | None = None


class ReportRow(BaseModel):
    """The figures of one group. `durations` by name and variant, `sla` by metric."""

    group: dict[str, str | None]
    counts: dict[str, int]
    durations: dict[str, dict[str, Duration]]
    sla: dict[str, SlaCounts]


class Report(BaseModel):
    """Figures by group, the groups in order. `facts` were looked at."""

    start: Instant = Field(serialization_alias="from")
    end: Instant = Field(serialization_alias="to")
    by: AttributionEdge
    facts: int
    rows: list[ReportRow]


@dataclass(slots=True)
class _Row:
    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[tuple[str, str], "array[float]"] = field(default_factory=dict)
    business: dict[tuple[str, str], "array[float]"] = field(default_factory=dict)
    open: dict[tuple[str, str], int] = field(default_factory=dict)
    sla: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(slots=True)
class _ConversationHistory:
    known: ConversationMetricsState
    case: Conversation | None = None
    spent: StatusIntervals = field(default_factory=StatusIntervals)
    begun: dict[tuple[str, int], datetime] = field(default_factory=dict)
    clocks: dict[tuple[str, int], Measurement] = field(default_factory=dict)


class ReportBuilder:
    """Takes facts one by one: those of each conversation whole up to the end, and in their order."""

    def __init__(self, asked: ReportRequest, calendars: Calendars = ALWAYS_OPEN) -> None:
        self._asked, self._calendars = asked, calendars
        self._rows: dict[Group, _Row] = {}
        self._stories: dict[str, _ConversationHistory] = {}
        self.facts = 0

    @property
    def conversations(self) -> Sequence[str]:
        """Those that were heard of."""
        return list(self._stories)

    @property
    def groups(self) -> int:
        """How many rows there are by now."""
        return len(self._rows)

    def has_conversation(self, conversation: str) -> bool:
        """Whether any of its facts was taken."""
        return conversation in self._stories

    def add(self, event: Event) -> None:
        """One fact. Anything else, control events among them, counts for nothing."""
        if event.type.startswith(CONVERSATION):
            self.facts += 1
            told = ConversationEvent(
                event.type.removeprefix(CONVERSATION), event.payload_as(ConversationFact), event.time
            )
            story = self._story(told.fact.conversation, event.workspace)
            story.spent.note(story.known, told)
            story.known, marks = apply(story.known, told)
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
            self._count_open(story)
        rows = [self._figures(group, self._rows[group]) for group in sorted(self._rows, key=_order)]
        return Report(start=self._asked.start, end=self._asked.end, by=self._asked.by, facts=self.facts, rows=rows)

    def _story(self, conversation: str, workspace: str) -> _ConversationHistory:
        return self._stories.setdefault(
            conversation, _ConversationHistory(ConversationMetricsState(workspace=workspace))
        )

    def _place(self, mark: Measurement) -> datetime:
        return mark.started_at if self._asked.by == "start" else mark.ended_at

    def _row(self, mark: Measurement, at: datetime) -> _Row:
        group = tuple(_value(mark, dimension, at) for dimension in self._asked.group)
        return self._rows.setdefault(group, _Row())

    def _count(self, mark: Measurement, spent: StatusIntervals) -> None:
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
        word, fact = event.type.removeprefix(SLA), event.payload_as(ClockFact)
        story, run = self._story(fact.conversation, event.workspace), (fact.metric, fact.run)
        if word == "started":
            story.begun[run] = event.time
        where = {name: str(getattr(fact, name)) for name in SURFACE_DIMENSIONS}
        mark = Measurement(fact.metric, word, where, story.begun.get(run, fact.clock.started_at), event.time)
        if word in SETTLED:
            story.clocks.pop(run, None)
        else:
            story.clocks[run] = mark
        at = self._place(mark)
        if word in OUTCOMES and self._asked.holds(at):
            row = self._row(mark, at)
            row.sla[fact.metric, word] = row.sla.get((fact.metric, word), 0) + 1

    def _count_open(self, story: _ConversationHistory) -> None:
        if story.case is not None:
            for mark in open_measurements(story.known, story.case, self._asked.end):
                if self._asked.holds(mark.started_at):
                    row, name = self._row(mark, mark.started_at), (mark.kpi, mark.variant)
                    row.open[name] = row.open.get(name, 0) + 1
        for (metric, _), mark in story.clocks.items():
            if self._asked.holds(mark.started_at):
                row = self._row(mark, mark.started_at)
                row.sla[metric, "open"] = row.sla.get((metric, "open"), 0) + 1

    def _figures(self, group: Group, row: _Row) -> ReportRow:
        durations: dict[str, dict[str, Duration]] = {}
        for kpi, variant in sorted(row.seconds.keys() | row.open.keys()):
            named, none = (kpi, variant), array("d")
            taken = duration_of(row.seconds.get(named, none), row.business.get(named, none), row.open.get(named, 0))
            durations.setdefault(kpi, {})[variant] = taken
        return ReportRow(
            group=dict(zip(self._asked.group, group, strict=True)),
            counts=dict(sorted(row.counts.items())),
            durations=durations,
            sla={metric: sla_counts(row.sla, metric) for metric in sorted({m for m, _ in row.sla})},
        )


def recount(facts: Iterable[Event], asked: ReportRequest, calendars: Calendars = ALWAYS_OPEN) -> Report:
    """The report of facts that are given as they lie on the log, one topic partition after another."""
    count = ReportBuilder(asked, calendars)
    for event in facts:
        count.add(event)
    return count.report()


def duration_of(seconds: Sequence[float], business: Sequence[float], still_open: int) -> Duration:
    """The figures of some durations, and of how much of each was in opening hours."""
    around_the_clock, in_hours = times_of(seconds), times_of(business)
    return Duration(**dict(around_the_clock), count=len(seconds), open=still_open, business=in_hours)


def times_of(seconds: Sequence[float]) -> DurationStats:
    """Mean and percentiles (by nearest rank) of some durations."""
    if not seconds:
        return DurationStats()
    ranked = sorted(seconds)
    return DurationStats(
        mean=sum(ranked) / len(ranked),
        p50=percentile(ranked, 50),
        p90=percentile(ranked, 90),
        p95=percentile(ranked, 95),
    )


def percentile(ranked: Sequence[float], percent: int) -> float:
    """The smallest value that at least so many percent do not exceed (nearest rank); `ranked` is sorted, not empty."""
    return ranked[max(0, -(-len(ranked) * percent // 100) - 1)]


def sla_counts(counted: Mapping[tuple[str, str], int], metric: str) -> SlaCounts:
    """What became of the promises of one metric."""
    words = {word: number for (of, word), number in counted.items() if of == metric}
    judged = words.get("fulfilled", 0) + words.get("breached", 0)
    return SlaCounts(**words, attainment=words.get("fulfilled", 0) / judged if judged else None)


def _value(mark: Measurement, dimension: Dimension, at: datetime) -> str | None:
    if dimension == "hour":
        return instant_text(at.replace(minute=0, second=0, microsecond=0))
    if dimension == "day":
        return instant_text(at.replace(hour=0, minute=0, second=0, microsecond=0))
    return mark.where.get(dimension)


def _order(group: Group) -> list[tuple[bool, str]]:
    return [(value is not None, value or "") for value in group]


def sorted_facts(events: Iterable[Event]) -> Iterator[Event]:
    """Facts of one and the same time as their writers numbered them."""
    return iter(sorted(events, key=lambda event: (event.time, event.source, event.seq or 0, event.index or 0)))
