"""`sendMessage` and what its answers mean (core.telegram.org/bots/api#sendmessage, #responseparameters)."""

import orjson

from schemas.outbound import OutboundMessage
from schemas.values import Json
from services.channels.bot_api.shapes import given, identity, mapping, number, text
from services.channels.port import Answer, Http, Receipt, Refused, Retryable, Uncertain

# Part of a description, in lower case → the code that agents and rules see. The first that fits.
REFUSALS = (
    ("message is too long", "too_long"),
    ("chat not found", "not_found"),
    ("message thread not found", "not_found"),
    ("user not found", "not_found"),
    ("bot was blocked", "blocked"),
    ("user is deactivated", "blocked"),
    ("can't initiate conversation", "blocked"),
    ("bot was kicked", "blocked"),
    ("bot is not a member", "blocked"),
    ("have no rights to send", "blocked"),
)
BY_STATUS = {401: "credentials", 403: "blocked", 404: "credentials"}


async def send_message(url: str, message: OutboundMessage, http: Http) -> Receipt:
    """Send one text, once; a group that moved is followed once. Raises Retryable, Refused, Uncertain."""
    body = _body(message)
    answer = await http.post_json(url, body)
    moved = identity(_parameters(answer).get("migrate_to_chat_id")) if answer.status == 400 else None
    if moved is None:
        return _receipt(answer)
    return _receipt(await http.post_json(url, body | {"chat_id": _id(moved)}))


def _body(message: OutboundMessage) -> dict[str, Json]:
    to = message.address
    reply: dict[str, Json] = {"allow_sending_without_reply": True}
    return given(
        chat_id=_id(to.chat),
        text=message.text.text,
        message_thread_id=_id(to.thread),
        reply_parameters={"message_id": _id(to.reply_to)} | reply if to.reply_to else None,
        business_connection_id=to.via,
    )


def _id(value: str | None) -> Json:
    return int(value) if value is not None and identity(value) else value


def _receipt(answer: Answer) -> Receipt:
    body = _json(answer)
    if answer.status == 200 and body.get("ok") is True:
        return Receipt(identity(mapping(body.get("result")).get("message_id")))
    raise _verdict(answer, body)


def _verdict(answer: Answer, body: dict[str, Json]) -> Retryable | Refused | Uncertain:
    """A gateway's own answer, or a success that cannot be read, leaves open whether the message went through."""
    said = text(body.get("description")) or f"HTTP {answer.status}"
    status = answer.status
    if status == 429:
        return Retryable(said[:200], _patience(answer))
    if status >= 500:
        sure = body.get("ok") is False or status in (500, 503)
        return Retryable(said[:200], _patience(answer)) if sure else Uncertain(said[:200])
    if status < 300 and body.get("ok") is not False:
        return Uncertain(f"HTTP {status} without a result")
    return Refused(_code(status, said), said[:200])


def _code(status: int, said: str) -> str:
    named = next((code for part, code in REFUSALS if part in said.lower()), None)
    return BY_STATUS.get(status) or named or "rejected"


def _patience(answer: Answer) -> float | None:
    wanted = number(_parameters(answer).get("retry_after"))
    header = answer.headers.get("retry-after", "")
    return float(wanted) if wanted is not None and wanted >= 0 else float(header) if header.isdecimal() else None


def _parameters(answer: Answer) -> dict[str, Json]:
    return mapping(_json(answer).get("parameters"))


def _json(answer: Answer) -> dict[str, Json]:
    try:
        return mapping(orjson.loads(answer.body))
    except orjson.JSONDecodeError:
        return {}
