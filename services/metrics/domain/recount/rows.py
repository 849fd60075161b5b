"""One row of a report: findings are added to it, and become its figures."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from schemas.kpis import Duration, Rate, ReportRow, SentimentCounts, SlaCounts
from services.metrics.domain.recount.history import Finding, total_seconds
from services.metrics.domain.recount.statistics import share, to_duration

Name = tuple[str, str]
"""The name and variant of a figure."""
NONE: Sequence[float] = ()
Figure = TypeVar("Figure")


@dataclass(slots=True)
class Row:
    """The findings of one group, by name and variant.

    Durations and rates are arrays of doubles: a row may have 200,000 of them.
    """

    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[Name, "array[float]"] = field(default_factory=dict)
    business: dict[Name, "array[float]"] = field(default_factory=dict)
    rates: dict[Name, "array[float]"] = field(default_factory=dict)
    sentiments: dict[Name, "array[float]"] = field(default_factory=dict)
    clocks: dict[Name, int] = field(default_factory=dict)
    open: dict[str, dict[Name, int]] = field(default_factory=dict)
    provisional: set[Name] = field(default_factory=set)

    def add(self, finding: Finding, business_seconds: float) -> None:
        """Add a finding that is settled; `business_seconds` of its duration were in opening hours."""
        ADDERS[finding.kind](self, finding, business_seconds)
        if finding.provisional:
            self.provisional.add((finding.name, finding.variant))

    def add_open(self, finding: Finding) -> None:
        """Add a finding that has not ended."""
        still_open = self.open.setdefault(finding.kind, {})
        name = finding.name, finding.variant
        still_open[name] = still_open.get(name, 0) + 1

    def figures(self, group: Mapping[str, str | None]) -> ReportRow:
        """The row as REST answers it."""
        return ReportRow(
            group=dict(group),
            counts=dict(sorted(self.counts.items())),
            durations=_by_name(self._names("duration", self.seconds), self._duration),
            rates=_by_name(self._names("rate", self.rates), self._rate),
            sentiment={surface: self._sentiment(surface) for surface in sorted({name for name, _ in self.sentiments})},
            sla={metric: self._sla(metric) for metric, _ in sorted(self._names("sla", self.clocks))},
        )

    def _names(self, kind: str, settled: Mapping[Name, object]) -> list[Name]:
        # A figure of which nothing has settled is shown too, with its number of open ones.
        return sorted(settled.keys() | self.open.get(kind, {}).keys())

    def _duration(self, name: Name) -> Duration:
        return to_duration(
            self.seconds.get(name, NONE),
            self.business.get(name, NONE),
            self.open.get("duration", {}).get(name, 0),
            provisional=name in self.provisional,
        )

    def _rate(self, name: Name) -> Rate:
        judged = self.rates.get(name, NONE)
        count = int(sum(judged))
        return Rate(
            count=count,
            of=len(judged),
            open=self.open.get("rate", {}).get(name, 0),
            share=share(count, len(judged)),
            provisional=name in self.provisional,
        )

    def _sentiment(self, surface: str) -> SentimentCounts:
        positive, neutral, negative = (
            len(self.sentiments.get((surface, sentiment), NONE)) for sentiment in ("positive", "neutral", "negative")
        )
        shifts = self.sentiments.get((surface, "shift"), NONE)
        return SentimentCounts(
            positive=positive,
            neutral=neutral,
            negative=negative,
            # Positive messages for each negative one: not a share of all.
            ratio=share(positive, negative),
            conversations=len(shifts),
            shift=share(sum(shifts), len(shifts)),
            provisional=(surface, "shift") in self.provisional,
        )

    def _sla(self, metric: str) -> SlaCounts:
        counted = {name: number for (of, name), number in self.clocks.items() if of == metric}
        return sla_counts(counted, self.open.get("sla", {}).get((metric, "clock"), 0))


def sla_counts(counted: Mapping[str, int], still_open: int) -> SlaCounts:
    """The counts of one metric's clocks, by the names of their facts and `unanswered`."""
    fulfilled, breached = counted.get("fulfilled", 0), counted.get("breached", 0)
    return SlaCounts(
        **counted,
        open=still_open,
        attainment=share(fulfilled, fulfilled + breached),
        attainment_strict=share(fulfilled, fulfilled + breached + counted.get("unanswered", 0)),
    )


def _by_name(names: Sequence[Name], figure: Callable[[Name], Figure]) -> dict[str, dict[str, Figure]]:
    figures: dict[str, dict[str, Figure]] = {}
    for name, variant in names:
        figures.setdefault(name, {})[variant] = figure((name, variant))
    return figures


# -- one adder for each kind of finding --------------------------------------------------------------------------------


def _add_count(row: Row, finding: Finding, business_seconds: float) -> None:
    row.counts[finding.name] = row.counts.get(finding.name, 0) + 1


def _add_duration(row: Row, finding: Finding, business_seconds: float) -> None:
    name = finding.name, finding.variant
    # Pauses may overlap what counts by a clock difference of two machines: no duration is negative.
    took = max(0.0, total_seconds(finding.counted) - total_seconds(finding.excluded))
    row.seconds.setdefault(name, array("d")).append(took)
    row.business.setdefault(name, array("d")).append(business_seconds)


def _add_rate(row: Row, finding: Finding, business_seconds: float) -> None:
    row.rates.setdefault((finding.name, finding.variant), array("d")).append(finding.value)


def _add_sentiment(row: Row, finding: Finding, business_seconds: float) -> None:
    row.sentiments.setdefault((finding.name, finding.variant), array("d")).append(finding.value)


def _add_clock(row: Row, finding: Finding, business_seconds: float) -> None:
    name = finding.name, finding.variant
    row.clocks[name] = row.clocks.get(name, 0) + 1


ADDERS: dict[str, Callable[[Row, Finding, float], None]] = {
    "count": _add_count,
    "duration": _add_duration,
    "rate": _add_rate,
    "sentiment": _add_sentiment,
    "sla": _add_clock,
}
"""How a row adds a finding, by its kind."""
