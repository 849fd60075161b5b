"""Gauges of agents and webhook subscriptions, read from the documents of their owners and refreshed for the scrape.

Counters follow facts; these gauges follow documents, so that no fact that was missed makes them wrong. Every replica
shows the same values: a dashboard takes the `max` of them.
"""

from collections.abc import AsyncIterator, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from schemas.configuration import WorkspaceConfiguration
from services.metrics.domain.staffing import Reading, Seat, staffing
from services.metrics.instruments import GAUGES, WEBHOOKS
from services.metrics.refreshing import refresh_forever
from services.platform.core.time_source import TimeSource
from services.platform.processing.unit_of_work import Reader
from services.platform.store.all_pages import all_documents
from services.platform.store.port import Document, Query
from services.records.agents import AGENTS
from services.records.configuration import Configurations
from services.records.subscriptions import WEBHOOK_ENDPOINTS, EndpointState

REFRESH_SECONDS = 1.0
FAILING_AFTER = 3
"""Failures in a row after which an endpoint counts as failing."""


class GaugesCollector(Collector):
    """The gauges on `/metrics`. `refresh` reads documents, `collect` renders what was read last."""

    def __init__(self, reader: Reader, time_source: TimeSource) -> None:
        self._reader = reader
        self._time_source = time_source
        self._configurations = Configurations()
        self._readings: dict[str, list[Reading]] = {}

    async def refresh(self) -> None:
        """Read agents and endpoints of every workspace. Raises Unavailable; the gauges then stay as they were."""
        readings: dict[str, list[Reading]] = {}
        async for configuration in self._configurations.every(self._reader):
            seats = [_seat(document) async for document in self._all(AGENTS.name, configuration.workspace)]
            states = [
                WEBHOOK_ENDPOINTS.decode(document)
                async for document in self._all(WEBHOOK_ENDPOINTS.name, configuration.workspace)
            ]
            readings[configuration.workspace] = [
                *staffing(seats, configuration, self._time_source.now()),
                *endpoints(states, configuration),
            ]
        # At once, so that a scrape never sees half of a refresh.
        self._readings = readings

    def _all(self, collection: str, workspace: str) -> AsyncIterator[Document]:
        # Each of the two collections has an index that begins with the workspace, under another name.
        index = "workspace" if collection == AGENTS.name else "webhook"
        query = Query(collection, index, {"workspace": workspace})
        return (document async for _, document in all_documents(self._reader, query))

    async def keep_fresh(self) -> None:
        """Refresh for as long as the process runs. While the store is unavailable, the gauges stay as they were."""
        await refresh_forever(self.refresh, self._time_source, REFRESH_SECONDS, "gauges_refresh_failed")

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every gauge, as it was read last."""
        families = {family.name: family for family in self.describe()}
        for workspace, readings in self._readings.items():
            for instrument, labels, value in readings:
                families[instrument.name].add_metric((workspace, *labels), value)
        yield from families.values()

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The families without samples, so that registration reads no document."""
        return (GaugeMetricFamily(one.name, one.help, labels=("workspace", *one.labels)) for one in GAUGES)


def endpoints(states: Iterable[EndpointState], configuration: WorkspaceConfiguration) -> Iterator[Reading]:
    """How many subscriptions are taken, failing, or gone (their endpoint answered 410).

    A subscription has an endpoint state in each partition: it fails where any of them does.
    """
    state_by_webhook = dict.fromkeys(configuration.webhooks, "taken")
    for state in states:
        webhook = configuration.webhooks.get(state.webhook)
        if webhook is None or state_by_webhook[state.webhook] == "gone":
            continue
        # A subscription that was written anew since is tried again, and not gone.
        if state.gone is not None and state.gone == webhook.version:
            state_by_webhook[state.webhook] = "gone"
        elif state.failures >= FAILING_AFTER:
            state_by_webhook[state.webhook] = "failing"
    found = list(state_by_webhook.values())
    for name in ("taken", "failing", "gone"):
        yield WEBHOOKS, (name,), float(found.count(name))


def _seat(document: Document) -> Seat:
    agent = AGENTS.decode(document)
    is_finishing = agent.presence_next is not None
    return Seat(tuple(agent.body.teams), agent.presence, agent.load, agent.body.capacity, is_finishing=is_finishing)
