"""Runs uvicorn as the HTTP server of a process. The process handles signals, and structlog writes the log."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from services.platform.core.errors import Misconfigured
from services.platform.core.instruments import AdmissionInstruments
from services.platform.http.connections import bounded
from services.platform.http.listen_address import bind_error_message
from services.platform.http.open_connections import OpenConnections, trusted_by

KEEP_ALIVE_SECONDS = 30
GRACEFUL_SHUTDOWN_SECONDS = 3
"""The seconds that requests have to finish when the process stops.

Streams are cut then; clients resume them elsewhere.
"""
MAX_CONNECTIONS = 10_000
RESERVED_FILES = 1000
"""Open files that are reserved for outgoing calls (at most 800 connections), databases and the bus."""
MIN_CONNECTIONS = 100
BACKLOG = 1024
"""Connections that the system may accept before we handle the first of them. Files are reserved for them too."""
STARTED_POLL_SECONDS = 0.005


class _SignalFreeServer(uvicorn.Server):
    """uvicorn without its own signal handlers."""

    async def run_until_stopped(self, bound: socket.socket) -> None:
        await self._serve(sockets=[bound])


@asynccontextmanager
async def serve(
    app: ASGIApp,
    bound: socket.socket,
    proxies: Sequence[str] = (),
    *,
    most: int = MAX_CONNECTIONS,
    instruments: AdmissionInstruments | None = None,
) -> AsyncIterator[None]:
    """Answer requests on a bound socket.

    On leaving, stop accepting, and wait `GRACEFUL_SHUTDOWN_SECONDS` for open requests.

    `proxies` are the addresses or networks whose `X-Forwarded-For` is used as the client's address. At most `most`
    connections are accepted, or fewer if the limit on open files is lower.
    Raises Misconfigured if another process has begun to listen on the address.
    """
    pool = OpenConnections(max_connections(most), instruments or AdmissionInstruments(), trusted_by(proxies))
    server = _SignalFreeServer(_config(app, proxies, pool))
    running = asyncio.create_task(_run(server, bound))
    try:
        while not server.started:
            if running.done():
                running.result()
            await asyncio.sleep(STARTED_POLL_SECONDS)
        yield
    finally:
        server.should_exit = True
        await running


async def _run(server: _SignalFreeServer, bound: socket.socket) -> None:
    host, port = bound.getsockname()[:2]
    try:
        await server.run_until_stopped(bound)
    except OSError as error:
        raise Misconfigured(bind_error_message(host, port, error)) from error


def _config(app: ASGIApp, proxies: Sequence[str], pool: OpenConnections) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=bounded(pool),
        backlog=BACKLOG,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_SECONDS,
    )


def max_connections(most: int = MAX_CONNECTIONS) -> int:
    """The number of connections that this process can have, at most `most`.

    Raises its soft limit on open files for it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    aside = RESERVED_FILES + BACKLOG
    wanted = most + aside
    reachable = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < reachable:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))
            soft = reachable
    usable = wanted if soft == resource.RLIM_INFINITY else min(wanted, soft)
    # Under a very low limit, half of the files are for connections: fewer reserved files are better than no clients.
    return min(most, max(MIN_CONNECTIONS, usable - min(aside, usable // 2)))
