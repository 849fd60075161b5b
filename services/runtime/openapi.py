"""The OpenAPI 3.1 document: what FastAPI knows of the routes, and what only we know of bodies, errors and webhooks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.runtime.http import precondition, preferred_wait
from services.runtime.json_body import JsonBody
from services.runtime.problems import MEDIA_TYPE, ProblemBody, title_of

# Any: an OpenAPI document is JSON that is built piece by piece.
Document = dict[str, Any]
COMPONENTS = "#/components/schemas/{model}"
EVERYWHERE = (401, 403, 404, 429, 503)
WITH_BODY = (400, 408, 413, 422)
WEBHOOKS = "/webhooks"
DESCRIPTION = """Errors are `application/problem+json` (RFC 9457). Checks in order: 401, foreign workspace 404, scope 403,
resource 404, body. A `POST` takes `Idempotency-Key`; a write answers when it is applied, or 202 with `Location` when
that takes longer than `Prefer: wait=N` (default 10) or with `Prefer: respond-async`."""


def document(title: str, version: str, routers: Sequence[APIRouter], branches: Iterable[str]) -> Document:
    """The document of these routers; `branches` are the path prefixes that raw ASGI apps serve."""
    every = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    routes = [route for route in every if route.include_in_schema]
    found: Document = get_openapi(
        title=title, version=version, openapi_version="3.1.0", description=DESCRIPTION, routes=routes
    )
    found.setdefault("components", {}).setdefault("schemas", {}).update(_schemas(routes))
    for route in routes:
        for method in sorted(route.methods or ()):
            _complete(found["paths"][route.path_format][method.lower()], route, method)
    if any(prefix.rstrip("/") == WEBHOOKS for prefix in branches):
        found["paths"][WEBHOOKS + "/{channel}/{workspace}/{account}"] = _webhook_path()
    for left_over in ("HTTPValidationError", "ValidationError"):
        found["components"]["schemas"].pop(left_over, None)
    return found


def _schemas(routes: Iterable[APIRoute]) -> Mapping[str, Any]:
    models: dict[str, type[BaseModel]] = {"ProblemBody": ProblemBody}
    models |= {body.model.__name__: body.model for route in routes for body in bodies_of(route.dependant)}
    _, schemas = models_json_schema([(model, "validation") for model in models.values()], ref_template=COMPONENTS)
    found: Mapping[str, Any] = schemas["$defs"]
    return found


def bodies_of(dependant: Dependant) -> list[JsonBody[Any]]:
    """The JSON bodies that a route reads by itself."""
    return [call for call in calls_of(dependant) if isinstance(call, JsonBody)]


def calls_of(dependant: Dependant) -> Iterator[object]:
    """Everything that a route depends on, at any depth."""
    for inner in dependant.dependencies:
        yield inner.call
        yield from calls_of(inner)


def _complete(operation: Document, route: APIRoute, method: str) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    _declare_path(operation, route)
    if not operation.get("security") and not bodies_of(route.dependant):
        return
    if method == "PUT" and "200" in responses:
        responses["201"] = {**responses["200"], "description": "Created"}
    if preferred_wait in calls_of(route.dependant):
        responses["202"] = _pending()
    if precondition in calls_of(route.dependant):
        responses["412"] = _problem(412)
    if method in ("POST", "DELETE"):
        responses["409"] = _problem(409)
    bodies = bodies_of(route.dependant)
    for body in bodies:
        reference = {"$ref": COMPONENTS.format(model=body.model.__name__)}
        content = {"application/json": {"schema": reference}}
        operation["requestBody"] = {"required": not body.optional, "content": content}
    statuses = (*EVERYWHERE, *(WITH_BODY if bodies else ()), *((422,) if operation.get("parameters") else ()))
    for status in sorted(set(statuses)):
        responses.setdefault(str(status), _problem(status))


def _declare_path(operation: Document, route: APIRoute) -> None:
    """Name what stands in the path, also where only a dependency of the route reads it from the request."""
    given = operation.get("parameters", [])
    known = {one["name"] for one in given if one["in"] == "path"}
    missing = [name for name in route.param_convertors if name not in known]
    if missing:
        operation["parameters"] = [*(_in_path(name) for name in missing), *given]


def _in_path(name: str) -> Document:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _pending() -> Document:
    return {
        "description": "Not applied yet; ask `Location` for its status",
        "headers": {"Location": {"schema": {"type": "string"}, "description": "The status of the command."}},
    }


def _problem(status: int) -> Document:
    answer: Document = {
        "description": title_of(status),
        "content": {MEDIA_TYPE: {"schema": {"$ref": COMPONENTS.format(model="ProblemBody")}}},
    }
    if status in (429, 503):
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
    return answer


def _webhook_path() -> Document:
    parameters = [_in_path(name) for name in ("channel", "workspace", "account")]
    post = {
        "tags": ["webhooks"],
        "summary": "A platform tells what happened; signed as that platform signs",
        "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
        "responses": {
            "200": {"description": "Stored durably, or authentic and not of interest"},
            **{str(status): _problem(status) for status in (400, 401, 404, 408, 413, 503)},
        },
    }
    get = {
        "tags": ["webhooks"],
        "summary": "A platform tests the address (handshake)",
        "responses": {
            "200": {"description": "What the platform asked to hear"},
            **{str(status): _problem(status) for status in (401, 404, 405)},
        },
    }
    return {"parameters": parameters, "post": post, "get": get}
