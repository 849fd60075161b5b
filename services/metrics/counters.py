"""The counters of one workspace while a batch is handled: they are changed in place and written with the batch."""

import bisect
from dataclasses import dataclass, field
from datetime import datetime

from services.metrics.domain.samples import Sample, collapse_labels
from services.metrics.instruments import Instrument
from services.records.counters import MESSAGE_SLOTS, OPENED_SLOTS, CounterRecord, Distribution

MAX_SERIES = 1000
"""Of a workspace in one partition. A new series beyond it is counted under the team and language `other`."""


@dataclass(slots=True)
class CounterSet:
    """The series of one workspace from one partition. `version`: see `CounterRecord`."""

    workspace: str
    partition: int
    version: int
    values: dict[str, float] = field(default_factory=dict)
    distributions: dict[str, Distribution] = field(default_factory=dict)
    recent_messages: dict[str, int] = field(default_factory=dict)
    recent_opened: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: CounterRecord, version: int) -> "CounterSet":
        """The counters of a document, as copies: the document must not change before the batch is written."""
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
        """The document. It shares its dicts with the counters, so that it changes with them until the batch is written."""
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
        """Count a sample, and return the name of the series that it is counted in."""
        series = self.series_for(sample)
        if sample.instrument.kind == "histogram":
            known = self.distributions.get(series) or Distribution()
            self.distributions[series] = with_observation(known, sample.instrument, sample.amount)
        else:
            self.increment(series, sample.amount)
        return series

    def series_for(self, sample: Sample) -> str:
        """The series of a sample: its own, or the one of `other` where there are `MAX_SERIES` already."""
        series = sample.series
        return series if self._within_series_limit(series) else collapse_labels(sample).series

    def count_recent(self, event_name: str, at: datetime) -> None:
        """Count a message or an opening in the slots of the last minutes. `event_name` is the last word of the fact's type."""
        if event_name == "message_received":
            MESSAGE_SLOTS.count(self.recent_messages, at)
        elif event_name == "opened":
            OPENED_SLOTS.count(self.recent_opened, at)

    def _within_series_limit(self, series: str) -> bool:
        known = series in self.values or series in self.distributions
        return known or len(self.values) + len(self.distributions) < MAX_SERIES

    def move(self, before: str | None, after: str | None) -> None:
        """Move one conversation between two series of a gauge; None: it was, or is, in no series."""
        if before is not None:
            self.increment(before, -1)
        if after is not None:
            self.increment(after, 1)

    def increment(self, series: str, amount: float) -> None:
        """Move a counter or gauge by an amount."""
        self.values[series] = self.values.get(series, 0.0) + amount


def with_observation(known: Distribution, instrument: Instrument, seconds: float) -> Distribution:
    """The distribution with one more observation. A value that equals a bound belongs to the bucket of that bound."""
    # Prometheus reads `le`, "less or equal": hence `bisect_left`.
    index = bisect.bisect_left(instrument.buckets, seconds)
    bound = str(instrument.buckets[index]) if index < len(instrument.buckets) else "+Inf"
    counts = {**known.counts, bound: known.counts.get(bound, 0) + 1}
    return Distribution(counts=counts, total=known.total + seconds)
