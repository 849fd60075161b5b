"""The interface between a process and its services: the context that it gives them, the components that they add."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import APIRouter
from prometheus_client.registry import Collector
from starlette.types import ASGIApp

from services.platform.bus.port import Bus
from services.platform.core.instruments import AdmissionInstruments
from services.platform.core.settings import Settings
from services.platform.core.time_source import TimeSource
from services.platform.processing.processor import AnyProcessor
from services.platform.store.collections import ACCEPTED
from services.platform.store.declared_writes import DeclaredWrites
from services.platform.store.port import Collection, Store

Check = Callable[[], Awaitable[None]]
"""A readiness check: raises Unavailable, or any other error, if a dependency does not work."""


@dataclass(frozen=True, slots=True)
class Context:
    """The shared objects of a process, which each of its services gets."""

    settings: Settings
    store: Store
    bus: Bus
    time_source: TimeSource
    admission: AdmissionInstruments = field(default_factory=AdmissionInstruments)
    """Counts the requests that any part of the process refused because a limit was reached."""


@dataclass(frozen=True, slots=True)
class ServiceComponents:
    """The components that a service adds to its process.

    `mounts` maps path prefixes to ASGI apps, which handle their requests instead of FastAPI. `checks` are part of
    `/readyz`, by name; `collectors` are part of `/metrics`. `background` are coroutines that run until the process
    stops.
    """

    processors: Sequence[AnyProcessor] = ()
    routers: Sequence[APIRouter] = ()
    mounts: Mapping[str, ASGIApp] = field(default_factory=dict)
    checks: Mapping[str, Check] = field(default_factory=dict)
    collectors: Sequence[Collector] = ()
    background: Sequence[Callable[[], Awaitable[None]]] = ()


Service = Callable[[Context], AbstractAsyncContextManager[ServiceComponents]]
"""Opens a service in a process; leaving the context closes its resources."""


@dataclass(frozen=True, slots=True)
class DeclaredService:
    """A service, and the collections that it writes outside of its processors: in routes, webhooks and the background.

    `purges`: it also deletes documents of every collection. Any other write raises UndeclaredWrite.
    """

    open: Service
    # Any: a collection of some model is none of every model.
    writes: tuple[Collection[Any], ...] = ()
    purges: bool = False

    def __call__(self, context: Context) -> AbstractAsyncContextManager[ServiceComponents]:
        """Open the service with a store that accepts only its declared writes."""
        return self.open(replace(context, store=DeclaredWrites(context.store, self.writes, purges=self.purges)))


def routes_context(context: Context, services: Sequence[DeclaredService]) -> Context:
    """The context of all routes of a process: they write the collections that its services declare, and accepted
    commands.
    """
    writes = [collection for service in services for collection in service.writes]
    purges = any(service.purges for service in services)
    return replace(context, store=DeclaredWrites(context.store, [ACCEPTED, *writes], purges=purges))
