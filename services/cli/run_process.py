"""Runs a process in the foreground: bind, start, print its address, wait for a signal, stop within ten seconds."""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import structlog

from services.platform.core.logging import configure_logging
from services.platform.core.settings import Settings
from services.platform.host import event_loop
from services.platform.host.data_folder import wrong_modes
from services.platform.host.engine import sqlite_path
from services.platform.host.process import Process, run_process, stop_signals
from services.platform.http.listen_address import base_url, bind
from services.platform.http.service import Context

log = structlog.get_logger(__name__)

SHUTDOWN_TIMEOUT_SECONDS = 9.5

Sidecar = Callable[[str, Context], AbstractAsyncContextManager[None]]
"""A context that runs beside a started process. It receives the address and ends before the process stops."""


@asynccontextmanager
async def no_sidecar(_: str, __: Context) -> AsyncIterator[None]:
    """The empty sidecar."""
    yield


def run_in_foreground(
    process: Process, settings: Settings, sidecar: Sidecar = no_sidecar, *, log_level: str = "INFO"
) -> None:
    """Run a process until SIGTERM or SIGINT. Raises Misconfigured, Unavailable, alone or in a group.

    `log_level` holds unless the settings have one.
    """
    configure_logging((settings.log_level or log_level).upper(), form=settings.log_format)
    for wrong in wrong_modes(settings.data.absolute(), _files(settings)):
        log.warning("data_files_readable_by_others", detail=wrong)
    # The port is bound before the engine opens: a port in use must not start a migration.
    with bind(settings.host, settings.port) as bound:
        event_loop.run(_until_signal(process, settings, bound, sidecar))


def _files(settings: Settings) -> list[Path]:
    urls = (settings.store_url, settings.bus_url)
    return [path for path in map(sqlite_path, dict.fromkeys(urls)) if path is not None]


async def _until_signal(process: Process, settings: Settings, bound: socket.socket, sidecar: Sidecar) -> None:
    started = asyncio.Event()
    with stop_signals(asyncio.get_running_loop()) as stop:
        # Two tasks, because a signal must also end a process that still waits for its database.
        working = asyncio.create_task(_work(process, settings, bound, sidecar, started, stop))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        with _shutdown_watchdog():
            # A started process sees `stop` itself and drains. One that has not started has nothing to drain.
            if not started.is_set():
                working.cancel()
            with suppress(asyncio.CancelledError):
                await working
        stopped.cancel()


async def _work(
    process: Process,
    settings: Settings,
    bound: socket.socket,
    sidecar: Sidecar,
    started: asyncio.Event,
    stop: asyncio.Event,
) -> None:
    async with run_process(process, settings, bound) as context, sidecar(base_url(bound), context):
        started.set()
        await stop.wait()


@contextmanager
def _shutdown_watchdog() -> Iterator[None]:
    """End the process when stopping takes too long: an unavailable bus must not hold it.

    This is as safe as a crash: everything acknowledged is committed, and the next owner resumes from there.
    """
    watchdog = threading.Timer(SHUTDOWN_TIMEOUT_SECONDS, _force_exit)
    # A daemon thread does not keep a process alive that has stopped in time.
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()


def _force_exit() -> None:
    log.warning("process_shutdown_timed_out")
    # `sys.exit` would only end this thread.
    os._exit(0)
