"""Calls of Rubika's Bot API and the meaning of its answers (rubika.ir/botapi/methods).

An answer is `{"status": "OK", "data": {...}}`, else `status` says what is wrong and `dev_message` why. Rubika lists neither: the
words of `STATUSES` are those that its bots and their libraries meet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from schemas.activity import Address
from schemas.outbound import ChannelAction, OutboundMessage
from schemas.values import Json
from services.channels.errors_without_token import without_token
from services.channels.json_access import as_str, drop_none, json_object
from services.channels.port import CredentialsRejected, SendReceipt
from services.channels.rubika_api.origin import ChatScope, identifier
from services.platform.http.outgoing import (
    UNREADABLE,
    HttpClient,
    HttpResponse,
    PermanentSendError,
    SendOutcomeUnknown,
    TransientSendError,
)
from services.platform.http.retry_after import retry_after_seconds

SendError = TransientSendError | PermanentSendError | CredentialsRejected | SendOutcomeUnknown
TOO_MANY = frozenset({"TOO_REQUESTS", "TOO_REQUEST", "TOO_MANY_REQUESTS", "RATE_LIMIT"})
TOKEN_REFUSED = frozenset({"INVALID_TOKEN", "INVALID_AUTH", "NOT_REGISTERED", "UNAUTHORIZED"})
ACCESS_REFUSED = frozenset({"INVALID_ACCESS", "ACCESS_DENIED", "FORBIDDEN"})
LATER = frozenset({"SERVER_ERROR", "INTERNAL_PROBLEM", "INTERNAL_ERROR", "ERROR_TRY_AGAIN", "NO_CONNECTION"})
STATUSES: Mapping[str, str] = {
    "NOT_FOUND": "not_found",
    "URL_NOT_FOUND": "not_found",
    "INVALID_CHAT_INPUT": "not_found",
    "UNDELIVERABLE": "blocked",
    "INVALID_METHOD": "unsupported",
}
"""Statuses that no repeat changes → the code that agents and rules see."""
# Part of a `dev_message` in lower case → the code. The first match wins.
CODE_BY_WORDS = (
    ("too long", "too_long"),
    ("length", "too_long"),
    ("too large", "too_large"),
    ("too big", "too_large"),
    ("not found", "not_found"),
    ("not exist", "not_found"),
    ("blocked", "blocked"),
    ("stopped", "blocked"),
)


class AccessRefused(PermanentSendError):
    """Rubika refuses access and does not say to what: to this chat, or to everything, because of the token."""

    def __init__(self, detail: str, status: int) -> None:
        super().__init__("blocked", detail, status)


@dataclass(frozen=True, slots=True)
class RubikaApi:
    """The API of one bot. The token is part of every URL: no error has it."""

    http: HttpClient
    base: str
    token: str = field(repr=False)

    async def call(self, method: str, parameters: Mapping[str, Json], *, idempotent: bool = False) -> dict[str, Json]:
        """The `data` of an answer. Raises TransientSendError, PermanentSendError, CredentialsRejected, SendOutcomeUnknown.

        `idempotent`: the call may be repeated without harm, so that TransientSendError stands for SendOutcomeUnknown too.
        """
        url, headers = f"{self.base}/v3/{self.token}/{method}", {"content-type": "application/json"}
        with without_token(self.token):
            body = orjson.dumps(dict(parameters))
            answer = await self.http.call("POST", url, body, headers, idempotent=idempotent)
            try:
                return read_answer(answer, idempotent=idempotent)
            except AccessRefused as refusal:
                # The call was refused, so that nothing is done twice: of the bot itself the token alone decides.
                if method == "getMe":
                    raise CredentialsRejected(str(refusal), refusal.status) from None
                await self.call("getMe", {}, idempotent=True)
                raise


def read_answer(answer: HttpResponse, *, idempotent: bool = False) -> dict[str, Json]:
    """The `data` of an answer, or all of it where nothing is called so. Raises as `RubikaApi.call`, AccessRefused."""
    body = json_object(answer.body) or {}
    status = (as_str(body.get("status")) or "").upper()
    if status == "OK" and answer.status < 300:
        data = body.get("data")
        return data if isinstance(data, dict) else body
    error = _stated_error(answer, body, status) if status and status != "OK" else _unstated_error(answer)
    if idempotent and isinstance(error, SendOutcomeUnknown):
        raise TransientSendError(str(error))
    raise error


def _stated_error(answer: HttpResponse, body: dict[str, Json], stated: str) -> SendError:
    """What Rubika itself says is wrong: the method was not carried out."""
    status = (as_str(body.get("status_det")) or stated).upper()
    words = as_str(body.get("dev_message")) or as_str(body.get("message")) or as_str(body.get("client_show_message"))
    detail = (f"{status}: {words}" if words else status)[:200]
    said = (words or "").lower()
    if status in TOO_MANY or answer.status == 429:
        return TransientSendError(detail, retry_after_seconds(answer.headers), "chat")
    if status in LATER:
        return TransientSendError(detail, retry_after_seconds(answer.headers))
    if status in TOKEN_REFUSED or (status in ACCESS_REFUSED and "token" in said):
        return CredentialsRejected(detail, answer.status)
    if status in ACCESS_REFUSED:
        return AccessRefused(detail, answer.status)
    code = STATUSES.get(status) or next((code for part, code in CODE_BY_WORDS if part in said), None)
    if code is None and answer.status >= 500:
        # A word that nobody knows, of a server that broke down: it is no verdict on the message.
        return _unstated_error(answer)
    return PermanentSendError(code or "rejected", detail, answer.status)


def _unstated_error(answer: HttpResponse) -> SendError:
    """An answer that is not Rubika's, or none of its own shape: of a proxy before it, or of a server that broke down."""
    status, detail = answer.status, f"HTTP {answer.status}"
    if status == 429:
        return TransientSendError(detail, retry_after_seconds(answer.headers), "chat")
    if status in (500, 503):
        return TransientSendError(detail, retry_after_seconds(answer.headers))
    if status < 300 or status > 500:
        return SendOutcomeUnknown(f"{detail} without a result")
    if status == 401:
        return CredentialsRejected(detail, status)
    if status == 413:
        return PermanentSendError("too_large", detail, status)
    if status in UNREADABLE:
        return PermanentSendError("rejected", detail, status)
    return TransientSendError(detail, retry_after_seconds(answer.headers), "account")


async def send_message(api: RubikaApi, scope: ChatScope, message: OutboundMessage) -> SendReceipt:
    """`sendMessage`, once. Raises as `RubikaApi.call`."""
    return await deliver(api, scope, message, "sendMessage", {"text": message.text.text})


async def deliver(
    api: RubikaApi, scope: ChatScope, message: OutboundMessage, method: str, content: Mapping[str, Json]
) -> SendReceipt:
    """Send by a method, and once more without the quoted message where that may be what Rubika refuses. Raises as `call`."""
    to = message.address
    try:
        data = await api.call(method, {**_target(to), **content})
    except PermanentSendError as refusal:
        if to.reply_to is None or refusal.code not in ("rejected", "not_found"):
            raise
        # A definite refusal: nothing was sent, and the same people read it without the quote.
        to = to.model_copy(update={"reply_to": None})
        data = await api.call(method, {**_target(to), **content})
    return scope.receipt(message, to, identifier(data.get("message_id")))


def _target(to: Address) -> dict[str, Json]:
    return drop_none(chat_id=to.chat, reply_to_message_id=to.reply_to)


async def perform_action(api: RubikaApi, action: ChannelAction) -> SendReceipt:
    """`editMessageText`, or `deleteMessage` of all that a message became. To do it twice changes nothing more. Raises as `call`."""
    chat = action.address.chat
    if action.kind == "edit":
        text = action.text.text if action.text else ""
        await api.call(
            "editMessageText", {"chat_id": chat, "message_id": action.platform_id, "text": text}, idempotent=True
        )
    elif action.kind == "delete":
        for name in (action.platform_id, *action.further_ids):
            await _delete(api, chat, name, is_only=not action.further_ids)
    else:
        raise PermanentSendError("unsupported", f"Rubika has no {action.kind}")
    return SendReceipt(action.platform_id)


async def _delete(api: RubikaApi, chat: str, name: str | None, *, is_only: bool) -> None:
    try:
        await api.call("deleteMessage", {"chat_id": chat, "message_id": name}, idempotent=True)
    except PermanentSendError as refusal:
        # Of several messages one may be gone already; the others are to go too.
        if is_only or refusal.code != "not_found":
            raise
