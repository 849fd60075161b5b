"""A stand-in for Trustpilot's Business API: gives tokens, takes one reply to each review, lists replies at `/_sent`, and fails on request.

Answers have the shapes of developers.trustpilot.com. For the demo and for tests; it talks to nobody.

- `POST /v1/oauth/oauth-business-users-for-applications/accesstoken` by key and secret (Basic).
- `POST`, `DELETE /v1/private/reviews/{id}/reply` with a token of it and an `apikey`.
- `POST /_faults`: what happens to the next replies; see `faults`.
"""

import asyncio
import binascii
import hashlib
from base64 import b64decode
from dataclasses import dataclass, field

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.demo.faults import Fault, FaultQueue, TruncatedResponse
from services.demo.sent_log import SentLog

LIFETIME_SECONDS = 360_000
STATUSES = {"rate_limited": 429, "error": 500, "blocked": 404, "refused": 400}


@dataclass
class FakeTrustpilot:
    """The state of a stand-in; `app` serves it. `replies` are those that stand, by the id of their review."""

    log: SentLog = field(default_factory=SentLog)
    faults: FaultQueue = field(default_factory=FaultQueue)
    replies: dict[str, str] = field(default_factory=dict)

    @property
    def app(self) -> Starlette:
        """The ASGI app of this state."""
        token = "/v1/oauth/oauth-business-users-for-applications/accesstoken"  # noqa: S105 -- a path
        return Starlette(
            routes=[
                Route(token, self._give_token, methods=["POST"]),
                Route("/v1/private/reviews/{review}/reply", self._reply, methods=["POST", "DELETE"]),
                Route("/_sent", self.log.show, methods=["GET"]),
                Route("/_faults", self.faults.change, methods=["GET", "POST", "DELETE"]),
            ]
        )

    async def _give_token(self, request: Request) -> Response:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            key, _, secret = b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            key = secret = ""
        grant = (await request.form()).get("grant_type")
        if scheme.lower() != "basic" or not (key and secret) or grant != "client_credentials":
            return JSONResponse({"error": "invalid_client"}, 401)
        return JSONResponse({"access_token": token_for(key), "expires_in": str(LIFETIME_SECONDS)})

    async def _reply(self, request: Request) -> Response | TruncatedResponse:
        key = request.headers.get("apikey", "")
        if not key or request.headers.get("authorization") != f"Bearer {token_for(key)}":
            return JSONResponse({"message": "Unauthorized"}, 401)
        fault = self.faults.take()
        if fault is not None and fault.kind != "drop_after":
            return await _failed(fault)
        review = request.path_params["review"]
        if request.method == "DELETE":
            gone = self.replies.pop(review, None)
            return Response(status_code=204) if gone is not None else JSONResponse({"message": "Not Found"}, 404)
        try:
            text = orjson.loads(await request.body())["message"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            text = None
        if not isinstance(text, str) or not text.strip():
            return JSONResponse({"message": "message is missing"}, 400)
        self.replies[review] = text
        self.log.add(self.log.next_number(), "reviews", {"to": review, "id": review, "text": text})
        return TruncatedResponse() if fault is not None else Response(status_code=201)


def token_for(key: str) -> str:
    """The access token that goes with a key."""
    return hashlib.sha256(f"stand-in/{key}".encode()).hexdigest()


async def _failed(fault: Fault) -> Response | TruncatedResponse:
    if fault.kind == "drop_before":
        return TruncatedResponse()
    if fault.kind == "hang":
        await asyncio.sleep(fault.seconds)
    headers = {"retry-after": str(fault.retry_after)} if fault.kind == "rate_limited" else {}
    return JSONResponse({"message": fault.kind}, STATUSES.get(fault.kind, 503), headers)
