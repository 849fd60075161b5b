"""The service as it is wired, on the embedded engine: what a batch has written is what the scrape shows."""

from pathlib import Path

from prometheus_client import CollectorRegistry

from services.metrics import wiring
from services.metrics.exposition import Totals
from services.records.counters import COUNTED, COUNTED_CASES, COUNTERS, CounterRecord, counter_id
from services.runtime.clock import SystemClock
from services.runtime.engine import open_engine
from services.runtime.service import Context
from services.runtime.settings import Settings
from services.runtime.store.port import Changes, Key, Put

SERIES = "pasokh_sla_breached_total|telegram|private|default|normal|first_response"


async def test_the_scrape_shows_what_batches_of_all_partitions_wrote(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    async with (
        open_engine(settings, SystemClock(), (COUNTERS, COUNTED, COUNTED_CASES)) as (store, bus),
        wiring.open(Context(settings=settings, store=store, bus=bus, clock=SystemClock())) as part,
    ):
        [totals] = part.collectors
        assert isinstance(totals, Totals)
        registry = CollectorRegistry()
        registry.register(totals)
        for version in (1, 2):
            written = [
                CounterRecord(workspace="w", partition=p, version=version, values={SERIES: version}) for p in (0, 1)
            ]
            puts = [Put(Key(COUNTERS.name, counter_id(r.partition, "w")), r.model_dump(mode="json")) for r in written]
            await store.commit(Changes(puts=puts))
            await totals.refresh()
            labels = {"workspace": "w", "channel": "telegram", "surface": "private", "team": "default"}
            labels |= {"priority": "normal", "metric": "first_response"}
            assert registry.get_sample_value("pasokh_sla_breached_total", labels) == 2 * version
        assert [stage.group for stage in part.stages] == ["metrics"]
        assert part.background == [totals.keep_fresh]
