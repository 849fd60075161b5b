"""The metrics service in a process: the processor that counts, the totals for the scrape, and reports over REST."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.metrics.exposition import BusinessMetricsCollector
from services.metrics.gauges import GaugesCollector
from services.metrics.ledgers import LedgersCollector
from services.metrics.processor import PROCESSOR
from services.metrics.routes import build_router
from services.platform.http.service import Context, ServiceComponents


@asynccontextmanager
async def open_metrics(context: Context) -> AsyncIterator[ServiceComponents]:
    """The parts of the service. It opens no resource of its own."""
    totals = BusinessMetricsCollector(context.store, context.bus.partitions, context.time_source)
    present = GaugesCollector(context.store, context.time_source)
    ledgers = LedgersCollector(context.store, context.bus, context.time_source)
    yield ServiceComponents(
        processors=[PROCESSOR.bind(None)],
        routers=[build_router()],
        collectors=[totals, present, ledgers],
        background=[totals.keep_fresh, present.keep_fresh, ledgers.keep_fresh],
    )
