"""A stand-in for Twilio's REST API: takes messages and calls, shows the number's addresses, and fails on request.

Answers have the shapes of www.twilio.com/docs/messaging/api/message-resource and .../voice/api/call-resource. `/_faults`: see `faults`. For
the demo and for tests.
"""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.demo.faults import Fault, FaultQueue, TruncatedResponse
from services.demo.photo import PHOTO
from services.demo.sent_log import SentLog

TEXT_LIMIT = 1600


@dataclass
class FakeTwilio:
    """The state of a stand-in; `app` serves it. What it takes is listed as of `channel`; `endpoint` is the number's address."""

    channel: str
    log: SentLog = field(default_factory=SentLog)
    faults: FaultQueue = field(default_factory=FaultQueue)
    endpoint: str = ""

    @property
    def app(self) -> Starlette:
        """The ASGI app of this state."""
        account = "/2010-04-01/Accounts/{account}"
        return Starlette(
            routes=[
                Route(f"{account}/Messages.json", self._message, methods=["POST"]),
                Route(f"{account}/Calls.json", self._call, methods=["POST"]),
                Route(f"{account}/IncomingPhoneNumbers.json", self._numbers, methods=["GET", "POST"]),
                Route(f"{account}/{{kind}}/{{sid:path}}", self._file, methods=["GET"]),
                Route("/_faults", self.faults.change, methods=["GET", "POST", "DELETE"]),
            ]
        )

    async def _message(self, request: Request) -> Response | TruncatedResponse:
        form = await _form(request)
        text = form.get("Body", "")
        if not text or len(text) > TEXT_LIMIT:
            return _unauthorized(request) or _refusal(400, 21617 if text else 21602)
        return await self._accepted(request, form, "SM", {"text": text})

    async def _call(self, request: Request) -> Response | TruncatedResponse:
        form = await _form(request)
        if not form.get("Url", "").startswith("http"):
            return _unauthorized(request) or _refusal(400, 21205)
        return await self._accepted(request, form, "CA", {"url": form["Url"]})

    async def _accepted(
        self, request: Request, form: dict[str, str], prefix: str, said: dict[str, str]
    ) -> Response | TruncatedResponse:
        problem = _unauthorized(request) or _wrong_sides(form)
        if problem is not None:
            return problem
        fault = self.faults.take()
        if fault is not None and fault.kind not in ("drop_after", "drop_before"):
            return await _failing(fault)
        if fault is not None and fault.kind == "drop_before":
            return TruncatedResponse()
        number = self.log.next_number()
        sid = f"{prefix}{number:032x}"
        self.log.add(number, self.channel, {"to": form["To"], "id": sid, **said})
        return JSONResponse({"sid": sid, "status": "queued"}, 201) if fault is None else TruncatedResponse()

    async def _numbers(self, request: Request) -> Response:
        if request.method == "POST":
            self.endpoint = str((await request.json()).get("url") or "")
            return JSONResponse({})
        number = {"sms_url": self.endpoint, "voice_url": self.endpoint}
        return _unauthorized(request) or JSONResponse({"incoming_phone_numbers": [number]})

    async def _file(self, request: Request) -> Response:
        return _unauthorized(request) or Response(PHOTO, media_type="image/png")


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def _unauthorized(request: Request) -> Response | None:
    return None if request.headers.get("authorization", "").startswith("Basic ") else _refusal(401, 20003)


def _wrong_sides(form: dict[str, str]) -> Response | None:
    if not form.get("To"):
        return _refusal(400, 21604)
    return None if form.get("From") or form.get("MessagingServiceSid") else _refusal(400, 21603)


async def _failing(fault: Fault) -> Response:
    match fault.kind:
        case "rate_limited":
            return _refusal(429, 20429, {"retry-after": str(fault.retry_after)})
        case "blocked":
            return _refusal(400, 21610)
        case "refused":
            return _refusal(400, fault.code)
        case "hang":
            await asyncio.sleep(fault.seconds)
    return _refusal(500, 20500)


def _refusal(status: int, code: int, headers: dict[str, str] | None = None) -> Response:
    shown = {"code": code, "message": f"The stand-in refuses with {code}.", "status": status}
    return JSONResponse(shown, status, headers)
