"""The metrics service in a process: the processor that counts, the totals for the scrape, and reports over REST."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.metrics.exposition import BusinessMetricsCollector
from services.metrics.gauges import Present
from services.metrics.processor import PROCESSOR
from services.metrics.routes import router_of
from services.platform.http.service import Context, ServiceComponents


@asynccontextmanager
async def open_metrics(context: Context) -> AsyncIterator[ServiceComponents]:
    """Open the service; it holds nothing of its own."""
    totals = BusinessMetricsCollector(context.store, context.bus.partitions, context.clock)
    present = Present(context.store, context.clock)
    yield ServiceComponents(
        processors=[PROCESSOR.bind(None)],
        routers=[router_of()],
        collectors=[totals, present],
        background=[totals.keep_fresh, present.keep_fresh],
    )
