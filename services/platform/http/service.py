"""What a service is to the process that runs it: processors of groups, routers and raw ASGI branches for HTTP."""

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
"""Raises Unavailable (or anything) when a dependency does not work; returns within a second when it does."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a process hands to each of its services."""

    settings: Settings
    store: Store
    bus: Bus
    time_source: TimeSource
    admission: AdmissionInstruments = field(default_factory=AdmissionInstruments)
    """Counts whom any part of the process refused for want of room."""


@dataclass(frozen=True, slots=True)
class ServiceComponents:
    """What a service brings to its process.

    `branches`: path prefix → raw ASGI app that is asked before the framework. `checks` join `/readyz` by their name.
    `collectors` join `/metrics`. `background`: coroutines that run until the process stops.
    """

    processors: Sequence[AnyProcessor] = ()
    routers: Sequence[APIRouter] = ()
    mounts: Mapping[str, ASGIApp] = field(default_factory=dict)
    checks: Mapping[str, Check] = field(default_factory=dict)
    collectors: Sequence[Collector] = ()
    background: Sequence[Callable[[], Awaitable[None]]] = ()


Service = Callable[[Context], AbstractAsyncContextManager[ServiceComponents]]
"""Opens a service in a process; leaving the context closes what it holds."""


@dataclass(frozen=True, slots=True)
class DeclaredService:
    """A service, and the collections that it writes outside of its processors: in routes, webhooks and the background.

    `purges`: it deletes documents of every collection, too. Anything else that it writes raises UndeclaredWrite.
    """

    open: Service
    # Any: a collection of some model is none of every model.
    writes: tuple[Collection[Any], ...] = ()
    purges: bool = False

    def __call__(self, context: Context) -> AbstractAsyncContextManager[ServiceComponents]:
        """Open the service over a store that takes its declared writes alone."""
        return self.open(replace(context, store=DeclaredWrites(context.store, self.writes, purges=self.purges)))


def routes_context(context: Context, services: Sequence[DeclaredService]) -> Context:
    """The context of all routes of a process: they write what its services declare, and note accepted commands."""
    writes = [collection for service in services for collection in service.writes]
    purges = any(service.purges for service in services)
    return replace(context, store=DeclaredWrites(context.store, [ACCEPTED, *writes], purges=purges))
