"""What the scrape shows: the sums of all partitions, under the names that dashboards use."""

from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.metrics import exposition
from services.metrics.exposition import BusinessMetricsCollector
from services.metrics.instruments import INSTRUMENTS
from services.platform.core.errors import Unavailable
from services.platform.store.port import DocumentPage, Query
from services.records.counters import COUNTERS, CounterRecord, Distribution, counter_id
from tests.fakes import ManualTimeSource, MemoryStore
from tests.metrics.harness import MetricsHarness

OPENED = "pasokh_conversations_opened_total"
SERIES = f"{OPENED}|telegram|private|default|normal|en"


def record(partition: int, version: int, values: dict[str, float], workspace: str = "w") -> CounterRecord:
    return CounterRecord(workspace=workspace, partition=partition, version=version, values=values)


class Partitions(MemoryStore):
    """Counter documents of several partitions in a store that may be away."""

    def __init__(self) -> None:
        super().__init__(COUNTERS)
        self.away_at: int | None = None
        self.read = 0

    def write(self, one: CounterRecord) -> None:
        self.insert(COUNTERS, counter_id(one.partition, one.workspace), one)

    async def query(self, query: Query) -> DocumentPage:
        if self.away_at is not None and self.queries >= self.away_at:
            raise Unavailable("the store is away")
        page = await super().query(query)
        self.read += len(page.items)
        return page


def exposed(totals: BusinessMetricsCollector, name: str = OPENED) -> dict[str, float]:
    samples = [sample for metric in totals.collect() for sample in metric.samples if sample.name == name]
    return {sample.labels["workspace"]: sample.value for sample in samples}


async def test_totals_are_the_sums_of_all_partitions_per_workspace() -> None:
    partitions = Partitions()
    totals = BusinessMetricsCollector(partitions, 3, ManualTimeSource())
    partitions.write(record(0, 5, {SERIES: 2}))
    partitions.write(record(2, 1, {SERIES: 3}))
    partitions.write(record(2, 1, {SERIES: 1}, "v"))
    await totals.refresh()
    assert exposed(totals) == {"w": 5, "v": 1}


async def test_only_documents_that_changed_are_read_again() -> None:
    partitions = Partitions()
    totals = BusinessMetricsCollector(partitions, 1, ManualTimeSource())
    for number in range(20):
        partitions.write(record(0, number + 1, {SERIES: 1}, f"w{number}"))
    await totals.refresh()
    await totals.refresh()
    assert partitions.read == 20
    partitions.write(record(0, 21, {SERIES: 2}, "w3"))
    await totals.refresh()
    assert partitions.read == 21
    assert exposed(totals)["w3"] == 2


async def test_a_store_that_goes_away_between_pages_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposition, "PAGE_SIZE", 2)
    partitions = Partitions()
    totals = BusinessMetricsCollector(partitions, 1, ManualTimeSource())
    for name in "abcde":
        partitions.write(record(0, 7, {SERIES: 1}, name))
    partitions.away_at = 1
    with pytest.raises(Unavailable):
        await totals.refresh()
    partitions.away_at = None
    await totals.refresh()
    assert exposed(totals) == dict.fromkeys("abcde", 1)


async def test_age_tells_how_old_the_totals_are() -> None:
    clock = ManualTimeSource()
    totals = BusinessMetricsCollector(Partitions(), 1, clock)
    assert "pasokh_kpi_age_seconds" not in {metric.name for metric in totals.collect()}
    await totals.refresh()
    clock.move(9)
    ages = [
        sample.value for metric in totals.collect() for sample in metric.samples if sample.name.endswith("age_seconds")
    ]
    assert ages == [9]


async def test_series_of_an_older_table_are_left_out() -> None:
    partitions = Partitions()
    totals = BusinessMetricsCollector(partitions, 1, ManualTimeSource())
    partitions.write(record(0, 1, {"pasokh_forgotten_total|a": 1, f"{OPENED}|telegram": 1, SERIES: 1}))
    await totals.refresh()
    assert exposed(totals) == {"w": 1}


async def test_buckets_are_cumulative_and_keep_what_older_bounds_counted() -> None:
    partitions = Partitions()
    totals = BusinessMetricsCollector(partitions, 1, ManualTimeSource())
    series = "pasokh_first_response_seconds|telegram|private|default|normal|en"
    known = Distribution(counts={"5": 1, "7": 1, "60": 2, "+Inf": 1}, total=99.5)
    partitions.write(replace(record(0, 1, {}), distributions={series: known}))
    await totals.refresh()
    samples = [s for metric in totals.collect() for s in metric.samples if s.name.startswith("pasokh_first_response")]
    buckets = {s.labels["le"]: s.value for s in samples if s.name.endswith("_bucket")}
    assert (buckets["5"], buckets["15"], buckets["60"], buckets["86400"], buckets["+Inf"]) == (1, 2, 4, 4, 5)
    assert [s.value for s in samples if s.name.endswith("_count")] == [5]
    assert [s.value for s in samples if s.name.endswith("_sum")] == [99.5]


async def test_the_scrape_is_valid_and_has_the_fixed_names_and_no_persons() -> None:
    counting = MetricsHarness()
    await counting.receive_fact("opened")
    await counting.receive_fact("assigned", agent="agent-zoe")
    await counting.answered(5)
    text = await counting.scrape()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    for instrument in INSTRUMENTS:
        assert instrument.name.removesuffix("_total") in families
    labels = {label for family in families.values() for sample in family.samples for label in sample.labels}
    assert labels <= {
        "workspace",
        "channel",
        "surface",
        "team",
        "priority",
        "language",
        "metric",
        "kind",
        "direction",
        "outcome",
        "variant",
        "le",
    }
    assert "zoe" not in text
    assert "telegram:main:1" not in text
