"""A stand-in for eitaayar.ir: takes messages and files, and fails on request. Nobody answers there.

Answers have the shape of eitaayar.ir's, which is that of core.telegram.org/bots/api. `/_faults`: see `faults`. For the demo and for tests.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from schemas.values import Json
from services.demo.faults import Fault, FaultQueue, TruncatedResponse
from services.demo.forms import SentForm, is_form, read_form
from services.demo.sent_log import SentLog

TEXT_LIMIT = 4096


@dataclass
class FakeEitaa:
    """The state of a stand-in; `app` serves it."""

    log: SentLog = field(default_factory=SentLog)
    faults: FaultQueue = field(default_factory=FaultQueue)

    @property
    def app(self) -> Starlette:
        """The ASGI app of this state."""
        return Starlette(
            routes=[
                Route("/api/{token}/{method}", self._call, methods=["POST"]),
                Route("/_faults", self.faults.change, methods=["GET", "POST", "DELETE"]),
            ]
        )

    async def _call(self, request: Request) -> Response | TruncatedResponse:
        form, token = await _read(request), request.path_params["token"]
        if not token.startswith("bot") or ":" not in token:
            return _refusal(401, "Unauthorized")
        match request.path_params["method"]:
            case "getMe":
                return _done({"id": 1, "is_bot": True, "first_name": "Demo shop"})
            case "sendMessage":
                text = form.fields.get("text")
                problem = _no_text(text if isinstance(text, str) else "")
            case "sendFile":
                problem = None if "file" in form.files else _refusal(400, "Bad Request: file is required")
            case _:
                return _refusal(404, "Not Found")
        chat = form.fields.get("chat_id")
        if chat is None:
            problem = _refusal(400, "Bad Request: chat_id is required")
        return problem or await self.faults.answer(lambda: self._accepted(f"{chat}", form), _failing)

    def _accepted(self, chat: str, form: SentForm) -> Response:
        number = self.log.next_number()
        text = form.fields.get("text") or form.fields.get("caption") or ""
        file = form.files.get("file")
        sent: dict[str, Json] = {"file": {"name": file.name, "size_bytes": len(file.content)}} if file else {}
        self.log.add(number, "eitaa", {"to": chat, "id": f"{number}", "text": text, **sent})
        return _done({"message_id": number, "chat": {"id": chat}, "text": text})


async def _read(request: Request) -> SentForm:
    if is_form(request):
        return await read_form(request)
    return SentForm(dict(parse_qsl((await request.body()).decode(), keep_blank_values=True)), {})


def _no_text(text: str) -> Response | None:
    if not text:
        return _refusal(400, "Bad Request: message text is empty")
    return _refusal(400, "Bad Request: message is too long") if len(text) > TEXT_LIMIT else None


async def _failing(fault: Fault) -> Response:
    match fault.kind:
        case "rate_limited":
            return _refusal(429, "Too Many Requests", {"retry-after": str(fault.retry_after)})
        case "blocked":
            return _refusal(403, "Forbidden: bot was blocked by the user")
        case "refused":
            return _refusal(400, "Bad Request: chat not found")
        case "hang":
            await asyncio.sleep(fault.seconds)
    return _refusal(500, "Internal Server Error")


def _done(result: Json) -> Response:
    return JSONResponse({"ok": True, "result": result})


def _refusal(status: int, description: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"ok": False, "error_code": status, "description": description}, status, headers)
