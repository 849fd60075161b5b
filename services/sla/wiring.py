"""The SLA service in a process: one processor, the routes over its clocks, and the auditor that recomputes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from services.platform.http.service import Context, ServiceComponents
from services.sla.auditor import Auditor
from services.sla.instruments import AuditInstruments
from services.sla.processor import PROCESSOR
from services.sla.routes import build_router


@asynccontextmanager
async def open_sla(context: Context) -> AsyncIterator[ServiceComponents]:
    """The parts of the service. It opens no resource of its own."""
    registry = CollectorRegistry()
    auditor = Auditor(context.store, context.bus.partitions, context.time_source, AuditInstruments(registry))
    yield ServiceComponents(
        processors=[PROCESSOR.bind(None)],
        routers=[build_router()],
        collectors=[registry],
        background=[auditor.run_forever],
    )
