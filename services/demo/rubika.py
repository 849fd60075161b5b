"""A stand-in for Rubika's Bot API: accepts what a bot sends, lists it at `/_sent`, and fails on request.

Answers have the shapes of rubika.ir/botapi. For the demo and for tests; it talks to nobody.

- `POST /v3/<token>/<method>`: the methods of `METHODS`; `POST /upload/<ticket>` takes a file, `GET /files/<id>` gives it out.
- `POST /_files` with a body: a file for customers to send; answers its `file_id`. The file `PHOTO_ID` is there from the start.
- `GET /_sent?after=N`: messages taken, oldest first, each with its `number` (above N).
- `POST /_faults`: what happens to the next messages; see `faults`.
- `POST /_updates` an update: waits for bots that fetch.
"""

import asyncio
import re
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schemas.values import Json
from services.demo.faults import Fault, FaultQueue, TruncatedResponse
from services.demo.forms import read_form
from services.demo.photo import PHOTO
from services.demo.sent_log import SentLog

TOKEN = re.compile(r"[A-Z0-9]{8,256}")
CHAT = re.compile(r"[bgcu]0[A-Za-z0-9]{1,62}")
FILE_TYPES = ("File", "Image", "Voice", "Music", "Gif", "Video")
ENDPOINT_TYPES = ("ReceiveUpdate", "ReceiveInlineMessage", "ReceiveQuery", "GetSelectionItem", "SearchSelectionItems")
TEXT_LIMIT = 4096
PHOTO_ID = "photo"
REMEMBERED = 1_000


class RubikaRefusal(Exception):
    """An answer whose `status` is not OK."""

    def __init__(self, status: str, words: str | None = None, http_status: int = 200) -> None:
        super().__init__(words or status)
        self.status, self.words, self.http_status = status, words, http_status


@dataclass
class FakeRubika:
    """The state of a stand-in; `app` serves it. `log` has the accepted messages.

    `updates` wait to be fetched, by their offset; `endpoints` are the addresses set, by type.
    """

    log: SentLog = field(default_factory=SentLog)
    faults: FaultQueue = field(default_factory=FaultQueue)
    updates: deque[tuple[int, Json]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    endpoints: dict[str, str] = field(default_factory=dict)
    files: "OrderedDict[str, bytes]" = field(default_factory=lambda: OrderedDict({PHOTO_ID: PHOTO}))
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _tickets: set[str] = field(default_factory=set)

    @property
    def app(self) -> Starlette:
        """The ASGI app of this state."""
        return Starlette(
            routes=[
                Route("/v3/{token}/{method}", self._call, methods=["POST"]),
                Route("/upload/{ticket}", self._upload, methods=["POST"]),
                Route("/files/{file_id}", self._show_file, methods=["GET"]),
                Route("/_files", self._add_file, methods=["POST"]),
                Route("/_sent", self.log.show, methods=["GET"]),
                Route("/_faults", self.faults.change, methods=["GET", "POST", "DELETE"]),
                Route("/_updates", self._add_update, methods=["POST"]),
            ]
        )

    # -- methods for the bot -------------------------------------------------------------------------------------------

    async def _call(self, request: Request) -> Response | TruncatedResponse:
        try:
            if not TOKEN.fullmatch(request.path_params["token"]):
                raise RubikaRefusal("INVALID_ACCESS", "token is not valid.")
            method = METHODS.get(request.path_params["method"])
            if method is None:
                raise RubikaRefusal("INVALID_METHOD")
            return await method(self, request, await _body(request))
        except RubikaRefusal as refusal:
            said = {} if refusal.words is None else {"dev_message": refusal.words}
            return _json({"status": refusal.status, **said}, refusal.http_status)

    async def _me(self, request: Request, body: dict[str, Json]) -> Response:
        return _ok(bot={"bot_id": "b0DemoShop", "bot_title": "Demo shop", "username": "pasokh_demo_bot"})

    async def _set_endpoint(self, request: Request, body: dict[str, Json]) -> Response:
        url, kind = _text(body, "url"), _text(body, "type")
        if kind not in ENDPOINT_TYPES or not url.startswith(("https://", "http://")):
            raise RubikaRefusal("INVALID_INPUT")
        self.endpoints[kind] = url
        return _ok(status="Done")

    async def _fetch(self, request: Request, body: dict[str, Json]) -> Response:
        offset, limit = body.get("offset_id"), body.get("limit")
        after = int(offset) if isinstance(offset, str) and offset.isdecimal() else 0
        found = [one for one in self.updates if one[0] > after][: limit if isinstance(limit, int) else 10]
        return _ok(updates=[update for _, update in found], next_offset_id=str(found[-1][0] if found else after))

    async def _send_text(self, request: Request, body: dict[str, Json]) -> Response | TruncatedResponse:
        text = _text(body, "text")
        if len(text) > TEXT_LIMIT:
            raise RubikaRefusal("INVALID_INPUT", "text is too long")
        return await self._accept(body, text)

    async def _send_file(self, request: Request, body: dict[str, Json]) -> Response | TruncatedResponse:
        name, text = _text(body, "file_id"), body.get("text")
        if name not in self.files:
            raise RubikaRefusal("INVALID_INPUT", "file not found")
        return await self._accept(
            body, text if isinstance(text, str) else "", {"file_id": name, "size_bytes": len(self.files[name])}
        )

    async def _accept(
        self, body: dict[str, Json], text: str, file: Mapping[str, Json] | None = None
    ) -> Response | TruncatedResponse:
        chat, fault = _text(body, "chat_id"), self.faults.take()
        if not CHAT.fullmatch(chat):
            raise RubikaRefusal("INVALID_INPUT", "chat not found")
        if fault is not None and fault.kind == "drop_before":
            return TruncatedResponse()
        if fault is not None and fault.kind != "drop_after":
            await _fail(fault)
        number = self.log.next_number()
        more: dict[str, Json] = {} if file is None else {"file": dict(file)}
        item: dict[str, Json] = {"to": chat, "id": str(number), "text": text, **more}
        self.log.add(number, "rubika", {**item, "reply_to": body.get("reply_to_message_id")})
        return _ok(message_id=str(number)) if fault is None else TruncatedResponse()

    async def _edit(self, request: Request, body: dict[str, Json]) -> Response:
        self._sent_message(body)["text"] = _text(body, "text")
        return _ok()

    async def _delete(self, request: Request, body: dict[str, Json]) -> Response:
        self._sent_message(body)["deleted"] = True
        return _ok()

    def _sent_message(self, body: Mapping[str, Json]) -> dict[str, Json]:
        named = (body.get("chat_id"), body.get("message_id"))
        for item in self.log.items:
            if item["channel"] == "rubika" and (item["to"], item["id"]) == named and not item.get("deleted"):
                return item
        raise RubikaRefusal("NOT_FOUND", "message not found")

    # -- files -----------------------------------------------------------------------------------------------------------

    async def _request_upload(self, request: Request, body: dict[str, Json]) -> Response:
        if _text(body, "type") not in FILE_TYPES:
            raise RubikaRefusal("INVALID_INPUT")
        ticket = str(next(self._numbers))
        self._tickets.add(ticket)
        return _ok(upload_url=_address(request, f"/upload/{ticket}"))

    async def _upload(self, request: Request) -> Response:
        form = await read_form(request)
        ticket = request.path_params["ticket"]
        if ticket not in self._tickets or "file" not in form.files:
            return _json({"status": "INVALID_INPUT"})
        self._tickets.discard(ticket)
        return _ok(file_id=self._store(form.files["file"].content))

    async def _locate(self, request: Request, body: dict[str, Json]) -> Response:
        name = _text(body, "file_id")
        if name not in self.files:
            raise RubikaRefusal("INVALID_INPUT", "file not found")
        return _ok(download_url=_address(request, f"/files/{name}"))

    async def _show_file(self, request: Request) -> Response:
        content = self.files.get(request.path_params["file_id"])
        return (
            Response(status_code=404) if content is None else Response(content, media_type="application/octet-stream")
        )

    def _store(self, content: bytes) -> str:
        name = f"file{next(self._numbers)}"
        self.files[name] = content
        if len(self.files) > REMEMBERED:
            self.files.popitem(last=False)
        return name

    # -- routes for people and tests ---------------------------------------------------------------------------------------

    async def _add_file(self, request: Request) -> Response:
        return _json({"file_id": self._store(await request.body())})

    async def _add_update(self, request: Request) -> Response:
        number = next(self._numbers)
        self.updates.append((number, await _body(request)))
        return _json({"offset_id": str(number)})


Method = Callable[[FakeRubika, Request, dict[str, Json]], Awaitable[Response | TruncatedResponse]]
METHODS: Mapping[str, Method] = {
    "getMe": FakeRubika._me,
    "updateBotEndpoints": FakeRubika._set_endpoint,
    "getUpdates": FakeRubika._fetch,
    "sendMessage": FakeRubika._send_text,
    "sendFile": FakeRubika._send_file,
    "editMessageText": FakeRubika._edit,
    "deleteMessage": FakeRubika._delete,
    "requestSendFile": FakeRubika._request_upload,
    "getFile": FakeRubika._locate,
}


async def _fail(fault: Fault) -> None:
    match fault.kind:
        case "rate_limited":
            raise RubikaRefusal("TOO_REQUESTS")
        case "blocked":
            raise RubikaRefusal("INVALID_ACCESS", "The bot doesn't have access to the chat.")
        case "refused":
            raise RubikaRefusal("INVALID_INPUT", "refused by the stand-in")
        case "hang":
            await asyncio.sleep(fault.seconds)
    raise RubikaRefusal("SERVER_ERROR", http_status=500)


async def _body(request: Request) -> dict[str, Json]:
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise RubikaRefusal("INVALID_INPUT", "no JSON") from error
    if not isinstance(body, dict):
        raise RubikaRefusal("INVALID_INPUT", "no object")
    return body


def _text(body: Mapping[str, Json], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise RubikaRefusal("INVALID_INPUT", f"{name} is missing")
    return value


def _address(request: Request, path: str) -> str:
    """An address of this stand-in, also where it is mounted below a path."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}{path}"


def _ok(**data: Json) -> Response:
    return _json({"status": "OK", "data": data})


def _json(body: Json, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
