"""Builds the OpenAPI 3.1 document: FastAPI's description of the routes, with our bodies, errors and webhooks."""

import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from importlib import resources
from typing import Any

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.platform.http.dependencies import precondition, preferred_wait
from services.platform.http.json_body import JsonBody
from services.platform.http.problems import MEDIA_TYPE, ProblemBody, problem_title
from services.platform.http.reference.completing import complete
from services.platform.http.reference.operations import operation_id

# Any: an OpenAPI document is JSON that is built piece by piece.
Document = dict[str, Any]
COMPONENTS = "#/components/schemas/{model}"
COMMON_STATUSES = (401, 403, 404, 429, 503)
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
    _complete_operations(found["paths"], routes)
    if any(prefix.rstrip("/") == WEBHOOKS for prefix in branches):
        found["paths"][WEBHOOKS + "/{channel}/{workspace}/{account}"] = _webhook_path()
    for left_over in ("HTTPValidationError", "ValidationError"):
        found["components"]["schemas"].pop(left_over, None)
    _name_pages(found)
    complete(found)
    return found


def _complete_operations(paths: Document, routes: Sequence[APIRoute]) -> None:
    """Give every operation its id, its problems, and the ETag where the path takes `If-Match`."""
    versioned = {route.path_format for route in routes if precondition in dependency_calls(route.dependant)}
    for route in routes:
        for method in sorted(route.methods or ()):
            operation = paths[route.path_format][method.lower()]
            operation["operationId"] = operation_id(method, route.path_format, route.name)
            _add_common_responses(operation, route, method)
            if route.path_format in versioned and method in ("GET", "PUT"):
                _declare_etag(operation)


def _name_pages(found: Document) -> None:
    """Call the page of a list `ConversationPage`, where pydantic says `Page_Conversation_`."""
    schemas = found["components"]["schemas"]
    pages = {name: re.sub(r"^Page_(.+?)(View)?_$", r"\1Page", name) for name in schemas if name.startswith("Page_")}
    for name, new in pages.items():
        schemas[new] = {**schemas.pop(name), "title": new}
    references = {COMPONENTS.format(model=name): COMPONENTS.format(model=new) for name, new in pages.items()}
    _follow_references(found, references)


def _follow_references(part: Any, references: Mapping[str, str]) -> None:
    if isinstance(part, dict):
        if part.get("$ref") in references:
            part["$ref"] = references[part["$ref"]]
        for inner in part.values():
            _follow_references(inner, references)
    elif isinstance(part, list):
        for inner in part:
            _follow_references(inner, references)


def exported() -> Document:
    """The document of all processes together, as `make export` wrote it; a test holds it to the code."""
    found: Document = json.loads(resources.files("schemas").joinpath("export", "openapi.json").read_bytes())
    return found


def _schemas(routes: Iterable[APIRoute]) -> Mapping[str, Any]:
    models: dict[str, type[BaseModel]] = {"ProblemBody": ProblemBody}
    bodies = [body for route in routes for body in json_bodies(route.dependant)]
    models |= {one.__name__: one for body in bodies for one in body.forms.values() or [body.model]}
    _, schemas = models_json_schema([(model, "validation") for model in models.values()], ref_template=COMPONENTS)
    found: Document = schemas["$defs"]
    found |= {body.model.__name__: _any_form(body) for body in bodies if body.forms}
    return found


def _any_form(body: JsonBody[Any]) -> Document:
    """The schema of a body of several forms. `anyOf` and not `oneOf`: two forms may have the same fields."""
    title, description = body.model.__name__, inspect.cleandoc(body.model.__doc__ or "")
    return {"title": title, "description": description, "anyOf": [_reference(form) for form in body.forms.values()]}


def json_bodies(dependant: Dependant) -> list[JsonBody[Any]]:
    """The JSON bodies of a route. FastAPI does not know them, because they are dependencies."""
    return [call for call in dependency_calls(dependant) if isinstance(call, JsonBody)]


def dependency_calls(dependant: Dependant) -> Iterator[object]:
    """All dependencies of a route, at any depth."""
    for inner in dependant.dependencies:
        yield inner.call
        yield from dependency_calls(inner)


def _add_common_responses(operation: Document, route: APIRoute, method: str) -> None:
    responses = operation["responses"]
    # FastAPI's own 422 has another body than ours.
    responses.pop("422", None)
    for status in [one for one in responses if int(one) >= 400 and "content" not in responses[one]]:
        responses[status] = _problem(int(status))
    _declare_path(operation, route)
    parameters = operation.get("parameters", [])
    for parameter in parameters:
        parameter["schema"] = _parameter_schema(parameter["schema"], parameter["in"])
    bodies = json_bodies(route.dependant)
    if not operation.get("security") and not bodies:
        if parameters:  # a public route about a resource that may not exist
            responses.update({str(status): _problem(status) for status in (404, 422, 429, 503)})
        return
    _add_outcomes(responses, set(dependency_calls(route.dependant)), method)
    for body in bodies:
        _declare_body(operation, body)
    statuses = {*COMMON_STATUSES, *(WITH_BODY if bodies else ()), *([422] if parameters else ())}
    for status in sorted(statuses):
        responses.setdefault(str(status), _unauthorized() if status == 401 else _problem(status))


def _declare_body(operation: Document, body: JsonBody[Any]) -> None:
    content: Document = {"application/json": {"schema": _reference(body.model)}}
    if body.forms:
        content["application/json"]["examples"] = {name: _example(name, form) for name, form in body.forms.items()}
    operation["requestBody"] = {"required": not body.optional, "content": content}


def _example(name: str, form: type[BaseModel]) -> Document:
    return {"summary": name, "value": form.model_json_schema()["examples"][0]}


def _reference(model: type[BaseModel]) -> Document:
    return {"$ref": COMPONENTS.format(model=model.__name__)}


def _add_outcomes(responses: Document, dependencies: Set[object], method: str) -> None:
    """Add the responses that follow from the method of a route and from the headers that it reads."""
    if method == "PUT" and "200" in responses:
        responses["201"] = {**responses["200"], "description": "Created"}
    if preferred_wait in dependencies:
        responses["202"] = _pending()
    if precondition in dependencies:
        responses["412"] = _problem(412)
    if method in ("POST", "PUT", "DELETE"):
        responses["409"] = _problem(409)


def _declare_path(operation: Document, route: APIRoute) -> None:
    """Name what stands in the path, also where only a dependency of the route reads it from the request."""
    given = operation.get("parameters", [])
    known = {one["name"] for one in given if one["in"] == "path"}
    missing = [name for name in route.param_convertors if name not in known]
    if missing:
        operation["parameters"] = [*(_in_path(name) for name in missing), *given]


def _parameter_schema(schema: Document, place: str) -> Document:
    """The schema of a parameter as it travels: none is null, and a header that may be repeated is one line of text."""
    found = {**schema, **next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), {})}
    found.pop("anyOf", None)
    is_list = place == "header" and found.get("type") == "array"
    return {"type": "string", "title": found["title"]} if is_list else found


def _in_path(name: str) -> Document:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _pending() -> Document:
    status = {"type": "object", "properties": {"status": {"const": "pending"}}, "required": ["status"]}
    return {
        "description": "Not applied yet; ask `Location` for its status",
        "headers": {"Location": _header("string", "The status of the command.")},
        "content": {"application/json": {"schema": status}},
    }


def _problem(status: int) -> Document:
    answer: Document = {
        "description": problem_title(status),
        "content": {MEDIA_TYPE: {"schema": {"$ref": COMPONENTS.format(model="ProblemBody")}}},
    }
    if status in (429, 503):
        answer["headers"] = {"Retry-After": _header("integer", "Seconds to wait.")}
    return answer


def _unauthorized(challenge: str = "`Bearer`.") -> Document:
    return {**_problem(401), "headers": {"WWW-Authenticate": _header("string", challenge)}}


def _declare_etag(operation: Document) -> None:
    tag = {"ETag": _header("string", "Its version, for `If-Match`.")}
    for status in ("200", "201"):
        if status in operation["responses"]:
            operation["responses"][status] = {**operation["responses"][status], "headers": tag}


def _header(kind: str, description: str) -> Document:
    """A header that is always present."""
    return {"required": True, "schema": {"type": kind}, "description": description}


def _webhook_path() -> Document:
    parameters = [_in_path(name) for name in ("channel", "workspace", "account")]
    path = WEBHOOKS + "/{channel}/{workspace}/{account}"
    post = {
        "tags": ["webhooks"],
        "operationId": operation_id("POST", path, "receive"),
        "summary": "A platform delivers updates, signed as that platform does, or with a secret that follows in the path",
        "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
        "responses": {
            "200": {"description": "Stored durably, or authentic and ignored"},
            "401": _unauthorized("`Signature`, or the challenge of the channel."),
            **{str(status): _problem(status) for status in (400, 404, 408, 413, 503)},
        },
    }
    get = {
        "tags": ["webhooks"],
        "operationId": operation_id("GET", path, "handshake"),
        "summary": "A platform tests the address (handshake)",
        "responses": {
            "200": {"description": "The answer that the platform expects"},
            "401": _unauthorized("`Signature`, or the challenge of the channel."),
            **{str(status): _problem(status) for status in (404, 405, 408, 413, 503)},
        },
    }
    return {"parameters": parameters, "post": post, "get": get}
