"""The SLA service in a process: one processor, the routes over its clocks, and the auditor that recomputes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from services.platform.http.service import Context, ServiceComponents
from services.sla.auditor import Auditor
from services.sla.instruments import AuditInstruments
from services.sla.processor import PROCESSOR
from services.sla.routes import router_of


@asynccontextmanager
async def open_sla(context: Context) -> AsyncIterator[ServiceComponents]:
    """Open the service; it holds nothing of its own."""
    registry = CollectorRegistry()
    auditor = Auditor(context.store, context.bus.partitions, context.clock, AuditInstruments(registry))
    yield ServiceComponents(
        processors=[PROCESSOR.bind(None)],
        routers=[router_of()],
        collectors=[registry],
        background=[auditor.run_forever],
    )
