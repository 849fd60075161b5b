"""The report of a time from facts alone: the same facts give the same report.

By `stop` a figure is placed by the time on the log of the fact that settles it. What has not ended at the end of the
time is `open`, whenever it began, and a report of a time that has passed never changes, but for what says
`provisional`. By `start` a figure is placed where it began and is followed until now.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from schemas.conversation import ConversationFact
from schemas.envelope import Event
from schemas.events import CONVERSATION, SLA
from schemas.kpis import AttributionEdge, Dimension, Report
from schemas.sla import ClockFact
from schemas.values import instant_text
from services.domain.business_hours import business_seconds_between
from services.metrics.domain.business_hours import ALWAYS_OPEN, Calendars
from services.metrics.domain.recount.clocks import clock_findings
from services.metrics.domain.recount.history import Finding, History, Interval, StepBuilder, total_seconds
from services.metrics.domain.recount.local_time import day_start, hour_start
from services.metrics.domain.recount.outcomes import (
    PersonConversation,
    counts,
    first_contact,
    handoffs,
    sentiments,
    to_person_conversation,
)
from services.metrics.domain.recount.responses import message_rates, responses
from services.metrics.domain.recount.rows import Row
from services.metrics.domain.recount.status_times import handling, is_resolved_for_good, resolutions, waits

Group = tuple[str | None, ...]
Fill = Callable[[str, ConversationFact], ConversationFact]
"""Fills in the response runs of a fact (by its name) that an earlier version wrote without them."""


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """From when (inclusive) to when (exclusive), grouped by what, placed by which edge, cut into days of which zone.

    `now` is the time at which the report is made, by default the end of its time: a rate with a window is open until the
    window has passed.
    """

    start: datetime
    end: datetime
    group: Sequence[Dimension] = ()
    by: AttributionEdge = "stop"
    timezone: str = "UTC"
    now: datetime | None = None

    @property
    def made_at(self) -> datetime:
        """When the report is made."""
        return self.now or self.end

    @property
    def horizon(self) -> datetime:
        """The end of the facts that count: by stop the end of the time, by start none."""
        return self.end if self.by == "stop" else datetime.max.replace(tzinfo=self.end.tzinfo)

    def holds(self, at: datetime) -> bool:
        """Whether a moment lies in the time."""
        return self.start <= at < self.end


class ReportBuilder:
    """Takes facts one by one: those of each conversation whole and in their order, up to now where they are known.

    Facts after the end of the time are used where a figure of the time depends on them: whether a resolve was the last
    one, whether a customer came back.
    """

    def __init__(self, request: ReportRequest, calendars: Calendars = ALWAYS_OPEN, fill: Fill | None = None) -> None:
        self._request, self._calendars, self._fill = request, calendars, fill
        self._zone = ZoneInfo(request.timezone)
        self._rows: dict[Group, Row] = {}
        self._histories: dict[str, History] = {}
        self._builder = StepBuilder()
        self.facts = 0

    @property
    def conversations(self) -> Sequence[str]:
        """The conversations of which a fact was added."""
        return list(self._histories)

    def has_conversation(self, conversation: str) -> bool:
        """Whether any of its facts was added."""
        return conversation in self._histories

    def add(self, event: Event) -> None:
        """Add one fact. Other events, such as control events, are ignored."""
        if event.type.startswith(CONVERSATION):
            self.facts += 1
            name, fact = event.type.removeprefix(CONVERSATION), event.payload_as(ConversationFact)
            fact = self._fill(name, fact) if self._fill else fact
            steps = self._history(fact.conversation).steps
            steps.append(self._builder.step(name, event.time, fact, steps[-1] if steps else None))
        elif event.type.startswith(SLA):
            self.facts += 1
            clock = event.payload_as(ClockFact)
            clock_step = self._builder.clock_step(event.type.removeprefix(SLA), event.time, clock)
            self._history(clock.conversation).clocks.append(clock_step)

    def resolved_in_time(self) -> Iterator[str]:
        """The conversations with a resolve in the time, which counts unless a later resolve follows."""
        for conversation, whole in self._histories.items():
            if any(step.name == "resolved" and self._request.holds(step.time) for step in whole.steps):
                yield conversation

    def contacts_in_time(self) -> Iterator[tuple[str, datetime]]:
        """The person of each conversation whose last resolve counts in this report, and when that was."""
        for whole in self._histories.values():
            known = whole.until(self._request.horizon)
            if known.steps and is_resolved_for_good(known, whole):
                resolve = [step for step in known.steps if step.name == "resolved"][-1]
                if self._request.holds(known.steps[0].time if self._request.by == "start" else resolve.time):
                    yield resolve.person, resolve.time

    def report(self, max_rows: int | None = None) -> Report:
        """All that was added, as figures. Raises OverflowError where there would be more than `max_rows`."""
        # First contact resolution of one conversation depends on the others of the same person.
        contacts = self._contacts()
        for conversation, whole in self._histories.items():
            for finding in self._findings(conversation, whole, contacts):
                self._place(finding)
            # Checked while rows are made: grouping by agent and hour may ask for millions.
            if max_rows is not None and len(self._rows) > max_rows:
                raise OverflowError(max_rows)
        request = self._request
        rows = [
            self._rows[group].figures(dict(zip(request.group, group, strict=True)))
            for group in sorted(self._rows, key=_order)
        ]
        return Report(
            start=request.start, end=request.end, by=request.by, timezone=request.timezone, facts=self.facts, rows=rows
        )

    def _history(self, conversation: str) -> History:
        return self._histories.setdefault(conversation, History())

    def _contacts(self) -> Mapping[str, Sequence[PersonConversation]]:
        contacts: dict[str, list[PersonConversation]] = {}
        for conversation, history in self._histories.items():
            if history.steps:
                contacts.setdefault(history.steps[0].person, []).append(to_person_conversation(conversation, history))
        return contacts

    def _findings(
        self, conversation: str, whole: History, contacts: Mapping[str, Sequence[PersonConversation]]
    ) -> Iterator[Finding]:
        # `known` is what the report may count; `whole` tells what came after, which some figures depend on.
        known = whole.until(self._request.horizon)
        yield from clock_findings(known)
        if not known.steps:
            return
        for figure in (counts, handoffs, responses, handling, waits):
            yield from figure(known)
        for later_figure in (resolutions, sentiments):
            yield from later_figure(known, whole)
        yield from message_rates(known, min(self._request.horizon, self._request.made_at))
        others = [one for one in contacts[known.steps[0].person] if one.conversation != conversation]
        yield from first_contact(known, whole, others, self._request.made_at)

    def _place(self, finding: Finding) -> None:
        request, settled_at = self._request, finding.settled_at
        if settled_at is None:
            # By stop, what is open at the end of the time counts, however early it began.
            is_in_time = request.holds(finding.began_at) if request.by == "start" else finding.began_at < request.end
            if is_in_time:
                self._row(finding, max(finding.began_at, request.start)).add_open(finding)
            return
        at = finding.began_at if request.by == "start" else settled_at
        if request.holds(at):
            self._row(finding, at).add(finding, self._business_seconds(finding))

    def _row(self, finding: Finding, at: datetime) -> Row:
        group = tuple(self._value(finding, dimension, at) for dimension in self._request.group)
        return self._rows.setdefault(group, Row())

    def _value(self, finding: Finding, dimension: Dimension, at: datetime) -> str | None:
        if dimension == "hour":
            return instant_text(hour_start(at, self._zone))
        if dimension == "day":
            return instant_text(day_start(at, self._zone))
        return finding.dimensions.get(dimension)

    def _business_seconds(self, finding: Finding) -> float:
        counted, excluded = (self._open_seconds(finding, part) for part in (finding.counted, finding.excluded))
        return max(0.0, counted - excluded)

    def _open_seconds(self, finding: Finding, intervals: Sequence[Interval]) -> float:
        calendar = self._calendars.calendar_for(finding.dimensions)
        if calendar is None:
            return total_seconds(intervals)
        return sum((business_seconds_between(since, until, calendar) for since, until in intervals), 0.0)


def recount(facts: Iterable[Event], request: ReportRequest, calendars: Calendars = ALWAYS_OPEN) -> Report:
    """The report of facts in the order of the log, one topic partition after another."""
    builder = ReportBuilder(request, calendars)
    for event in facts:
        builder.add(event)
    return builder.report()


def _order(group: Group) -> list[tuple[bool, str]]:
    return [(value is not None, value or "") for value in group]


def sorted_facts(events: Iterable[Event]) -> Iterator[Event]:
    """Facts by time; those of one time in the order in which their writers numbered them."""
    return iter(sorted(events, key=lambda event: (event.time, event.source, event.seq or 0, event.index or 0)))
