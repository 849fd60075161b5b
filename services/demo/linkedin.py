"""A stand-in for LinkedIn's API: takes comments of a Page, gives access tokens, and fails on request.

Answers have the shapes of learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api and
…/linkedin/shared/authentication/programmatic-refresh-tokens. `/_faults`: see `faults`. For the demo and for tests.
"""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from schemas.values import Json
from services.demo.faults import Fault, FaultQueue, TruncatedResponse
from services.demo.json_body import read_json_object
from services.demo.sent_log import SentLog

ORGANIZATION = "urn:li:organization:4000001"
TEXT_LIMIT = 1250
TOKEN_PREFIX, TOKEN_SECONDS = "AQdemo", 5_184_000
GRANT = ("grant_type", "refresh_token", "client_id", "client_secret")


@dataclass
class FakeLinkedin:
    """The state of a stand-in; `app` serves it. `comments` are those of the Page that stand: number → URN of what each is below."""

    log: SentLog = field(default_factory=SentLog)
    faults: FaultQueue = field(default_factory=FaultQueue)
    comments: dict[str, str] = field(default_factory=dict)

    @property
    def app(self) -> Starlette:
        """The ASGI app of this state."""
        comments = "/rest/socialActions/{target}/comments"
        return Starlette(
            routes=[
                Route("/oauth/v2/accessToken", self._give_token, methods=["POST"]),
                Route(comments, self._comment, methods=["POST"]),
                Route(f"{comments}/{{number}}", self._delete, methods=["DELETE"]),
                Route("/rest/organizationalEntityNotifications", self._notifications, methods=["GET"]),
                Route("/_faults", self.faults.change, methods=["GET", "POST", "DELETE"]),
            ]
        )

    async def _give_token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if not all(form.get(name) for name in GRANT) or form["grant_type"] != "refresh_token":
            return JSONResponse({"error": "invalid_request", "error_description": "The grant is not complete"}, 400)
        token = f"{TOKEN_PREFIX}{self.log.next_number()}"
        return JSONResponse({"access_token": token, "expires_in": TOKEN_SECONDS})

    async def _comment(self, request: Request) -> Response | TruncatedResponse:
        body = await read_json_object(request)
        problem = _unauthorized(request) or _wrong(body)
        if problem is not None:
            return problem
        return await self.faults.answer(lambda: self._accepted(request.path_params["target"], body), _failing)

    def _accepted(self, target: str, body: dict[str, Json]) -> Response:
        number = self.log.next_number()
        self.comments[f"{number}"] = target
        item = {"id": f"{number}", "reply_to": target, "thread": body["object"], "text": _text(body)}
        self.log.add(number, "linkedin", item)
        created: Json = {"id": f"{number}", "commentUrn": f"urn:li:comment:({body['object']},{number})"}
        return JSONResponse(created, 201, {"x-restli-id": f"{number}"})

    async def _delete(self, request: Request) -> Response:
        problem = _unauthorized(request)
        if problem is None and self.comments.pop(request.path_params["number"], None) is None:
            problem = _refusal(404, "The comment does not exist")
        return problem or Response(status_code=204)

    async def _notifications(self, request: Request) -> Response:
        """Nothing is missed here: every notification came by webhook."""
        return _unauthorized(request) or JSONResponse({"elements": [], "paging": {"start": 0, "count": 0}})


def _text(body: dict[str, Json]) -> Json:
    message = body.get("message")
    return message.get("text") if isinstance(message, dict) else None


def _wrong(body: dict[str, Json]) -> Response | None:
    text = _text(body)
    if body.get("actor") != ORGANIZATION:
        return _refusal(403, "Unpermitted actor: the member is no administrator of this organization")
    if not isinstance(body.get("object"), str) or not isinstance(text, str) or not text:
        return _refusal(400, "Field Value validation failed in REQUEST_BODY: object and message.text are required")
    return _refusal(400, f"The length of the text is more than {TEXT_LIMIT}") if len(text) > TEXT_LIMIT else None


def _unauthorized(request: Request) -> Response | None:
    if not request.headers.get("authorization", "").startswith(f"Bearer {TOKEN_PREFIX}"):
        return _refusal(401, "Invalid access token")
    is_versioned = request.headers.get("linkedin-version", "").isdecimal()
    return None if is_versioned else _refusal(400, "A version must be present. Please specify a version")


async def _failing(fault: Fault) -> Response:
    match fault.kind:
        case "rate_limited":
            return _refusal(429, "Resource level throttle limit reached", {"retry-after": str(fault.retry_after)})
        case "blocked":
            return _refusal(404, "The post does not exist")
        case "refused":
            return _refusal(400, "The comment is refused")
        case "hang":
            await asyncio.sleep(fault.seconds)
    return _refusal(500, "Internal server error")


def _refusal(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"status": status, "message": message}, status, headers)
