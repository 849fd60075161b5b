"""Runs one process: opens engine, services, processors and HTTP, and after a signal closes them in reverse order.

The order matters. Services are opened before the processors that use them, and requests are answered only when
processors run. At the end, requests finish while processors still work: a write may be waiting for its outcome.
"""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from services.platform.bus.port import Bus
from services.platform.core.backoff import Backoff
from services.platform.core.errors import Unavailable
from services.platform.core.instruments import LoopInstruments, ProcessorInstruments
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource, TimeSource
from services.platform.host.engine import open_engine
from services.platform.host.event_loop import freeze_gc, monitor_loop_lag
from services.platform.http.app import OpenApiHook, open_app
from services.platform.http.auth import FindCaller
from services.platform.http.server import serve
from services.platform.http.service import Context, DeclaredService, ServiceComponents, routes_context
from services.platform.processing.group import GroupMember
from services.platform.processing.lag import watch_lag
from services.platform.processing.runtime import Runtime
from services.platform.store.migration_steps import Migration, latest_version
from services.platform.store.migrations import migrate
from services.platform.store.port import Collection, Store

log = structlog.get_logger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)
DEPENDENCY_SECONDS = 30.0
FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.5, 4.0
DRAIN_SECONDS = 5.0
"""The time for processors to finish. With `server.GRACEFUL_SHUTDOWN_SECONDS` before it, a process ends within 10 s."""


@dataclass(frozen=True, slots=True)
class Process:
    """The definition of a process. `find_caller` makes the look-up of API keys from the context, `find_session` that of sessions.

    `migrations` bring the data of an older version to the format of the services, before these are opened.
    `describe` returns `/openapi.json` if the document must cover more than the routes of this process.
    """

    name: str
    services: Sequence[DeclaredService]
    # Any: a collection of some model is none of every model.
    collections: Sequence[Collection[Any]]
    find_caller: Callable[[Context], FindCaller]
    find_session: Callable[[Context], FindCaller]
    migrations: Sequence[Migration] = ()
    describe: OpenApiHook | None = None


@asynccontextmanager
async def run_process(
    process: Process, settings: Settings, bound: socket.socket, time_source: TimeSource | None = None
) -> AsyncIterator[Context]:
    """Run the process until the context is left, then drain it.

    Raises Misconfigured, and Unavailable if store or bus cannot be reached for `DEPENDENCY_SECONDS`. An error that ends
    a processor or a background task is raised from the context.
    """
    time_source = time_source or SystemTimeSource()
    async with AsyncExitStack() as stack:
        store, bus = await _open_with_retry(stack, settings, time_source, process)
        context = Context(settings=settings, store=store, bus=bus, time_source=time_source)
        parts = [await stack.enter_async_context(service(context)) for service in process.services]
        own, members = _runtime_components(context, parts, latest_version(process.migrations))
        parts = [*parts, own]
        # Entered in this order and left in reverse: HTTP ends first, then processors drain, then the engine closes.
        async with _run_all([task for part in parts for task in part.background]), _processing(members):
            app = await stack.enter_async_context(
                open_app(
                    routes_context(context, process.services),
                    parts,
                    process.find_caller(context),
                    process.describe,
                    process.find_session(context),
                )
            )
            async with serve(
                app,
                bound,
                settings.trusted_proxies,
                most=settings.connections,
                instruments=context.admission,
            ):
                # Everything is loaded now; later collections need not look at it again.
                freeze_gc()
                log.info("process_started", process=process.name, groups=[member.group for member in members])
                yield context
                log.info("process_stopping", process=process.name)


async def _open_with_retry(
    stack: AsyncExitStack, settings: Settings, time_source: TimeSource, process: Process
) -> tuple[Store, Bus]:
    """Open the engine and wait for servers that are not up yet: after a power failure all start at the same time."""
    owner = f"{socket.gethostname()}/{os.getpid()}"

    async def ensure_version(store: Store) -> None:
        await migrate(store, process.migrations, time_source, owner)

    until = time_source.monotonic() + DEPENDENCY_SECONDS
    backoff = Backoff(FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS)
    while True:
        try:
            return await stack.enter_async_context(
                open_engine(
                    settings, time_source, process.collections, ensure_version=ensure_version, check_after_crash=True
                )
            )
        except Unavailable as error:
            if time_source.monotonic() > until:
                waited = f"{DEPENDENCY_SECONDS:g} s were not enough"
                raise Unavailable(f"{error} ({waited}). Check PASOKH_BUS and PASOKH_STORE: pasokh doctor.") from error
            log.warning("dependency_unavailable", reason=str(error))
            await asyncio.sleep(backoff.next())


def _runtime_components(
    context: Context, parts: Sequence[ServiceComponents], data_version: int
) -> tuple[ServiceComponents, list[GroupMember]]:
    """The components of the process itself: its processors with their checks and metrics."""
    registry = CollectorRegistry()
    instruments, loop = ProcessorInstruments(registry), LoopInstruments(registry)
    runtime = Runtime(context.store, context.bus, context.time_source, instruments, data_version=data_version)
    processors = [processor for part in parts for processor in part.processors]
    members = [GroupMember(processor, runtime) for processor in processors]
    topics = {processor.group: processor.topics for processor in processors}
    background = (
        lambda: monitor_loop_lag(loop, context.time_source),
        lambda: watch_lag(instruments, context.store, context.bus, topics),
    )
    checks = {f"group:{member.group}": member.check for member in members}
    return ServiceComponents(checks=checks, collectors=(registry,), background=background), members


@asynccontextmanager
async def _processing(members: Sequence[GroupMember]) -> AsyncIterator[None]:
    async with _run_all([member.run for member in members]):
        yield
        await _drain(members)


async def _drain(members: Sequence[GroupMember]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            await asyncio.gather(*(member.drain() for member in members))


@asynccontextmanager
async def _run_all(work: Sequence[Callable[[], Awaitable[None]]]) -> AsyncIterator[None]:
    """Run these beside the body. They are cancelled at its end, and the first that fails cancels the body."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_to_coroutine(one)) for one in work]
        yield
        for task in tasks:
            task.cancel()


def _to_coroutine(work: Callable[[], Awaitable[None]]) -> Coroutine[Any, Any, None]:
    async def run() -> None:
        await work()

    return run()


@contextmanager
def stop_signals(loop: asyncio.AbstractEventLoop) -> Iterator[asyncio.Event]:
    """An event that SIGTERM or SIGINT sets. A second signal kills the process."""
    stop = asyncio.Event()

    def handle_signal() -> None:
        # The first signal stops gently; after the second, the default handler kills the process.
        if stop.is_set():
            for one in SIGNALS:
                signal.signal(one, signal.SIG_DFL)
        stop.set()

    for one in SIGNALS:
        loop.add_signal_handler(one, handle_signal)
    try:
        yield stop
    finally:
        for one in SIGNALS:
            loop.remove_signal_handler(one)
