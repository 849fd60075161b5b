"""Which scope each route needs: written down here, held for every route and every scope of the OpenAPI document."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, get_args

import httpx2
import pytest
from pydantic import SecretStr

from schemas.configuration import Scope
from services.composition import SINGLE_PROCESS, process_for
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.engine import open_engine
from services.platform.http.app import open_app
from services.platform.http.service import Context

ADMIN_KEY = "an-admin-key-for-tests-0123456789abcdef"
SCOPES: tuple[str, ...] = get_args(Scope)
"""The lowest first: each holds the ones before it."""
ONE = "/v1/workspaces/{workspace}/conversations/{conversation}"
MESSAGE = "/v1/workspaces/{workspace}/messages/{message}"
NEEDED = {
    "desk": {
        "POST /v1/workspaces/{workspace}/attachments",
        "POST /v1/workspaces/{workspace}/messages",
        f"POST {ONE}/replies",
        f"POST {ONE}/notes",
        *(f"POST {MESSAGE}/{action}" for action in ("edit", "delete", "react", "hide", "unhide")),
        f"POST {ONE}/resolve",
        f"POST {ONE}/claim",
        f"POST {ONE}/signal",
        f"POST {ONE}/call",
        f"POST {ONE}/snooze",
        f"PUT {ONE}/read",
        f"POST {ONE}/unsnooze",
        f"POST {ONE}/reopen",
        f"POST {ONE}/transfer",
        f"POST {ONE}/priority",
        f"POST {ONE}/handoff/clear",
        f"POST {ONE}/handoff/confirm",
        "GET /v1/workspaces/{workspace}/agents/{agent}/push",
        "PUT /v1/workspaces/{workspace}/agents/{agent}/push/{device}",
        "DELETE /v1/workspaces/{workspace}/agents/{agent}/push/{device}",
        "PUT /v1/workspaces/{workspace}/agents/{agent}/presence",
        "POST /v1/workspaces/{workspace}/agents/{agent}/beat",
        "POST /v1/workspaces/{workspace}/agents/{agent}/wrap-up/end",
        "POST /v1/workspaces/{workspace}/offers/{offer}/accept",
        "POST /v1/workspaces/{workspace}/offers/{offer}/decline",
        "GET /v1/desk/sessions",
        "DELETE /v1/desk/sessions/{session}",
    },
    # It changes nothing.
    "read": {"POST /v1/workspaces/{workspace}/routing/explain"},
    "write": {f"POST {ONE}/sla/reapply"},
    "admin": {
        "PUT /v1/workspaces/{workspace}",
        "DELETE /v1/workspaces/{workspace}",
        "DELETE /v1/workspaces/{workspace}/persons/{person}",
        "PUT /v1/workspaces/{workspace}/agents/{agent}",
        "DELETE /v1/workspaces/{workspace}/agents/{agent}",
        "PUT /v1/workspaces/{workspace}/teams/{team}",
        "DELETE /v1/workspaces/{workspace}/teams/{team}",
        # Leads write them too: tests/desk/test_canned.py.
        "PUT /v1/workspaces/{workspace}/canned/{answer}",
        "DELETE /v1/workspaces/{workspace}/canned/{answer}",
        # So do they here: tests/router/test_customers.py.
        "POST /v1/workspaces/{workspace}/customers",
        "POST /v1/workspaces/{workspace}/customers/{customer}/part",
        "PUT /v1/workspaces/{workspace}/routing",
        "PUT /v1/workspaces/{workspace}/sla",
        "POST /v1/workspaces/{workspace}/sla/reapply",
        "PUT /v1/workspaces/{workspace}/accounts/{channel}/{account}",
        "DELETE /v1/workspaces/{workspace}/accounts/{channel}/{account}",
        "POST /v1/workspaces/{workspace}/agents/{agent}/sign-in",
        "GET /v1/keys",
        "POST /v1/keys",
        "DELETE /v1/keys/{key}",
    },
}
"""Scope → the routes that need it. Every other GET below `/v1` needs `read`; what is for operators needs `admin`."""
PUBLIC = {"POST /v1/desk/sessions", "POST /v1/desk/first-run", "GET /v1/desk/oidc/start", "GET /v1/desk/oidc/callback"}
"""Routes that need no key: there an agent proves who they are."""
OPERATORS = re.compile(r"^[A-Z]+ /v1/(dead-letters|workspaces/\{workspace\}/webhooks)(/|$)")


def needed(route: str) -> str:
    """Raises KeyError for a route that changes something and is not in the table."""
    if OPERATORS.match(route):
        return "admin" if not route.startswith("GET /v1/workspaces") else "read"
    found = [scope for scope, routes in NEEDED.items() if route in routes]
    if not found and route.startswith("GET "):
        return "read"
    if not found:
        raise KeyError(f"say in NEEDED which scope {route} needs")
    return found[0]


@asynccontextmanager
async def installation(folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """Every route of all services in one process, over an empty folder."""
    often: dict[str, Any] = {"key_requests_per_second": 10**6, "address_requests_per_second": 10**6}
    settings = Settings(data=folder, bus=None, store=None, admin_key=SecretStr(ADMIN_KEY), **often)
    process, clock = process_for(SINGLE_PROCESS), SystemTimeSource()
    async with open_engine(settings, clock, process.collections) as (store, bus):
        context = Context(settings, store, bus, clock)
        async with (
            _parts(context) as (parts, find),
            open_app(context, parts, find) as app,
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://pasokh") as client,
        ):
            yield client


@asynccontextmanager
async def _parts(context: Context) -> AsyncIterator[Any]:
    process = process_for(SINGLE_PROCESS)
    async with AsyncExitStack() as stack:
        parts = [await stack.enter_async_context(service(context)) for service in process.services]
        yield parts, process.find_caller(context)


async def routes_of(client: httpx2.AsyncClient) -> list[str]:
    """Every route that takes a key."""
    document = (await client.get("/openapi.json")).json()
    return [
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
        if path.startswith("/v1/") and f"{method.upper()} {path}" not in PUBLIC
    ]


async def test_every_route_needs_its_scope_and_no_more(tmp_path: Path) -> None:
    async with installation(tmp_path) as client:
        admin = {"authorization": f"Bearer {ADMIN_KEY}"}
        keys = {}
        for scope in SCOPES:
            body = {"name": scope, "workspace": None, "scopes": [scope]}
            made = await client.post("/v1/keys", json=body, headers=admin)
            keys[scope] = {"authorization": f"Bearer {made.json()['secret']}"}
        routes, tried = await routes_of(client), 0
        assert len(routes) >= 40
        for route in routes:
            method, _, path = route.partition(" ")
            # Nothing is there: what is allowed is 404 or 422, and changes nothing.
            address = re.sub(r"\{[a-z_]+\}", "none", path)
            for scope in SCOPES:
                answer = await client.request(method, address, headers=keys[scope])
                holds = SCOPES.index(scope) >= SCOPES.index(needed(route))
                assert (answer.status_code != 403) == holds, f"{route} with {scope}: {answer.status_code}"
                assert answer.status_code not in (401, 429, 500), f"{route} with {scope}: {answer.text}"
                tried += 1
        assert tried == len(routes) * len(SCOPES)
        unknown = {route for routes in NEEDED.values() for route in routes} - set(routes)
        assert not unknown, "the table names routes that are not there"


def test_a_new_route_that_changes_something_has_to_be_written_down() -> None:
    with pytest.raises(KeyError, match="NEEDED"):
        needed("POST /v1/workspaces/{workspace}/unheard-of")
