"""Wires the console into a process: the page, dead letters and the overview routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.console import dead_letters, home, overview, page, runbooks
from services.platform.http.service import Context, Service, ServiceComponents
from services.platform.processing.dead_letters import GroupTopics


def open_console(topics: GroupTopics) -> Service:
    """The service. `topics`: group → the topics it reads; read when a letter is acted on."""

    @asynccontextmanager
    async def opened(_: Context) -> AsyncIterator[ServiceComponents]:
        pages = [overview.build_router(), page.build_router(), home.build_router(), runbooks.build_router()]
        yield ServiceComponents(routers=[dead_letters.build_router(topics), *pages])

    return opened
