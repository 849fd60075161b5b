"""Errors over HTTP as problem+json (RFC 9457): the fault and what to do about it, never a traceback or a request body."""

import http.client
from collections.abc import Mapping, Sequence
from typing import Any, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from schemas.values import Json, Problem
from services.platform.core.errors import Fenced, Unavailable, Unknown
from services.platform.http.bodies import BODY_SECONDS, BodyTimeout, BodyTooLarge, ClientDisconnected
from services.platform.http.languages import preferred_language

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1
CLIENT_WENT_AWAY = 499
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}


class FieldError(BaseModel):
    """One wrong field: a JSON pointer within the body, or `/query/...`, `/path/...`, `/header/...` for other parts."""

    pointer: str
    detail: str


CODES: Mapping[str, str] = {
    "Conversation is finished": "finished",
    "No address on that surface": "no_address",
    "Not the assignee": "not_assignee",
    "Public reply to a sensitive case": "sensitive_in_public",
    "Secret in a public reply": "secret_in_public",
}
"""Title → the code of a problem, where it is not the title in snake case."""


def problem_code(title: str) -> str:
    """The stable name of a problem, for programs: its title in snake case, unless `CODES` has a shorter one."""
    return CODES.get(title) or "_".join(
        "".join(letter if letter.isalnum() else " " for letter in title.lower()).split()
    )


class ProblemBody(BaseModel):
    """The body of every error."""

    type: str = "about:blank"
    code: str = Field(default="", description="A stable name of the problem, such as `not_assignee`.")
    title: str
    status: int
    detail: str
    reason: str | None = Field(
        default=None, description="A stable name of the sentence in `detail`, where an agent reads it."
    )
    params: dict[str, Json] | None = Field(default=None, description="What is in the sentence, to word it otherwise.")
    errors: list[FieldError] | None = None


class HttpProblem(Exception):
    """A request that is answered with a problem. Each subclass is one status; `detail` is a sentence for people.

    `wordings`: the sentence by language, of which whoever asked gets theirs (`Accept-Language`).
    """

    status = 500

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None, title: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.title = title
        self.errors: list[FieldError] | None = None
        self.reason: str | None = None
        self.params: Mapping[str, Json] = {}
        self.wordings: Mapping[str, str] = {}

    def put_in_words(self, detail: str) -> None:
        """Say the same by another sentence."""
        for wrong in self.errors or ():
            wrong.detail = detail
        self.detail = detail


class BadRequest(HttpProblem):
    """400: the body or a header cannot be parsed."""

    status = 400


class Unauthorized(HttpProblem):
    """401: no key, or an unknown one."""

    status = 401

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(HttpProblem):
    """403: the key lacks the scope."""

    status = 403


class NotFound(HttpProblem):
    """404: it does not exist, or belongs to another workspace."""

    status = 404


class Conflict(HttpProblem):
    """409: refused in this state."""

    status = 409


class PreconditionFailed(HttpProblem):
    """412: `If-Match` names a version that is no longer current."""

    status = 412


class UnprocessableContent(HttpProblem):
    """422: it can be parsed, but is not valid. `errors` are (pointer, sentence)."""

    status = 422

    def __init__(self, *errors: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{p or '/'}: {d}" for p, d in errors) or "The request is not acceptable.")
        self.errors = [FieldError(pointer=pointer, detail=detail) for pointer, detail in errors]


class TooManyRequests(HttpProblem):
    """429: wait `after` seconds."""

    status = 429

    def __init__(self, detail: str, after: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(max(1, after))})


class CommandRejected(HttpProblem):
    """A command that a processor refused, with the problem of its outcome."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail, title=problem.title)
        self.problem = problem
        self.status = problem.status
        self.reason, self.params = problem.reason, problem.params
        if problem.status == 422:
            self.errors = [FieldError(pointer=problem.pointer or "", detail=problem.detail)]


def problem_title(status: int) -> str:
    """The reason phrase of a status (RFC 9110)."""
    if status in _TITLES:
        return _TITLES[status]
    return http.client.responses.get(status, "Error")


def problem_response(
    status: int,
    detail: str,
    *,
    title: str | None = None,
    errors: Sequence[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
    reason: str | None = None,
    params: Mapping[str, Json] | None = None,
) -> Response:
    """A problem as an ASGI response. ASGI apps outside FastAPI use it too."""
    title = title or problem_title(status)
    body = ProblemBody(
        code=problem_code(title),
        title=title,
        status=status,
        detail=detail,
        reason=reason,
        params=dict(params or {}) or None,
        errors=list(errors or ()) or None,
    )
    content = body.model_dump_json(exclude_none=True)
    return Response(content, status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def refusal_response(refusal: HttpProblem) -> Response:
    """The response for a refusal."""
    return problem_response(
        refusal.status,
        refusal.detail,
        title=refusal.title,
        errors=refusal.errors,
        headers=refusal.headers,
        reason=refusal.reason,
        params=refusal.params,
    )


def unavailable_response(detail: str = "A dependency cannot be reached now. Repeat the request.") -> Response:
    """503 with Retry-After. Repeating is safe: with an Idempotency-Key where the request is a POST."""
    return problem_response(503, detail, headers={"Retry-After": str(RETRY_SECONDS)})


def internal_response() -> Response:
    """500 for a bug of Pasokh. The response contains nothing of the error."""
    return problem_response(500, "The server failed on this request. It was logged; repeating it may fail again.")


def to_unprocessable_content(
    error: ValidationError | RequestValidationError, *, root: bool = False
) -> UnprocessableContent:
    """Convert pydantic's errors to a 422, without the input values. `root`: locations are relative to the body."""
    found = cast(Sequence[Mapping[str, Any]], error.errors())
    return UnprocessableContent(*[(to_json_pointer(one["loc"], root=root), _validation_message(one)) for one in found])


def to_json_pointer(location: Sequence[str | int], *, root: bool = False) -> str:
    """A JSON pointer (RFC 6901) of a pydantic location; the leading `body` of FastAPI's is left out."""
    parts = location if root or not location or location[0] != "body" else location[1:]
    # For a wrong key of an object, pydantic adds a last part `[key]`.
    parts = parts[:-1] if parts and parts[-1] == "[key]" else parts
    # A repeated query parameter is one parameter; its index is not part of the pointer.
    parts = parts[:2] if location and location[0] == "query" and not root else parts
    return "".join(f"/{escape_pointer(str(part))}" for part in parts)


def escape_pointer(name: str) -> str:
    """A name as one part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _validation_message(one: Mapping[str, Any]) -> str:
    if one["type"] == "extra_forbidden":
        return "This field is not known. Leave it out, or check its spelling."
    if one["type"] == "missing":
        return "This field is required."
    return str(one["msg"]).removeprefix("Value error, ")


async def _refusal(request: Request, error: HttpProblem) -> Response:
    if error.wordings:
        known = list(error.wordings)
        error.put_in_words(error.wordings[preferred_language(request.headers.get("accept-language"), known)])
    return refusal_response(error)


async def _http(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_methods_at(request))
    details = {404: "There is nothing at this path.", 405: "This path does not take this method; see `Allow`."}
    return problem_response(error.status_code, details.get(error.status_code, str(error.detail)), headers=headers)


def _methods_at(request: Request) -> list[str]:
    """The methods of all routes at this path. FastAPI itself lists only those of the first matching route."""
    scope = {"type": "http", "path": request.scope["path"], "path_params": {}, "root_path": ""}
    taken: set[str] = set()
    for route in request.app.routes:
        if route.matches({**scope, "method": ""})[0] is not Match.NONE:
            taken |= set(route.methods or ())
    return sorted(taken)


async def _validation(_: Request, error: RequestValidationError) -> Response:
    return refusal_response(to_unprocessable_content(error))


async def _unavailable(_: Request, error: Exception) -> Response:
    return unavailable_response()


async def _timeout_handler(_: Request, error: BodyTimeout) -> Response:
    detail = f"The body was not complete within {BODY_SECONDS:.0f} seconds."
    return problem_response(408, detail, headers={"Connection": "close"})


async def _large(_: Request, error: BodyTooLarge) -> Response:
    return problem_response(413, f"A body has at most {error.limit} bytes.", headers={"Connection": "close"})


async def _disconnect_handler(_: Request, error: ClientDisconnected) -> Response:
    return Response(status_code=CLIENT_WENT_AWAY)


HANDLERS: Mapping[type[Exception], Any] = {
    HttpProblem: _refusal,
    HTTPException: _http,
    RequestValidationError: _validation,
    Unavailable: _unavailable,
    Unknown: _unavailable,
    Fenced: _unavailable,
    BodyTimeout: _timeout_handler,
    BodyTooLarge: _large,
    ClientDisconnected: _disconnect_handler,
}
"""Error class → handler. Any: Starlette types a handler by the base class of its error."""


def install(app: FastAPI) -> None:
    """Answer every error class of `HANDLERS` with its problem. Other errors are not handled here."""
    for error, handler in HANDLERS.items():
        app.add_exception_handler(error, handler)
