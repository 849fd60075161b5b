"""Adding samples to a counter document, within its limit of series."""

import bisect

from services.metrics.domain import Sample, folded
from services.metrics.instruments import Instrument
from services.records.counters import CounterRecord, Distribution

MOST_SERIES = 1000
"""Of a workspace in one partition; beyond it teams and languages that are new are counted as `other`."""


def admitted(record: CounterRecord, sample: Sample) -> Sample:
    """The sample as it will be counted: itself, or folded where its series would be one too many."""
    known = sample.series in record.values or sample.series in record.distributions
    full = len(record.values) + len(record.distributions) >= MOST_SERIES
    return folded(sample) if full and not known else sample


def added(record: CounterRecord, sample: Sample, version: int) -> CounterRecord:
    """The document with one admitted sample more."""
    if sample.instrument.kind == "histogram":
        known = record.distributions.get(sample.series, Distribution())
        after = {**record.distributions, sample.series: observed(known, sample.instrument, sample.amount)}
        return record.model_copy(update={"distributions": after, "version": version})
    return moved(record, sample.series, sample.amount, version)


def moved(record: CounterRecord, series: str, amount: float, version: int) -> CounterRecord:
    """The document with a counter or gauge moved by an amount."""
    after = {**record.values, series: record.values.get(series, 0.0) + amount}
    return record.model_copy(update={"values": after, "version": version})


def observed(known: Distribution, instrument: Instrument, seconds: float) -> Distribution:
    """The distribution with one observation more; a bound belongs to its own bucket."""
    place = bisect.bisect_left(instrument.buckets, seconds)
    bound = str(instrument.buckets[place]) if place < len(instrument.buckets) else "+Inf"
    counts = {**known.counts, bound: known.counts.get(bound, 0) + 1}
    return Distribution(counts=counts, total=known.total + seconds)
