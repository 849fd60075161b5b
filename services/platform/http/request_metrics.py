"""Counts and times every request, and writes an audit log entry for each write.

Errors of the app become 500, and requests that the end of the process cuts short become 503.
"""

import asyncio
import time
from collections.abc import Mapping

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.platform.core.instruments import HttpInstruments
from services.platform.http.auth import Principal, caller_in_scope
from services.platform.http.problems import internal_response, unavailable_response

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
_log = structlog.get_logger(__name__)
_audit = structlog.get_logger("pasokh.audit")


class RequestMetricsMiddleware:
    """The outermost ASGI middleware.

    It lets no exception pass, because the server would log it with texts of customers.
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._instruments = HttpInstruments(registry)
        self._counted: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if scope["path"].startswith("/v1/"):
                    _keep_private(message)
            await send(message)

        try:
            await self._app(scope, receive, counted)
        except asyncio.CancelledError:
            # The process stops, and the request took longer than the grace period. Without this the server would answer
            # 500.
            if status:
                raise
            await unavailable_response("This server is being stopped. Repeat the request.")(scope, receive, counted)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is our bug and is answered as one
            _log.error("request_failed", method=scope["method"], route=route_template(scope), exc_info=error)
            if not status:
                await internal_response()(scope, receive, counted)
        self._record(scope, status, time.perf_counter() - began)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        kind = method, route_template(scope), status
        # The child metrics are kept per route, method and status, because prometheus_client takes a lock to look them up.
        requests, took = self._counted.get(kind) or self._counted.setdefault(kind, self._instruments.of(*kind))
        requests.inc()
        took.observe(seconds)
        if method not in SAFE_METHODS and scope["path"].startswith("/v1/"):
            caller = caller_in_scope(scope)
            # An erased person is named in no log line that we write about the erasure.
            named = "person" in scope.get("path_params", ())
            path = route_template(scope) if named else scope["path"]
            _audit.info("write", **_who(caller), method=method, path=path, status=status)


def _who(caller: Principal | None) -> dict[str, str | None]:
    """The key of a caller, and the agent that it is bound to."""
    named = {"key": caller.key if caller else None}
    return {**named, "agent": caller.agent.id} if caller and caller.agent else named


def _keep_private(message: Message) -> None:
    """Forbid caches to store a response of REST, and browsers to guess its media type."""
    headers = MutableHeaders(raw=message["headers"])
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    message["headers"] = headers.raw


def route_template(scope: Mapping[str, object]) -> str:
    """The path template of the route. A metric label must come from a bounded set, which paths are not."""
    return str(getattr(scope.get("route"), "path", scope.get("pasokh.branch", "none")))


class PathDispatcher:
    """Passes a request to the ASGI app with the longest matching path prefix, or to the framework."""

    def __init__(self, framework: ASGIApp, branches: Mapping[str, ASGIApp]) -> None:
        self._framework = framework
        # The longest prefix first, so that `/webchat/x` wins over `/webchat`.
        self._branches = sorted(branches.items(), key=lambda branch: -len(branch[0]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app_for(scope)(scope, receive, send)

    def _app_for(self, scope: Scope) -> ASGIApp:
        if scope["type"] == "http":
            for prefix, branch in self._branches:
                if (scope["path"] + "/").startswith(prefix.rstrip("/") + "/"):
                    scope["pasokh.branch"] = prefix
                    return branch
        return self._framework
