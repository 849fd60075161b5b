"""Opens the services of each process of `pasokh serve`, to generate files from their components."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from services.composition import COLLECTIONS, SERVICES
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.engine import open_engine
from services.platform.http.service import Context, ServiceComponents

Parts = Mapping[str, Sequence[ServiceComponents]]
"""Process → the components of its services."""


async def opened() -> Parts:
    """Open every service once on a temporary engine, return the components, and close all."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        settings, clock = Settings(data=Path(folder)), SystemTimeSource()
        store, bus = await stack.enter_async_context(open_engine(settings, clock, COLLECTIONS))
        context = Context(settings=settings, store=store, bus=bus, time_source=clock)
        return {
            process: [await stack.enter_async_context(service(context)) for service in services]
            for process, services in SERVICES.items()
        }
