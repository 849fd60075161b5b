"""A stand-in for LINE's Messaging API: takes push messages, each retry key once, and fails on request.

Answers have the shapes of developers.line.biz/en/reference/messaging-api. `/_faults`: see `faults`. For the demo and for tests.
"""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from schemas.values import Json
from services.demo.faults import Fault, FaultQueue, TruncatedResponse
from services.demo.json_body import read_json_object
from services.demo.photo import PHOTO
from services.demo.sent_log import SentLog

TEXT_LIMIT = 5000
USER_LETTER = "U"


@dataclass
class FakeLine:
    """The state of a stand-in; `app` serves it. `endpoint` is the webhook's address, `taken` the number of each retry key."""

    log: SentLog = field(default_factory=SentLog)
    faults: FaultQueue = field(default_factory=FaultQueue)
    endpoint: str = ""
    taken: dict[str, str] = field(default_factory=dict)

    @property
    def app(self) -> Starlette:
        """The ASGI app of this state."""
        bot = "/v2/bot"
        return Starlette(
            routes=[
                Route(f"{bot}/message/push", self._push, methods=["POST"]),
                Route(f"{bot}/chat/loading/start", self._loading, methods=["POST"]),
                Route(f"{bot}/message/{{number}}/content", self._content, methods=["GET"]),
                Route(f"{bot}/info", self._info, methods=["GET"]),
                Route(f"{bot}/channel/webhook/endpoint", self._webhook, methods=["GET", "PUT", "POST"]),
                Route("/_faults", self.faults.change, methods=["GET", "POST", "DELETE"]),
            ]
        )

    async def _push(self, request: Request) -> Response | TruncatedResponse:
        problem = _unauthorized(request) or _bad_key(request)
        if problem is not None:
            return problem
        key, body = request.headers.get("x-line-retry-key", ""), await read_json_object(request)
        return await self.faults.answer(lambda: self._accepted(key, body), _failing)

    def _accepted(self, key: str, body: dict[str, Json]) -> Response:
        to, messages = body.get("to"), body.get("messages")
        if not isinstance(to, str) or not to:
            return _refusal(400, "The property, 'to', in the request body is invalid (line: -, column: -)")
        first = messages[0] if isinstance(messages, list) and messages else None
        text = first.get("text") if isinstance(first, dict) and first.get("type") == "text" else None
        if not isinstance(text, str) or not text or len(text.encode("utf-16-le")) // 2 > TEXT_LIMIT:
            return _refusal(400, f"Length must be between 1 and {TEXT_LIMIT}")
        if key in self.taken:
            sent: Json = [{"id": self.taken[key]}]
            known = {"message": "The retry key is already accepted", "sentMessages": sent}
            return JSONResponse(known, 409, {"x-line-accepted-request-id": key})
        number = self.log.next_number()
        if key:
            self.taken[key] = f"{number}"
        self.log.add(number, "line", {"to": to, "id": f"{number}", "text": text})
        return JSONResponse({"sentMessages": [{"id": f"{number}", "quoteToken": f"quote-{number}"}]})

    async def _loading(self, request: Request) -> Response:
        chat = (await read_json_object(request)).get("chatId")
        # Only a chat with one person has the animation.
        is_person = isinstance(chat, str) and chat.startswith(USER_LETTER)
        return _unauthorized(request) or (JSONResponse({}, 202) if is_person else _refusal(400, "Invalid chatId"))

    async def _content(self, request: Request) -> Response:
        return _unauthorized(request) or Response(PHOTO, media_type="image/png")

    async def _info(self, request: Request) -> Response:
        shown = {"userId": "U0", "basicId": "@pasokhdemo", "displayName": "Demo shop", "chatMode": "bot"}
        return _unauthorized(request) or JSONResponse(shown)

    async def _webhook(self, request: Request) -> Response:
        if (problem := _unauthorized(request)) is not None:
            return problem
        if request.method != "GET":
            self.endpoint = str((await read_json_object(request)).get("endpoint") or "")
            return JSONResponse({})
        if not self.endpoint:
            return _refusal(404, "Webhook endpoint not found")
        return JSONResponse({"endpoint": self.endpoint, "active": True})


def _unauthorized(request: Request) -> Response | None:
    return (
        None
        if request.headers.get("authorization", "").startswith("Bearer ")
        else _refusal(401, "Authentication failed")
    )


def _bad_key(request: Request) -> Response | None:
    try:
        UUID(request.headers.get("x-line-retry-key", "0" * 32))
    except ValueError:
        return _refusal(400, "The retry key is invalid")
    return None


async def _failing(fault: Fault) -> Response:
    match fault.kind:
        case "rate_limited":
            return _refusal(429, "Too many requests")
        case "blocked" | "refused":
            return _refusal(400, "Failed to send messages")
        case "hang":
            await asyncio.sleep(fault.seconds)
    return _refusal(500, "Internal server error")


def _refusal(status: int, message: str) -> Response:
    return JSONResponse({"message": message}, status)
