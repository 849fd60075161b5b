"""A stand-in for X's API v2: takes replies, direct messages and pictures, and fails on request.

Answers have the shapes of docs.x.com/x-api. `/_faults`: see `faults`. For the demo and for tests.
"""

import asyncio
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from schemas.values import Json
from services.demo.faults import Fault, FaultQueue, TruncatedResponse
from services.demo.json_body import read_json_object
from services.demo.sent_log import SentLog

POST_LIMIT, MESSAGE_LIMIT = 280, 10_000
USER_ID = "1500000000000000001"


@dataclass
class FakeX:
    """The state of a stand-in; `app` serves it."""

    log: SentLog = field(default_factory=SentLog)
    faults: FaultQueue = field(default_factory=FaultQueue)

    @property
    def app(self) -> Starlette:
        """The ASGI app of this state."""
        return Starlette(
            routes=[
                Route("/2/tweets", self._post, methods=["POST"]),
                Route("/2/tweets/{number}", self._delete, methods=["DELETE"]),
                Route("/2/dm_conversations/with/{user}/messages", self._message, methods=["POST"]),
                Route("/2/dm_events/{number}", self._delete, methods=["DELETE"]),
                Route("/2/media/upload", self._upload, methods=["POST"]),
                Route("/2/users/me", self._me, methods=["GET"]),
                Route("/_faults", self.faults.change, methods=["GET", "POST", "DELETE"]),
            ]
        )

    async def _post(self, request: Request) -> Response | TruncatedResponse:
        body = await read_json_object(request)
        reply = body.get("reply")
        answered = reply.get("in_reply_to_tweet_id") if isinstance(reply, dict) else None
        # On self-serve tiers only who mentioned us is answered: the demo's customers all do.
        if not isinstance(answered, str) or not answered:
            return _refusal(403, "Reply to this conversation is not allowed because you have not been mentioned.")
        return await self._taken(request, body, POST_LIMIT, "id", {"reply_to": answered})

    async def _message(self, request: Request) -> Response | TruncatedResponse:
        body = await read_json_object(request)
        return await self._taken(request, body, MESSAGE_LIMIT, "dm_event_id", {"to": request.path_params["user"]})

    async def _taken(
        self, request: Request, body: dict[str, Json], limit: int, name: str, about: dict[str, Json]
    ) -> Response | TruncatedResponse:
        text = body.get("text", "")
        if not isinstance(text, str) or not (text or body.get("attachments")) or len(text) > limit:
            return _refusal(400, "One or more parameters to your request was invalid: the text is empty or too long.")
        problem = _unauthorized(request)
        if problem is not None:
            return problem

        def accept() -> Response:
            number = self.log.next_number()
            self.log.add(number, "x", {"id": f"{number}", "text": text, **about})
            return JSONResponse({"data": {name: f"{number}"}}, 201)

        return await self.faults.answer(accept, _failing)

    async def _delete(self, request: Request) -> Response:
        return _unauthorized(request) or JSONResponse({"data": {"deleted": True}})

    async def _upload(self, request: Request) -> Response:
        # Whoever answers before the file is here cuts the connection.
        await request.body()
        return _unauthorized(request) or JSONResponse({"data": {"id": f"{self.log.next_number()}"}})

    async def _me(self, request: Request) -> Response:
        shown = {"id": USER_ID, "name": "Demo shop", "username": "pasokh_demo"}
        return _unauthorized(request) or JSONResponse({"data": shown})


def _unauthorized(request: Request) -> Response | None:
    is_signed = request.headers.get("authorization", "").startswith("OAuth ")
    return None if is_signed else _refusal(401, "Unauthorized")


async def _failing(fault: Fault) -> Response:
    match fault.kind:
        case "rate_limited":
            headers = {"retry-after": str(fault.retry_after)}
            return JSONResponse({"title": "Too Many Requests"}, 429, headers)
        case "blocked":
            return _refusal(403, "You cannot send messages to this user.")
        case "refused":
            return _refusal(400, "One or more parameters to your request was invalid.")
        case "hang":
            await asyncio.sleep(fault.seconds)
    return _refusal(500, "Internal Server Error")


def _refusal(status: int, detail: str) -> Response:
    return JSONResponse({"title": "Error", "detail": detail, "status": status}, status)
