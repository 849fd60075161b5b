"""Builds the ASGI app of a process from its context and the components of its services."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from services.platform.core.version import installed_version
from services.platform.http.admin_key import required_admin_key
from services.platform.http.admission import AdmissionControl
from services.platform.http.auth import Authenticator, FindCaller, no_sessions
from services.platform.http.command_gateway import CommandGateway
from services.platform.http.health import health_router
from services.platform.http.metrics_access import Exposition
from services.platform.http.openapi import Document, document
from services.platform.http.problems import install, internal_response
from services.platform.http.rate_limits import RateLimits
from services.platform.http.reference import page
from services.platform.http.request_metrics import PathDispatcher, RequestMetricsMiddleware
from services.platform.http.service import Check, Context, ServiceComponents

OpenApiHook = Callable[[], Document]
"""Returns the OpenAPI document. It is called once, at the first read of `/openapi.json`."""


@asynccontextmanager
async def open_app(
    context: Context,
    parts: Sequence[ServiceComponents],
    find_caller: FindCaller,
    describe: OpenApiHook | None = None,
    find_session: FindCaller = no_sessions,
) -> AsyncIterator[ASGIApp]:
    """The app with all routes, ASGI branches, probes and metrics. Leaving the context ends the waiting for outcomes.

    `find_caller` finds the caller of a key (`services.records.keys.ApiKeyAuthenticator.find`), `find_session` that of a session
    (`services.records.desk.SessionAuthenticator.find`). `describe` returns the
    document of `/openapi.json`; by default it describes these parts. Raises Misconfigured if the settings have no admin
    key, or one of less than 32 characters.
    """
    commands = CommandGateway(context.store, context.bus, context.time_source)
    settings = context.settings
    rates = RateLimits(settings)
    access = Authenticator(required_admin_key(settings), find_caller, rates, find_session, settings.public_url)
    try:
        yield _build_app(context, parts, commands, access, describe)
    finally:
        await commands.aclose()


def _build_app(
    context: Context,
    parts: Sequence[ServiceComponents],
    commands: CommandGateway,
    access: Authenticator,
    describe: OpenApiHook | None,
) -> ASGIApp:
    registry = _registry(context, parts)
    branches = {prefix: branch for part in parts for prefix, branch in part.mounts.items()}
    routers = [
        *(router for part in parts for router in part.routers),
        health_router(_checks(context, parts), Exposition(registry, context.settings)),
    ]
    framework = _Framework(routers, branches, describe)
    framework.state.context, framework.state.commands, framework.state.access = context, commands, access
    framework.state.bodies = AdmissionControl(
        "body", body_bytes=context.settings.body_bytes, instruments=context.admission
    )
    return RequestMetricsMiddleware(PathDispatcher(framework, branches), registry)


def _registry(context: Context, parts: Sequence[ServiceComponents]) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(context.admission.refused)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    for part in parts:
        for collector in part.collectors:
            registry.register(collector)
    return registry


def _checks(context: Context, parts: Sequence[ServiceComponents]) -> Mapping[str, Check]:
    checks: dict[str, Check] = {"store": context.store.check, "bus": context.bus.check}
    for part in parts:
        checks.update(part.checks)
    return checks


class _Framework(FastAPI):
    """FastAPI with our problem responses, OpenAPI document and `/docs`: FastAPI's own page loads scripts from other
    hosts.
    """

    def __init__(
        self, routers: Sequence[APIRouter], branches: Mapping[str, ASGIApp], describe: OpenApiHook | None
    ) -> None:
        version = installed_version()
        super().__init__(title="Pasokh", version=version, docs_url=None, redoc_url=None, redirect_slashes=False)
        self._ours = [*routers, page.build_router()]
        self._describe = describe or (lambda: document(self.title, self.version, self._ours, branches))
        # `include_router` would prepare every route a second time, for this app. Our routes are ready: they have their
        # whole path, and depend on nothing of the app but its state.
        for router in self._ours:
            self.router.routes.extend(router.routes)
        install(self)
        self.add_exception_handler(Exception, _failed)

    # Any: FastAPI's own signature.
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = self._describe()
        return self.openapi_schema


async def _failed(_: Request, __: Exception) -> Response:
    return internal_response()
