"""The gauges of what is there now, read from documents of others and kept fresh for the scrape.

Counters follow facts; these follow the documents that dispatch and the webhooks keep, so that they are right whatever
was missed. Every replica shows the same: a dashboard takes the `max` of them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from schemas.configuration import WorkspaceConfiguration
from services.metrics.domain.staffing import Reading, Seat, staffing
from services.metrics.instruments import GAUGES, WEBHOOKS
from services.platform.core.errors import Unavailable
from services.platform.core.time_source import TimeSource
from services.platform.processing.unit_of_work import Reader
from services.platform.store.all_pages import all_documents
from services.platform.store.port import Document, Query
from services.records.agents import AGENTS
from services.records.configuration import CONFIGURATION_HEADS, Configurations
from services.records.subscriptions import WEBHOOK_ENDPOINTS, EndpointState

REFRESH_SECONDS = 1.0
MAX_SHARE = 0.02
"""Of a process's time that goes into reading: a thousand agents are read less often than ten."""
FAILING_AFTER = 3
"""Failures in a row of an endpoint, after which it is not a moment's trouble."""

log = structlog.get_logger()


class Present(Collector):
    """What `/metrics` shows of now. `refresh` reads, `collect` only renders what was read last."""

    def __init__(self, reader: Reader, time_source: TimeSource) -> None:
        self._reader = reader
        self._time_source = time_source
        self._configurations = Configurations()
        self._readings: dict[str, list[Reading]] = {}

    async def refresh(self) -> None:
        """Read agents and endpoints of every workspace. Raises Unavailable, and then keeps what it had."""
        found: dict[str, list[Reading]] = {}
        async for configuration in self._workspaces():
            seats = [_seat(document) async for document in self._all(AGENTS.name, configuration.workspace)]
            lines = [
                WEBHOOK_ENDPOINTS.decode(document)
                async for document in self._all(WEBHOOK_ENDPOINTS.name, configuration.workspace)
            ]
            found[configuration.workspace] = [
                *staffing(seats, configuration, self._time_source.now()),
                *endpoints(lines, configuration),
            ]
        self._readings = found

    async def _workspaces(self) -> AsyncIterator[WorkspaceConfiguration]:
        async for document in self._pages(Query(CONFIGURATION_HEADS.name, "workspace")):
            head = CONFIGURATION_HEADS.decode(document)
            for configuration in (await self._configurations.for_heads(self._reader, [head])).values():
                yield configuration

    def _all(self, collection: str, workspace: str) -> AsyncIterator[Document]:
        index = "workspace" if collection == AGENTS.name else "webhook"
        return self._pages(Query(collection, index, {"workspace": workspace}))

    async def _pages(self, query: Query) -> AsyncIterator[Document]:
        async for _, document in all_documents(self._reader, query):
            yield document

    async def keep_fresh(self) -> None:
        """Refresh for as long as the process runs; a store that is away only makes the gauges older."""
        while True:
            began = self._time_source.monotonic()
            try:
                await self.refresh()
            except Unavailable:
                log.warning("gauges_refresh_failed")
            took = self._time_source.monotonic() - began
            await asyncio.sleep(max(REFRESH_SECONDS, took / MAX_SHARE))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every gauge of now."""
        families = {
            one.name: GaugeMetricFamily(one.name, one.help, labels=("workspace", *one.labels)) for one in GAUGES
        }
        for workspace, readings in self._readings.items():
            for instrument, labels, value in readings:
                families[instrument.name].add_metric((workspace, *labels), value)
        yield from families.values()

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The families without samples, so that registering reads nothing."""
        return (GaugeMetricFamily(one.name, one.help, labels=("workspace", *one.labels)) for one in GAUGES)


def endpoints(lines: Iterable[EndpointState], configuration: WorkspaceConfiguration) -> Iterator[Reading]:
    """How many subscriptions are taken, fail again and again, or were said by their endpoint to be gone.

    A subscription has a line in each partition: it fails where any of them does.
    """
    states = dict.fromkeys(configuration.webhooks, "taken")
    for line in lines:
        kept = configuration.webhooks.get(line.webhook)
        if kept is None or states[line.webhook] == "gone":
            continue
        if line.gone is not None and line.gone == kept.version:
            states[line.webhook] = "gone"
        elif line.failures >= FAILING_AFTER:
            states[line.webhook] = "failing"
    for state in ("taken", "failing", "gone"):
        yield WEBHOOKS, (state,), float(sum(one == state for one in states.values()))


def _seat(document: Document) -> Seat:
    agent = AGENTS.decode(document)
    return Seat(tuple(agent.body.teams), agent.presence, agent.load, agent.body.capacity)
