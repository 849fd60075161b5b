"""The SLA service in a process: one stage, and the routes over its clocks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.runtime.service import Context, Part
from services.sla.processor import SlaStage
from services.sla.routes import router_of


@asynccontextmanager
async def open(_: Context) -> AsyncIterator[Part]:  # noqa: A001 - every service is opened under this name
    """Open the service; it holds nothing of its own."""
    yield Part(stages=[SlaStage()], routers=[router_of()])
