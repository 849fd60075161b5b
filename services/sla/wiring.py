"""The SLA service in a process: one stage, the routes over its clocks, and the auditor that recomputes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from services.platform.host.service import Context, Part
from services.sla.auditor import Auditor
from services.sla.instruments import AuditInstruments
from services.sla.processor import SlaStage
from services.sla.routes import router_of


@asynccontextmanager
async def open(context: Context) -> AsyncIterator[Part]:  # noqa: A001 - every service is opened under this name
    """Open the service; it holds nothing of its own."""
    registry = CollectorRegistry()
    auditor = Auditor(context.store, context.bus.partitions, context.clock, AuditInstruments(registry))
    yield Part(
        stages=[SlaStage()],
        routers=[router_of()],
        collectors=[registry],
        background=[auditor.keep_auditing],
    )
