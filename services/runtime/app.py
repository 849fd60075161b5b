"""The one ASGI app of a process, built from its context and the parts of its services."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from services.runtime import openapi
from services.runtime.admin_key import required_admin_key
from services.runtime.auth import Access, FindCaller
from services.runtime.commands import Commands
from services.runtime.health import health_router
from services.runtime.observed import Branches, Observed
from services.runtime.problems import install, internal_response
from services.runtime.rates import Rates
from services.runtime.service import Check, Context, Part


@asynccontextmanager
async def open_app(context: Context, parts: Sequence[Part], find_caller: FindCaller) -> AsyncIterator[ASGIApp]:
    """The app that serves all routes, branches, probes and metrics of the parts; leaving stops waiting for outcomes.

    `find_caller` tells whose key it is (`services.records.keys.StoredKeys.find`). Raises Misconfigured when the
    settings hold no admin key, or one under 32 characters.
    """
    commands = Commands(context.store, context.bus, context.clock)
    access = Access(required_admin_key(context.settings), find_caller, Rates(context.settings))
    try:
        yield _assembled(context, parts, commands, access)
    finally:
        await commands.aclose()


def _assembled(context: Context, parts: Sequence[Part], commands: Commands, access: Access) -> ASGIApp:
    registry = _registry(parts)
    branches = {prefix: branch for part in parts for prefix, branch in part.branches.items()}
    routers = [*(router for part in parts for router in part.routers), health_router(_checks(context, parts), registry)]
    framework = _Framework(routers, branches)
    framework.state.context, framework.state.commands, framework.state.access = context, commands, access
    return Observed(Branches(framework, branches), registry)


def _registry(parts: Sequence[Part]) -> CollectorRegistry:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    for part in parts:
        for collector in part.collectors:
            registry.register(collector)
    return registry


def _checks(context: Context, parts: Sequence[Part]) -> Mapping[str, Check]:
    checks: dict[str, Check] = {"store": context.store.check, "bus": context.bus.check}
    for part in parts:
        checks.update(part.checks)
    return checks


class _Framework(FastAPI):
    """FastAPI with our problems and our document. `/docs` loads its scripts from a content network: no net, no page."""

    def __init__(self, routers: Sequence[APIRouter], branches: Mapping[str, ASGIApp]) -> None:
        super().__init__(title="Pasokh", version=_version(), redoc_url=None, redirect_slashes=False)
        self._ours, self._branches = routers, tuple(branches)
        for router in routers:
            self.include_router(router)
        install(self)
        self.state.routes = [route for router in routers for route in router.routes]
        self.add_exception_handler(Exception, _failed)

    # Any: FastAPI's own signature.
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = openapi.document(self.title, self.version, self._ours, self._branches)
        return self.openapi_schema


async def _failed(_: Request, __: Exception) -> Response:
    return internal_response()


def _version() -> str:
    try:
        return version("pasokh")
    except PackageNotFoundError:
        return "0"
