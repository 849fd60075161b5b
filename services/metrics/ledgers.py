"""The ledgers of accounts on `/metrics`: their terms, and what does not balance.

They are read from documents, so that every replica shows the same values: a dashboard takes the `max` of them.
"""

from collections.abc import Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.domain.ledger import Ledger
from services.metrics.instruments import LEDGER_GAUGES
from services.metrics.refreshing import refresh_forever
from services.platform.bus.port import Bus
from services.platform.core.time_source import TimeSource
from services.platform.store.port import Store
from services.records.configuration import Configurations
from services.rest.ledgers import read_ledgers

REFRESH_SECONDS = 5.0
"""As often as ingest writes its counts."""


class LedgersCollector(Collector):
    """The ledgers of all accounts. `refresh` reads documents, `collect` renders what was read last."""

    def __init__(self, store: Store, bus: Bus, time_source: TimeSource) -> None:
        self._store, self._bus, self._time_source = store, bus, time_source
        self._configurations = Configurations()
        self._ledgers: Mapping[tuple[str, str], Ledger] = {}

    async def refresh(self) -> None:
        """Read the ledgers of every account of every workspace. Raises Unavailable; they then stay as they were."""
        configurations = self._configurations.every(self._store)
        accounts = {one.workspace: list(one.accounts) async for one in configurations if one.accounts}
        self._ledgers = await read_ledgers(self._store, self._bus, accounts)

    async def keep_fresh(self) -> None:
        """Refresh for as long as the process runs. While store or bus is unavailable, the ledgers stay as they were."""
        await refresh_forever(self.refresh, self._time_source, REFRESH_SECONDS, "ledgers_refresh_failed")

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every term and every difference of each account, as they were read last."""
        terms, differences = self.describe()
        for (workspace, name), ledger in self._ledgers.items():
            channel, account = name.split("/", 1)
            for term, value in _terms(ledger).items():
                terms.add_metric((workspace, channel, account, term), value)
            for kind, value in _differences(ledger).items():
                differences.add_metric((workspace, channel, account, kind), value)
        yield from (terms, differences)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The families without samples, so that registration reads no document."""
        return (GaugeMetricFamily(one.name, one.help, labels=("workspace", *one.labels)) for one in LEDGER_GAUGES)


def _terms(ledger: Ledger) -> dict[str, float]:
    return {
        "received": ledger.received,
        "published": ledger.published,
        "rejected": ledger.before.rejected,
        "failed": ledger.before.failed,
        "consumed": ledger.after.consumed,
        "new": ledger.after.new,
        "duplicates": ledger.after.duplicates,
        "refetched": ledger.after.refetched,
        "dead_lettered": ledger.after.dead_lettered,
        "on_its_way": ledger.on_its_way,
        "without_content": ledger.before.without_content,
    }


def _differences(ledger: Ledger) -> dict[str, float]:
    return {"received": ledger.received_difference, "consumed": ledger.consumed_difference, "lost": ledger.lost}
