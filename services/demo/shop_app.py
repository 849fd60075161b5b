"""The shop's own app: a stand-in for a system of an integrator behind the channel `api` (docs/channels/api.md). For the demo and for tests.

It takes replies that the secret signed, each `webhook-id` once. `POST /_connect` tells it the secret; `/_faults`: see `faults`.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from schemas.values import Json
from services.demo.faults import Fault, FaultQueue, TruncatedResponse
from services.demo.json_body import read_json_object
from services.demo.photo import PHOTO
from services.demo.sent_log import SentLog
from services.platform.http.standard_webhooks import ID, verification_error

CALLBACK, CONNECT, PICTURE = "/support", "/_connect", "/mug.png"
STATUSES = {"rate_limited": 429, "error": 500, "blocked": 410, "refused": 422}


@dataclass
class ShopApp:
    """The state of the app; `app` serves it. `taken` has the id that each call got."""

    log: SentLog = field(default_factory=SentLog)
    faults: FaultQueue = field(default_factory=FaultQueue)
    secret: str | None = None
    taken: dict[str, str] = field(default_factory=dict)

    @property
    def app(self) -> Starlette:
        """The ASGI app of this state."""
        return Starlette(
            routes=[
                Route(CALLBACK, self._reply, methods=["POST"]),
                Route(CONNECT, self._connect, methods=["POST"]),
                Route(PICTURE, self._picture, methods=["GET"]),
                Route("/_faults", self.faults.change, methods=["GET", "POST", "DELETE"]),
            ]
        )

    async def _connect(self, request: Request) -> Response:
        secret = (await read_json_object(request)).get("secret")
        if not isinstance(secret, str):
            return JSONResponse({"detail": "`secret` is missing"}, 422)
        self.secret = secret
        return JSONResponse({})

    async def _reply(self, request: Request) -> Response | TruncatedResponse:
        if self.secret is None:
            return JSONResponse({"detail": "the app is not connected yet"}, 503)
        content, now = await request.body(), datetime.now(UTC)
        problem = verification_error(request.headers, content, [self.secret], now)
        if problem is not None:
            return JSONResponse({"detail": problem}, 401)
        call, body = request.headers[ID], await read_json_object(request)
        return await self.faults.answer(lambda: self._accepted(call, body), _failing)

    def _accepted(self, call: str, body: dict[str, Json]) -> Response:
        to = body.get("person")
        if not isinstance(to, dict) or not (body.get("text") or body.get("attachments")):
            return JSONResponse({"detail": "`person` and a text or files are needed"}, 422)
        if call not in self.taken:
            number = self.log.next_number()
            self.taken[call] = f"app-{number}"
            item = {name: body.get(name) for name in ("text", "attachments", "reply_to")}
            self.log.add(number, "api", {"to": to.get("id"), "id": self.taken[call], **item})
        return JSONResponse({"id": self.taken[call]})

    async def _picture(self, request: Request) -> Response:
        return Response(PHOTO, media_type="image/png")


async def _failing(fault: Fault) -> Response:
    if fault.kind == "hang":
        await asyncio.sleep(fault.seconds)
    headers = {"retry-after": str(fault.retry_after)} if fault.kind == "rate_limited" else {}
    return JSONResponse({"detail": fault.kind}, STATUSES.get(fault.kind, 503), headers)
