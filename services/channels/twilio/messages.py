"""Messages and their states (www.twilio.com/docs/messaging/guides/webhook-request, .../outbound-message-status-in-status-callbacks)."""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping

from schemas.activity import Activity, Attachment, AttachmentKind, ContactState, ReceiptState
from schemas.values import EncryptedText, Failure
from services.channels.json_access import drop_none
from services.channels.twilio.errors import failure_of
from services.channels.twilio.form import MAX_FILES
from services.channels.twilio.people import find_user
from services.channels.twilio.webhook import TwilioCall

STATES: Mapping[str, ReceiptState] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
"""States that say something of a message. Before `sent` it waits at Twilio, which the answer to our call said already."""
RECEIVED = frozenset({"", "received", "receiving"})
STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "optout", "revoke"})
START_WORDS = frozenset({"start", "unstop"})
AMBIGUOUS_STOP_WORDS = frozenset({"cancel", "end", "quit"})
"""Twilio takes these for an opt-out too. People mean other things by them, so an agent reads them all the same.

(help.twilio.com/articles/223134027, "Twilio support for opt-out keywords")
"""
OPT_OUT_TYPES: Mapping[str, ContactState] = {"STOP": "opted_out", "START": "opted_in"}
OPTED_OUT = "21610"
"""The error of a message to somebody who wrote STOP."""
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
MIN_BASE64 = 60
KINDS: Mapping[str, AttachmentKind] = {"image": "image", "video": "video", "audio": "audio"}
CARDS = frozenset({"text/vcard", "text/x-vcard"})


def parse_message_call(call: TwilioCall) -> list[Activity]:
    """The activities of a call about a message: one that a customer sent, or a state of one of ours."""
    state = call.get("MessageStatus", "SmsStatus").lower()
    return _message(call) if state in RECEIVED else _status(call, state)


# -- what customers write ------------------------------------------------------------------------------------------------


def _message(call: TwilioCall) -> list[Activity]:
    sid = call.get("MessageSid", "SmsSid")
    user = find_user(call.get("From"), call.get("ProfileName") or None, call.get("ExternalUserId"))
    text, decision = _text(call), _decision(call)
    follow = [call.activity("follow", user, sid, decision, contact_state=decision)] if decision else []
    if decision and text.strip().lower() not in AMBIGUOUS_STOP_WORDS:
        # Twilio answers such a word itself: nobody waits for an answer of ours, and to a STOP none would arrive.
        return follow
    message = call.activity(
        "message",
        user,
        sid,
        message=call.scope.message_id(sid),
        platform_id=sid,
        text=EncryptedText(text=text) if text else None,
        attachments=list(_attachments(call)),
        replies_to=[call.scope.message_id(answered)] if (answered := call.get("OriginalRepliedMessageSid")) else [],
        details=drop_none(
            data=call.get("ButtonPayload"),
            to=call.get("To"),
            opt_out=call.get("OptOutType"),
            country=call.get("FromCountry"),
        ),
    )
    return [message, *follow]


def _text(call: TwilioCall) -> str:
    # A button of WhatsApp; a telephone has none, whatever the field says.
    label = call.get("ButtonText") if call.get("From").startswith("whatsapp:") else ""
    return label or decoded_text(call.get("Body"))


def decoded_text(text: str) -> str:
    """The text of a joined SMS that Twilio hands over in base64; any other text as it is.

    Such a text is long, is base64 as a whole, and decodes to readable UTF-8. Its last character may be cut off.
    """
    joined = text.replace("\r\n", "").replace("\n", "")
    if len(joined) < MIN_BASE64 or not _BASE64.fullmatch(joined):
        return text
    content = b64decode(joined)
    for cut in range(4):
        try:
            decoded = content[: len(content) - cut].decode()
        except UnicodeDecodeError:
            continue
        readable = all(one.isprintable() or one.isspace() for one in decoded)
        return decoded if readable else text
    return text


def _decision(call: TwilioCall) -> ContactState | None:
    """What the customer decided: Twilio says it itself where the sender has advanced opt-out, else the word alone does."""
    stated = OPT_OUT_TYPES.get(call.get("OptOutType").upper())
    if stated is not None or call.get("OptOutType"):
        return stated
    word = call.get("Body").strip().lower()
    if word in STOP_WORDS or word in AMBIGUOUS_STOP_WORDS:
        return "opted_out"
    return "opted_in" if word in START_WORDS else None


def _attachments(call: TwilioCall) -> Iterator[Attachment]:
    for number in range(MAX_FILES):
        url, media_type = call.get(f"MediaUrl{number}"), call.get(f"MediaContentType{number}").lower() or None
        if url:
            yield Attachment(kind=attachment_kind(media_type), url=url, media_type=media_type)
    latitude, longitude = call.get("Latitude"), call.get("Longitude")
    if latitude and longitude:
        place = drop_none(latitude=latitude, longitude=longitude, title=call.get("Label"), address=call.get("Address"))
        yield Attachment(kind="location", details=place)


def attachment_kind(media_type: str | None) -> AttachmentKind:
    """The kind of a file by its media type."""
    if media_type in CARDS:
        return "contact"
    return KINDS.get((media_type or "").partition("/")[0], "file")


# -- what becomes of ours ------------------------------------------------------------------------------------------------


def _status(call: TwilioCall, raw: str) -> list[Activity]:
    sid, user = call.get("MessageSid", "SmsSid"), find_user(call.get("To"))
    state = STATES.get(raw)
    if state is None:
        return call.unknown(f"status.{raw}", user, message_sid=sid)
    code = call.get("ErrorCode")
    receipt = call.activity(
        "receipt", user, sid, raw, message=call.scope.message_id(sid), platform_id=sid, aliases=call.own_ids,
        receipt_state=state, failure=_failure(call, raw, code) if state == "failed" else None,
    )  # fmt: skip
    if code != OPTED_OUT or state != "failed":
        return [receipt]
    return [receipt, call.activity("follow", user, sid, "opted_out", contact_state="opted_out")]


def _failure(call: TwilioCall, raw: str, code: str) -> Failure:
    if raw == "canceled":
        return Failure(code="rejected", detail="the message was canceled at Twilio")
    return failure_of(code, call.get("ErrorMessage"))
