"""The totals of all partitions, refreshed for the scrape.

Every commit of a partition has a number, so that a refresh reads only the documents that were written since the last one.
Every replica has the same totals: a dashboard over several replicas takes the `max` of them, not the sum.
"""

import asyncio
from collections.abc import Iterable, Iterator

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from services.metrics.domain.samples import parse_series
from services.metrics.instruments import BY_NAME, INSTRUMENTS, Instrument
from services.platform.core.errors import Unavailable
from services.platform.core.time_source import TimeSource
from services.platform.processing.unit_of_work import Reader
from services.platform.store.port import Query
from services.records.counters import COUNTERS, CounterRecord, Distribution

REFRESH_SECONDS = 0.5
PAGE_SIZE = 100
STALENESS_GAUGE = "pasokh_kpi_age_seconds"

log = structlog.get_logger()


class BusinessMetricsCollector(Collector):
    """The business metrics on `/metrics`. `refresh` reads documents, `collect` renders what was read last."""

    def __init__(self, reader: Reader, partitions: int, time_source: TimeSource) -> None:
        self._reader = reader
        self._versions = dict.fromkeys(range(partitions), 0)
        self._records: dict[tuple[int, str], CounterRecord] = {}
        self._time_source = time_source
        self._read_at: float | None = None

    async def refresh(self) -> None:
        """Read the documents that were written since the last refresh. Raises Unavailable; the totals then stay as they were."""
        for partition in self._versions:
            await self._refresh(partition)
        self._read_at = self._time_source.monotonic()

    async def _refresh(self, partition: int) -> None:
        # Versions are numbers of commits, which rise within a partition, so that nothing new has an older one.
        known = self._versions[partition]
        newest, after = known, None
        while True:
            query = Query(
                COUNTERS.name, "changed", {"partition": partition}, at_least=known + 1, limit=PAGE_SIZE, after=after
            )
            page = await self._reader.query(query)
            for record in (COUNTERS.decode(document) for _, document in page.items):
                self._records[partition, record.workspace] = record
                newest = max(newest, record.version)
            if page.next is None:
                break
            after = page.next
        # Only now: documents of one commit share its number, and a page may end between them.
        self._versions[partition] = newest

    async def keep_fresh(self) -> None:
        """Refresh for as long as the process runs. While the store is unavailable, the totals stay as they were."""
        while True:
            try:
                await self.refresh()
            except Unavailable:
                log.warning("counters_refresh_failed")
            await asyncio.sleep(REFRESH_SECONDS)

    def collect(self) -> Iterator[Metric]:
        """Every business metric, and the age of these totals in seconds."""
        values, distributions = aggregate(self._records.values())
        for instrument in INSTRUMENTS:
            yield _to_metric_family(instrument, values, distributions)
        if self._read_at is not None:
            age = self._time_source.monotonic() - self._read_at
            yield GaugeMetricFamily(
                STALENESS_GAUGE, "How long ago the business metrics of this process were read.", value=age
            )

    def describe(self) -> Iterator[Metric]:
        """The families without samples, so that registration reads no document."""
        yield from (_to_metric_family(instrument, {}, {}) for instrument in INSTRUMENTS)


Named = tuple[str, ...]


def aggregate(records: Iterable[CounterRecord]) -> tuple[dict[Named, float], dict[Named, Distribution]]:
    """The totals over partitions by (metric, workspace, further label values); series of no present metric are left out."""
    values: dict[Named, float] = {}
    distributions: dict[Named, Distribution] = {}
    for record in records:
        for series, value in record.values.items():
            if (named := _group_by_metric(record.workspace, series)) is not None:
                values[named] = values.get(named, 0.0) + value
        for series, known in record.distributions.items():
            if (named := _group_by_metric(record.workspace, series)) is not None:
                distributions[named] = _merge_distributions(distributions.get(named, Distribution()), known)
    return values, distributions


def _group_by_metric(workspace: str, series: str) -> Named | None:
    name, labels = parse_series(series)
    instrument = BY_NAME.get(name)
    # A document may still hold what an earlier version of the table counted.
    return (name, workspace, *labels) if instrument and len(labels) == len(instrument.labels) else None


def _merge_distributions(one: Distribution, other: Distribution) -> Distribution:
    bounds = one.counts.keys() | other.counts.keys()
    counts = {bound: one.counts.get(bound, 0) + other.counts.get(bound, 0) for bound in bounds}
    return Distribution(counts=counts, total=one.total + other.total)


def _cumulative(instrument: Instrument, known: Distribution) -> list[tuple[str, float]]:
    """The cumulative buckets of Prometheus; a count under a bound that exists no more goes to the next one."""
    # A stored distribution has counts per bucket and those that are not 0; Prometheus wants sums up to each bound.
    counts = sorted((float(bound), count) for bound, count in known.counts.items())
    bounds = [*(float(b) for b in instrument.buckets), float("inf")]
    text = {bound: str(int(bound)) if bound != float("inf") else "+Inf" for bound in bounds}
    return [(text[bound], float(sum(n for at, n in counts if at <= bound))) for bound in bounds]


def _to_metric_family(
    instrument: Instrument, values: dict[Named, float], distributions: dict[Named, Distribution]
) -> CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily:
    labels = ("workspace", *instrument.labels)
    if instrument.kind == "histogram":
        histogram = HistogramMetricFamily(instrument.name, instrument.help, labels=labels)
        for (name, *rest), known in distributions.items():
            if name == instrument.name:
                histogram.add_metric(rest, _cumulative(instrument, known), known.total)
        return histogram
    family = CounterMetricFamily if instrument.kind == "counter" else GaugeMetricFamily
    simple = family(instrument.name, instrument.help, labels=labels)
    for (name, *rest), value in values.items():
        if name == instrument.name:
            simple.add_metric(rest, value)
    return simple
