"""A stand-in for Telegram's Bot API: accepts what a bot sends, lists it at `/_sent`, and fails on request.

Answers have the shapes of core.telegram.org/bots/api. For the demo and for tests; it talks to nobody.

- `POST /bot<token>/<method>`: getMe, sendMessage, answerCallbackQuery, setWebhook, deleteWebhook, getWebhookInfo,
  getUpdates, which gives what was posted to `/_updates`, and the methods of `bot_files` and `bot_changes`.
- `POST /_files` with a body: a file for customers to send; answers its `file_id`.
- `GET /_sent?after=N`: messages taken, oldest first, each with its `number` (above N).
- `POST /_faults` `{"kind", "count"?, "retry_after"?, "seconds"?}`: what happens to the next `count` messages; see `faults`.
- `POST /_updates` an update without its `update_id`: waits for the bots that fetch.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schemas.values import Json
from services.demo.bot_changes import CHANGES, BotChanges
from services.demo.bot_files import SENDING_FILES, BotApiError, BotFiles, SentFiles, read_files
from services.demo.faults import Fault, FaultQueue, TruncatedResponse
from services.demo.forms import is_form
from services.demo.sent_log import SentLog
from services.platform.core.time_source import SystemTimeSource, TimeSource

TEXT_LIMIT = 4096
REMEMBERED = 10_000
STORED_FIELDS = frozenset({"message_thread_id", "reply_parameters", "reply_to_message_id", "reply_markup", "file"})
TOKEN = re.compile(r"^(\d{1,19}):[A-Za-z0-9_-]{1,128}$")


@dataclass
class FakeTelegram:
    """The state of a stand-in; `app` serves it. `log` has the accepted messages.

    `channel` is under which name `log` has them: Bale has the same API. `updates` wait to be fetched; `webhooks` are the addresses set, by bot; `offsets` those that fetches named.
    """

    time_source: TimeSource = field(default_factory=SystemTimeSource)
    channel: str = "telegram"
    log: SentLog = field(default_factory=SentLog)
    faults: FaultQueue = field(default_factory=FaultQueue)
    updates: deque[dict[str, Json]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    webhooks: dict[int, str] = field(default_factory=dict)
    offsets: list[int] = field(default_factory=list)
    files: BotFiles = field(default_factory=BotFiles)
    changes: BotChanges = field(init=False)
    _update_ids: "count[int]" = field(default_factory=lambda: count(1))
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.changes = BotChanges(self.log)

    @property
    def sent(self) -> deque[dict[str, Json]]:
        """The accepted messages, oldest first."""
        return self.log.items

    @property
    def app(self) -> Starlette:
        """The ASGI app of this state."""
        return Starlette(
            routes=[
                Route("/bot{token}/{method}", self._call, methods=["GET", "POST"]),
                Route("/file/bot{token}/{path:path}", self._show_file, methods=["GET"]),
                Route("/_files", self._add_file, methods=["POST"]),
                Route("/_sent", self.log.show, methods=["GET"]),
                Route("/_updates", self._add_update, methods=["POST"]),
                Route("/_faults", self.faults.change, methods=["GET", "POST", "DELETE"]),
            ]
        )

    # -- methods for the bot -------------------------------------------------------------------------------------------

    async def _call(self, request: Request) -> Response | TruncatedResponse:
        try:
            bot, method = _bot(request), request.path_params["method"].lower()
            body = {} if is_form(request) else await _parameters(request)
            if method == "sendmessage":
                return await self._send_message(bot, body)
            if method in SENDING_FILES:
                return await self._send_files(bot, await read_files(request))
            return _ok(await self._result(bot, method, body))
        except BotApiError as problem:
            return _not_ok(problem)

    async def _result(self, bot: int, method: str, body: dict[str, Json]) -> Json:
        if method in CHANGES:
            return self.changes.perform(bot, method, body)
        match method:
            case "getfile":
                return self.files.describe(body)
            case "getme":
                return _me(bot)
            case "setwebhook" | "deletewebhook":
                self.webhooks[bot] = str(body.get("url") or "")
                return True
            case "getwebhookinfo":
                waiting = 0 if self.webhooks.get(bot) else len(self.updates)
                return {"url": self.webhooks.get(bot, ""), "pending_update_count": waiting}
            case "getupdates":
                return await self._fetched(bot, body)
            case "answercallbackquery":
                return True
        raise BotApiError(404, "Not Found")

    async def _fetched(self, bot: int, body: dict[str, Json]) -> list[Json]:
        if self.webhooks.get(bot):
            raise BotApiError(
                409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first"
            )
        offset, limit, timeout = (body.get(name) for name in ("offset", "limit", "timeout"))
        if isinstance(offset, int):
            self.offsets.append(offset)
            while self.updates and _update_id(self.updates[0]) < offset:
                self.updates.popleft()
        if not self.updates and isinstance(timeout, int):
            self._came.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), min(timeout, 50))
        return list[Json](self.updates)[: limit if isinstance(limit, int) else 100]

    async def _send_message(self, bot: int, body: dict[str, Json]) -> Response | TruncatedResponse:
        chat, text = _chat(body), _text(body)
        return await self._unless_fault(lambda: self._accepted(bot, chat, text, body))

    async def _send_files(self, bot: int, form: SentFiles) -> Response | TruncatedResponse:
        chat = _chat(form.fields)
        return await self._unless_fault(lambda: self._accepted_files(bot, chat, form))

    async def _unless_fault(self, accept: Callable[[], Json]) -> Response | TruncatedResponse:
        """Accept what a bot sends and answer, or do what the next fault says. Raises BotApiError."""
        fault = self.faults.take()
        if fault is not None and fault.kind == "drop_before":
            return TruncatedResponse()
        if fault is not None and fault.kind != "drop_after":
            await _fail(fault)
        result = accept()
        return _ok(result) if fault is None else TruncatedResponse()

    def _accepted_files(self, bot: int, chat: int | str, form: SentFiles) -> Json:
        messages: list[Json] = []
        for file in form.files:
            described = self.files.add(file.content)
            shape = {"kind": file.kind, "name": file.name, "size_bytes": len(file.content), **described}
            messages.append(self._accepted(bot, chat, file.caption, {**form.fields, "file": shape}))
        return messages if form.is_album else messages[0]

    def _accepted(self, bot: int, chat: int | str, text: str, body: dict[str, Json]) -> dict[str, Json]:
        number = self.log.next_number()
        message: dict[str, Json] = {
            "message_id": number,
            "from": _me(bot),
            "chat": _chat_shape(chat),
            "date": int(self.time_source.now().timestamp()),
            "text": text,
        }
        fields: dict[str, Json] = {k: v for k, v in body.items() if k in STORED_FIELDS}
        self.log.add(number, self.channel, {"bot": bot, "chat_id": chat, "text": text, **fields, "message": message})
        return message

    async def _show_file(self, request: Request) -> Response:
        try:
            _bot(request)
            return Response(self.files.read(request.path_params["path"]), media_type="application/octet-stream")
        except BotApiError as problem:
            return _not_ok(problem)

    # -- routes for people and tests -----------------------------------------------------------------------------------

    async def _add_file(self, request: Request) -> Response:
        return _json(self.files.add(await request.body()))

    async def _add_update(self, request: Request) -> Response:
        body = await _parameters(request)
        update: dict[str, Json] = {"update_id": next(self._update_ids), **body}
        self.updates.append(update)
        self._came.set()
        return _json(update)


async def _fail(fault: Fault) -> None:
    match fault.kind:
        case "rate_limited":
            description = f"Too Many Requests: retry after {fault.retry_after}"
            raise BotApiError(429, description, retry_after=fault.retry_after)
        case "blocked":
            raise BotApiError(403, "Forbidden: bot was blocked by the user")
        case "refused":
            raise BotApiError(fault.code, "Bad Request: refused by the stand-in")
        case "hang":
            await asyncio.sleep(fault.seconds)
    raise BotApiError(500, "Internal Server Error")


# -- shapes of the Bot API ---------------------------------------------------------------------------------------------


def _bot(request: Request) -> int:
    token = TOKEN.match(request.path_params["token"])
    if token is None:
        raise BotApiError(404, "Not Found")
    return int(token[1])


async def _parameters(request: Request) -> dict[str, Json]:
    raw = await request.body()
    try:
        body = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError as error:
        raise BotApiError(400, "Bad Request: can't parse JSON object") from error
    if not isinstance(body, dict):
        raise BotApiError(400, "Bad Request: object expected")
    return body


def _chat(body: dict[str, Json]) -> int | str:
    chat = body.get("chat_id")
    if isinstance(chat, str) and re.fullmatch(r"-?\d{1,19}", chat):
        return int(chat)
    if isinstance(chat, str) and re.fullmatch(r"@\w{4,32}", chat):
        return chat
    if isinstance(chat, int) and not isinstance(chat, bool) and chat:
        return chat
    raise BotApiError(400, "Bad Request: chat not found" if chat else "Bad Request: chat_id is empty")


def _text(body: dict[str, Json]) -> str:
    text = body.get("text")
    if not isinstance(text, str) or not text.strip():
        raise BotApiError(400, "Bad Request: message text is empty")
    # Telegram counts UTF-16 code units (core.telegram.org/api/entities).
    if len(text.encode("utf-16-le")) // 2 > TEXT_LIMIT:
        raise BotApiError(400, "Bad Request: message is too long")
    return text


def _me(bot: int) -> dict[str, Json]:
    return {"id": bot, "is_bot": True, "first_name": "Demo shop", "username": "pasokh_demo_bot"}


def _chat_shape(chat: int | str) -> dict[str, Json]:
    if isinstance(chat, str):
        return {"username": chat[1:], "type": "channel"}
    if chat < 0:
        return {"id": chat, "title": "Group", "type": "supergroup"}
    return {"id": chat, "first_name": "Customer", "type": "private"}


def _update_id(update: dict[str, Json]) -> int:
    number = update["update_id"]
    return number if isinstance(number, int) else 0


def _ok(result: Json) -> Response:
    return _json({"ok": True, "result": result})


def _not_ok(problem: BotApiError) -> Response:
    body: dict[str, Json] = {"ok": False, "error_code": problem.code, "description": str(problem)}
    return _json({**body, "parameters": dict(problem.parameters)} if problem.parameters else body, problem.code)


def _json(body: Json, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
