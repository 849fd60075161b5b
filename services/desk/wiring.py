"""Wires the desk into a process: signing in over REST."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.desk import sessions
from services.platform.http.service import Context, ServiceComponents


@asynccontextmanager
async def open_desk(_: Context) -> AsyncIterator[ServiceComponents]:
    """The service."""
    yield ServiceComponents(routers=sessions.build_routers())
