"""The service as it is wired, on the embedded engine: what a batch has written is what the scrape shows."""

from pathlib import Path

from prometheus_client import CollectorRegistry

from schemas.configuration import AgentBody
from services.composition import COLLECTIONS
from services.metrics import wiring
from services.metrics.exposition import BusinessMetricsCollector
from services.metrics.gauges import GaugesCollector
from services.metrics.ledgers import LedgersCollector
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.engine import open_engine
from services.platform.http.service import Context
from services.platform.store.codec import StoredRecord, encode
from services.platform.store.port import Changes, Key, Put
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, ConfigurationHead, version_id
from services.records.counters import COUNTED, COUNTERS, METRICS_STATES, CounterRecord, counter_id
from tests.fakes import START
from tests.metrics.test_gauges import configured

SERIES = "pasokh_sla_breached_total|telegram|private|default|normal|first_response"


async def test_the_scrape_shows_what_batches_of_all_partitions_wrote(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    async with (
        open_engine(settings, SystemTimeSource(), (COUNTERS, COUNTED, METRICS_STATES)) as (store, bus),
        wiring.open_metrics(Context(settings=settings, store=store, bus=bus, time_source=SystemTimeSource())) as part,
    ):
        totals, present, ledgers = part.collectors
        assert isinstance(totals, BusinessMetricsCollector)
        assert isinstance(present, GaugesCollector)
        registry = CollectorRegistry()
        registry.register(totals)
        for version in (1, 2):
            written = [
                CounterRecord(workspace="w", partition=p, version=version, values={SERIES: version}) for p in (0, 1)
            ]
            puts = [Put(Key(COUNTERS.name, counter_id(r.partition, "w")), encode(r)) for r in written]
            await store.commit(Changes(puts=puts))
            await totals.refresh()
            labels = {"workspace": "w", "channel": "telegram", "surface": "private", "team": "default"}
            labels |= {"priority": "normal", "metric": "first_response"}
            assert registry.get_sample_value("pasokh_sla_breached_total", labels) == 2 * version
        assert [one.group for one in part.processors] == ["metrics"]
        assert isinstance(ledgers, LedgersCollector)
        assert part.background == [totals.keep_fresh, present.keep_fresh, ledgers.keep_fresh]


async def test_agents_are_shown_as_dispatch_wrote_them(tmp_path: Path) -> None:
    settings, clock = Settings(data=tmp_path), SystemTimeSource()
    shop = configured()
    sara = AgentRecord(
        workspace="shop", id="sara", body=AgentBody(name="Sara", teams=["default"]), presence="online", load=1, at=START
    )
    async with open_engine(settings, clock, COLLECTIONS) as (store, _):
        written: dict[Key, StoredRecord] = {
            Key(AGENTS.name, agent_id("shop", "sara")): sara,
            Key(CONFIGURATIONS.name, version_id("shop", 1)): shop,
            Key(CONFIGURATION_HEADS.name, "shop"): ConfigurationHead(workspace="shop", version=1),
        }
        await store.commit(Changes(puts=[Put(key, value) for key, value in written.items()]))
        registry = CollectorRegistry()
        registry.register(present := GaugesCollector(store, clock))
        await present.refresh()
        assert registry.get_sample_value("pasokh_agents", {"workspace": "shop", "presence": "online"}) == 1
        assert registry.get_sample_value("pasokh_agent_units_free", {"workspace": "shop"}) == 3
        assert registry.get_sample_value("pasokh_business_hours_open", {"workspace": "shop", "team": "default"}) == 1
