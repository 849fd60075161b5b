"""The body of a webhook: who signed it, which events it has, and what each of them is.

developers.line.biz/en/reference/messaging-api/#webhook-event-objects. LINE repeats an event under the same `webhookEventId`
where redelivery is switched on, and then not in order (.../docs/messaging-api/receiving-messages/#redelivered-webhooks).
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence

from schemas.activity import Activity
from schemas.values import Json
from services.channels.json_access import as_dict, as_list, as_str, drop_none
from services.channels.line_api.content import message_content, start_token
from services.channels.line_api.event import LineEvent, read_event
from services.channels.live_secrets import is_live_secret
from services.channels.port import NOBODY, Account, InvalidPayload, InvalidSignature, Request

SIGNATURE_HEADER = "x-line-signature"


def verify_signature(request: Request, channel_secrets: Sequence[str]) -> None:
    """Require the base64 of the HMAC-SHA256 of the raw body, by any live channel secret. Raises InvalidSignature.

    developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
    """
    expected = [b64encode(hmac.digest(secret.encode(), request.body, hashlib.sha256)) for secret in channel_secrets]
    if not is_live_secret(request.headers.get(SIGNATURE_HEADER, ""), [signature.decode() for signature in expected]):
        raise InvalidSignature("x-line-signature is missing or not that of this body by the account's channel_secret")


def parse(request: Request, account: Account) -> list[Activity]:
    """The activities of a body, in order; of an empty one, with which LINE tests the address, one of kind `unknown`.

    Raises InvalidPayload for a body without a list `events`.
    """
    try:
        body = as_dict(request.json())
    except (ValueError, RecursionError):
        raise InvalidPayload("the body is no JSON") from None
    if not isinstance(body.get("events"), list):
        raise InvalidPayload("the body has no list events")
    events = as_list(body.get("events")) or [{"type": "verify", "webhookEventId": as_str(body.get("destination"))}]
    found = [_activity(read_event(request, account, index, event)) for index, event in enumerate(events)]
    # A body that names one event twice has it once.
    return list({activity.id: activity for activity in found}.values())


def _activity(event: LineEvent) -> Activity:
    reader = READERS.get(event.type)
    if reader is None or not event.source.is_known:
        return event.unknown()
    found = reader(event)
    # Senders without an id would all become one person, who would share one conversation.
    is_of_nobody = event.source.person == NOBODY and found.kind != "unknown"
    return event.unknown(reason="nobody") if is_of_nobody else found


# -- events by their type ------------------------------------------------------------------------------------------------


def _message(event: LineEvent) -> Activity:
    message = as_dict(event.raw.get("message"))
    number, content = as_str(message.get("id")), message_content(message)
    if number is None or content is None:
        return event.unknown(what=as_str(message.get("type")))
    quoted = as_str(message.get("quotedMessageId"))
    token = start_token(content.text) if event.source.surface == "private" else None
    return event.activity(
        "message",
        message=number,
        text=content.text,
        attachments=content.attachments,
        replies_to=[event.message_id(quoted)] if quoted else [],
        links=content.links,
        album=content.album,
        details=drop_none(start=token, **content.details),
    )


def _unsend(event: LineEvent) -> Activity:
    number = as_str(as_dict(event.raw.get("unsend")).get("messageId"))
    return event.activity("deletion", message=number) if number else event.unknown()


def _postback(event: LineEvent) -> Activity:
    postback = as_dict(event.raw.get("postback"))
    details = drop_none(data=as_str(postback.get("data")), params=as_dict(postback.get("params")))
    return event.activity("postback", message=f"postback:{event.id}", details=details)


def _follow(event: LineEvent) -> Activity:
    is_unblocked = as_dict(event.raw.get("follow")).get("isUnblocked") is True
    return event.activity("follow", contact_state="unblocked" if is_unblocked else "started")


def _unfollow(event: LineEvent) -> Activity:
    return event.activity("follow", contact_state="blocked")


def _other(*path: str) -> Callable[[LineEvent], Activity]:
    """An event that is no word of a customer's. The value at `path` says more about it than its type."""

    def read(event: LineEvent) -> Activity:
        value: Json = event.raw
        for name in path:
            value = as_dict(value).get(name)
        return event.unknown(what=as_str(value))

    return read


READERS: Mapping[str, Callable[[LineEvent], Activity]] = {
    "message": _message,
    "unsend": _unsend,
    "postback": _postback,
    "follow": _follow,
    "unfollow": _unfollow,
    "beacon": _other("beacon", "type"),
    "accountLink": _other("link", "result"),
    "membership": _other("membership", "type"),
    "module": _other("module", "type"),
}
"""Type of an event → its activity. Every other type is of kind `unknown`, and keeps its name."""
