"""The metrics service in a process: the stage that counts, the totals for the scrape, and reports over REST."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.metrics.exposition import Totals
from services.metrics.gauges import Present
from services.metrics.processor import MetricsStage
from services.metrics.routes import router_of
from services.platform.host.service import Context, Part


@asynccontextmanager
async def open(context: Context) -> AsyncIterator[Part]:  # noqa: A001 - every service is opened under this name
    """Open the service; it holds nothing of its own."""
    totals = Totals(context.store, context.bus.partitions, context.clock)
    present = Present(context.store, context.clock)
    yield Part(
        stages=[MetricsStage()],
        routers=[router_of()],
        collectors=[totals, present],
        background=[totals.keep_fresh, present.keep_fresh],
    )
