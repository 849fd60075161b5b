"""The counters of a batch: they are added to in place, and what they come to is written with it."""

import bisect
from dataclasses import dataclass, field
from datetime import datetime

from services.metrics.domain.samples import Sample, collapse_labels
from services.metrics.instruments import Instrument
from services.records.counters import MESSAGE_SLOTS, OPENED_SLOTS, CounterRecord, Distribution

MAX_SERIES = 1000
"""Of a workspace in one partition; beyond it teams and languages that are new are counted as `other`."""


@dataclass(slots=True)
class CounterSet:
    """The series of one workspace from one partition, for as long as a batch lasts. `version`: see the record."""

    workspace: str
    partition: int
    version: int
    values: dict[str, float] = field(default_factory=dict)
    distributions: dict[str, Distribution] = field(default_factory=dict)
    recent_messages: dict[str, int] = field(default_factory=dict)
    recent_opened: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: CounterRecord, version: int) -> "CounterSet":
        """What is counted on from a document, which stays as it is."""
        return cls(
            record.workspace,
            record.partition,
            version,
            dict(record.values),
            dict(record.distributions),
            dict(record.recent_messages),
            dict(record.recent_opened),
        )

    @property
    def record(self) -> CounterRecord:
        """The document, which goes on with the counters until the batch is written."""
        return CounterRecord(
            workspace=self.workspace,
            partition=self.partition,
            version=self.version,
            values=self.values,
            distributions=self.distributions,
            recent_messages=self.recent_messages,
            recent_opened=self.recent_opened,
        )

    def add(self, sample: Sample) -> str:
        """Count a sample, folded where its series would be one too many; returns the series it is counted in."""
        series = self.series_for(sample)
        if sample.instrument.kind == "histogram":
            known = self.distributions.get(series) or Distribution()
            self.distributions[series] = observed(known, sample.instrument, sample.amount)
        else:
            self.increment(series, sample.amount)
        return series

    def series_for(self, sample: Sample) -> str:
        """The series in which a sample is counted: its own, or a folded one where that would be one too many."""
        series = sample.series
        return series if self._within_series_limit(series) else collapse_labels(sample).series

    def count_recent(self, event_name: str, at: datetime) -> None:
        """Count a fact of a conversation, by the last word of its type, among what happened lately."""
        if event_name == "message_received":
            MESSAGE_SLOTS.count(self.recent_messages, at)
        elif event_name == "opened":
            OPENED_SLOTS.count(self.recent_opened, at)

    def _within_series_limit(self, series: str) -> bool:
        known = series in self.values or series in self.distributions
        return known or len(self.values) + len(self.distributions) < MAX_SERIES

    def move(self, before: str | None, after: str | None) -> None:
        """One thing leaves the series `before` of a gauge and enters `after`; None: it is in none."""
        if before is not None:
            self.increment(before, -1)
        if after is not None:
            self.increment(after, 1)

    def increment(self, series: str, amount: float) -> None:
        """Move a counter or gauge by an amount."""
        self.values[series] = self.values.get(series, 0.0) + amount


def observed(known: Distribution, instrument: Instrument, seconds: float) -> Distribution:
    """The distribution with one observation more; a bound belongs to its own bucket."""
    place = bisect.bisect_left(instrument.buckets, seconds)
    bound = str(instrument.buckets[place]) if place < len(instrument.buckets) else "+Inf"
    counts = {**known.counts, bound: known.counts.get(bound, 0) + 1}
    return Distribution(counts=counts, total=known.total + seconds)
