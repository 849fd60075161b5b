"""`sendMessage` and the meaning of its answers (core.telegram.org/bots/api#sendmessage, #responseparameters)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from schemas.activity import Address
from schemas.outbound import OutboundMessage
from schemas.values import Json
from services.channels.bot_api.bot import UNAUTHORIZED, is_rate_limited, is_unknown_token, retry_after
from services.channels.json_access import as_dict, as_id_str, as_list, as_str, drop_none, json_object
from services.channels.port import CredentialsRejected, SendReceipt
from services.platform.http.outgoing import (
    UNREADABLE,
    HttpClient,
    HttpResponse,
    PermanentSendError,
    SendOutcomeUnknown,
    TransientSendError,
    post_json,
)
from services.platform.http.retry_after import retry_after_seconds

# Part of a description in lower case → the code that agents and rules see. The first match wins. Bale has words of its own.
ERROR_CODE_BY_DESCRIPTION = (
    ("message is too long", "too_long"),
    ("chat not found", "not_found"),
    ("message to edit not found", "not_found"),
    ("message to delete not found", "not_found"),
    ("message to react not found", "not_found"),
    ("message_id_invalid", "not_found"),
    ("message thread not found", "not_found"),
    ("user not found", "not_found"),
    ("bot was blocked", "blocked"),
    ("user is deactivated", "blocked"),
    ("can't initiate conversation", "blocked"),
    ("bot was kicked", "blocked"),
    ("bot is not a member", "blocked"),
    ("have no rights to send", "blocked"),
    ("not enough rights to send", "blocked"),
    ("need administrator rights", "blocked"),
    ("chat_write_forbidden", "blocked"),
    ("no such group or user", "not_found"),
    ("permission_denied", "blocked"),
    ("business_peer_usage_missing", "window_closed"),
    ("business connection not found", "not_connected"),
    ("business_connection_invalid", "not_connected"),
)
# Part of a description in lower case → the reason of `services.domain.failure_phrases`, where Telegram's words are too few for an agent.
REASON_BY_DESCRIPTION = {
    "business_peer_usage_missing": "business_window",
    "not enough rights to send": "group_needs_administrator",
    "have no rights to send": "group_needs_administrator",
    "topic_closed": "topic_closed",
    "payment_required": "stars_wanted",
    "message can't be deleted": "delete_too_late",
    "message can't be edited": "edit_impossible",
}
THREAD_NOT_FOUND = ("message thread not found", "topic_closed", "topic_deleted", "topic_id_invalid", "topic is closed")
REPLY_NOT_FOUND = (
    "message to be replied not found",
    "replied message not found",
    "message to reply not found",
    "reply message not found",
    "reply_message_id_invalid",
)


async def send_message(
    url: str, message: OutboundMessage, http: HttpClient, target_fields: Callable[[Address], dict[str, Json]]
) -> SendReceipt:
    """Send one text, once. Raises TransientSendError, PermanentSendError, CredentialsRejected, SendOutcomeUnknown.

    When Telegram refuses the message because a part of its address no longer exists, the same text is sent again to the
    same people with that part removed: without the topic, without the quoted message, or to the group's new id. Each
    part is removed at most once. Only a definite refusal is followed by another try, so that no text arrives twice.
    """
    return await deliver(
        message.address, lambda to: post_json(http, url, {"text": message.text.text, **target_fields(to)})
    )


async def deliver(requested: Address, post: Callable[[Address], Awaitable[HttpResponse]]) -> SendReceipt:
    """Post to an address, and to a wider one where Telegram refuses for a part of it that is gone. Raises as `send_message`."""
    # `followed` holds the parts removed so far: an answer that names one of them again ends the loop.
    address = requested
    answer = await post(address)
    followed: set[str] = set()
    while (wider := _wider_address(answer, address)) is not None and wider[0] not in followed:
        followed.add(wider[0])
        address = wider[1]
        answer = await post(address)
    receipt = _receipt(answer)
    return receipt if address == requested else replace(receipt, address=address)


def _wider_address(answer: HttpResponse, address: Address) -> tuple[str, Address] | None:
    """The missing part of an address and the address without it; None when the refusal has another cause.

    The chat stays the same, or is the same group under its new id, so that no other people read the text.
    """
    if answer.status != 400:
        return None
    moved = as_id_str(_parameters(answer).get("migrate_to_chat_id"))
    if moved is not None:
        # A group that became a supergroup numbers its messages and topics anew.
        return "moved", address.model_copy(update={"chat": moved, "thread": None, "reply_to": None})
    description = description_of(answer).lower()
    if address.thread is not None and any(part in description for part in THREAD_NOT_FOUND):
        # A quoted message of the topic would pull the text into the deleted topic again.
        return "thread", address.model_copy(update={"thread": None, "reply_to": None})
    if address.reply_to is not None and any(part in description for part in REPLY_NOT_FOUND):
        return "reply_to", address.model_copy(update={"reply_to": None})
    return None


def target_fields(to: Address) -> dict[str, Json]:
    """The fields of every sending method of Telegram that say where a message goes."""
    # Without this a reply to a deleted message would be refused, and the customer would get no answer.
    reply: dict[str, Json] = {"allow_sending_without_reply": True}
    return drop_none(
        chat_id=numeric_id(to.chat),
        message_thread_id=numeric_id(to.thread),
        reply_parameters={"message_id": numeric_id(to.reply_to)} | reply if to.reply_to else None,
        business_connection_id=to.via,
        direct_messages_topic_id=numeric_id(to.direct_topic),
    )


def numeric_id(value: str | None) -> Json:
    """An id as the Bot API takes it: it numbers chats and messages, and we hold ids as text. A channel's @username stays text."""
    return int(value) if value is not None and as_id_str(value) else value


def is_done(answer: HttpResponse) -> bool:
    """Whether an answer says that the method was carried out."""
    return answer.status == 200 and _json(answer).get("ok") is True


def description_of(answer: HttpResponse) -> str:
    """Why Telegram refuses a call, in its own words."""
    return as_str(_json(answer).get("description")) or f"HTTP {answer.status}"


def _receipt(answer: HttpResponse) -> SendReceipt:
    if is_done(answer):
        result = _json(answer).get("result")
        # An album is a message for each of its files; the first has the text.
        sent = as_list(result) or [as_dict(result)]
        first, *others = [as_id_str(as_dict(one).get("message_id")) for one in sent]
        return SendReceipt(first, further_ids=tuple(identity for identity in others if identity is not None))
    raise classify_response(answer)


def classify_response(
    answer: HttpResponse,
) -> TransientSendError | PermanentSendError | CredentialsRejected | SendOutcomeUnknown:
    """The error for an answer. A proxy's own answer and an unreadable success leave it unknown whether the text arrived."""
    description, status = description_of(answer), answer.status
    detail = description[:200]
    # An answer of the Bot API itself has `ok: false`; any other error is a proxy's.
    is_of_bot_api = _json(answer).get("ok") is False
    if status == 429 or is_rate_limited(description):
        return TransientSendError(detail, _retry_after_seconds(answer), "chat")
    if status >= 500:
        return _classify_server_error(answer, detail, is_sure=is_of_bot_api or status in (500, 503))
    if status < 300 and not is_of_bot_api:
        return SendOutcomeUnknown(f"HTTP {status} without a result")
    if status in UNAUTHORIZED or is_unknown_token(description):
        return CredentialsRejected(detail, status)
    if not is_of_bot_api and status not in UNREADABLE:
        # A proxy's 302 or 403: nobody was blocked, and Telegram has not seen the message.
        return TransientSendError(detail, _retry_after_seconds(answer), "account")
    return PermanentSendError(_code(status, description), detail, status, reason=_reason(description))


def _classify_server_error(
    answer: HttpResponse, detail: str, *, is_sure: bool
) -> TransientSendError | SendOutcomeUnknown:
    """The error for a 5xx. Behind a proxy that answers 502 or 504 the message may have been sent."""
    if not is_sure:
        return SendOutcomeUnknown(detail)
    after = _retry_after_seconds(answer)
    return TransientSendError(detail, after, "message" if after is None else "account")


def _reason(description: str) -> str | None:
    return next((reason for part, reason in REASON_BY_DESCRIPTION.items() if part in description.lower()), None)


def _code(status: int, description: str) -> str:
    named = next((code for part, code in ERROR_CODE_BY_DESCRIPTION if part in description.lower()), None)
    # 403 always means that the bot may not write there: blocked, kicked, or never started by this user.
    return "blocked" if status == 403 else named or "rejected"


def _retry_after_seconds(answer: HttpResponse) -> float | None:
    requested = retry_after(_json(answer))
    return retry_after_seconds(answer.headers) if requested is None else requested


def _parameters(answer: HttpResponse) -> dict[str, Json]:
    return as_dict(_json(answer).get("parameters"))


def _json(answer: HttpResponse) -> dict[str, Json]:
    return json_object(answer.body) or {}
