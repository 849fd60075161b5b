"""Reports of the platform: states of our messages and of calls, consent to marketing, and errors of the account.

(developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status, .../user_preferences;
`deleted`, which the former no longer lists: developers.facebook.com/docs/whatsapp/on-premises/webhooks/outbound)
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.activity import Activity, Address, Call, CallState, ContactState, ReceiptState
from schemas.values import Failure, Json
from services.channels.account_scope import own_message_ids
from services.channels.json_access import as_dict, as_int, as_str, dicts, drop_none, number
from services.channels.meta.webhook import as_platform_id, instant
from services.channels.meta.whatsapp.errors import failure_code
from services.channels.meta.whatsapp.people import WhatsappUser, find_customer
from services.channels.meta.whatsapp.scope import NumberChange, digest

STATES: Mapping[str, ReceiptState] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    # A voice message was listened to.
    "played": "read",
    "failed": "failed",
}
CONSENT: Mapping[str, ContactState] = {"stop": "opted_out", "resume": "opted_in", "signup": "opted_in"}
MEMBER_IDS = ("recipient_participant_id", "recipient_user_id")
CALL_STATES: Mapping[str, CallState] = {"RINGING": "ringing", "ACCEPTED": "answered", "REJECTED": "missed"}


# -- states of messages ------------------------------------------------------------------------------------------------


def parse_status(change: NumberChange, status: dict[str, Json]) -> list[Activity]:
    """A state of one of our messages, or of a call that we make; `deleted` is of a message that the customer wrote."""
    if status.get("type") == "call":
        return _call_status(change, status)
    customer, place = _recipient(change, status)
    wamid, state = as_str(status.get("id")), as_str(status.get("status")) or "none"
    if state == "failed" and "thread" in place and any(map(status.get, MEMBER_IDS)):
        # One member did not get it: that is no failure of the message, which others have.
        state = "failed_for_member"
    about = {"sent_at": instant(status.get("timestamp")), **place}
    if wamid is None or state not in (*STATES, "deleted"):
        return change.unknown(f"status.{state}", customer, status, **about)
    about |= {"message": change.scope.message_id(wamid), "platform_id": wamid}
    if state == "deleted":
        return [change.activity("deletion", customer, wamid, state, **about)]
    return [change.activity("receipt", customer, wamid, state, customer.id, **_receipt(status, state), **about)]


def _recipient(
    change: NumberChange, status: Mapping[str, Json]
) -> tuple[WhatsappUser, dict[str, Any]]:  # Any: fields of Activity
    """Whom a status is about, and where: of a group `recipient_id` is the group, and each member has a status of their own."""
    group = as_str(status.get("recipient_id")) if status.get("recipient_type") == "group" else None
    named = status.get("recipient_participant_id" if group else "recipient_id")
    customer = find_customer(change.contacts, named, status.get("recipient_user_id"))
    if group:
        return customer, {"surface": "public", "thread": group, "address": Address(chat=group)}
    return customer, {"address": Address(chat=customer.id) if customer.is_known else None}


def _receipt(status: Mapping[str, Json], state: str) -> dict[str, Any]:  # Any: fields of Activity
    return {
        "aliases": own_message_ids(status.get("biz_opaque_callback_data")),
        "receipt_state": STATES[state],
        "failure": _failure(status) if state == "failed" else None,
        "details": drop_none(pricing=as_str(as_dict(status.get("pricing")).get("category"))),
    }


def _failure(status: Mapping[str, Json]) -> Failure:
    error = next(dicts(status.get("errors")), {})
    code = as_int(error.get("code"))
    reason = as_str(as_dict(error.get("error_data")).get("details")) or as_str(error.get("title")) or "no reason"
    detail = f"Meta's error {code}: {reason[:200]}" if code is not None else "Meta gave no reason"
    return Failure(code=failure_code(code), detail=detail)


# -- calls -------------------------------------------------------------------------------------------------------------


def parse_call(change: NumberChange, call: dict[str, Json]) -> list[Activity]:
    """A call begins, or has ended. Only an end says whether a customer's call was taken: then it has a length."""
    outbound = call.get("direction") == "BUSINESS_INITIATED"
    side = "to" if outbound else "from"
    if change.our_phone is not None and as_platform_id(call.get(side)) == change.our_phone:
        side = "from" if outbound else "to"
    customer = find_customer(change.contacts, call.get(side), call.get(f"{side}_user_id"))
    at = instant(call.get("timestamp"))
    match call.get("event"):
        case "connect":
            return [_call(change, call, customer, "ringing", outbound=outbound, sent_at=at)]
        case "terminate":
            return _ended(change, call, customer, outbound=outbound)
    return change.unknown(f"call.{as_str(call.get('event')) or 'none'}", customer, call, sent_at=at)


def _ended(change: NumberChange, call: dict[str, Json], customer: WhatsappUser, *, outbound: bool) -> list[Activity]:
    seconds, at = number(call.get("duration")), instant(call.get("timestamp"))
    end = instant(call.get("end_time")) or at
    if seconds is not None:
        start = instant(call.get("start_time")) or at
        return [
            _call(change, call, customer, "answered", outbound=outbound, sent_at=start),
            _call(change, call, customer, "ended", outbound=outbound, sent_at=end, seconds=seconds),
        ]
    state: CallState = "failed" if outbound and call.get("status") == "FAILED" else "missed"
    return [_call(change, call, customer, state, outbound=outbound, sent_at=end)]


def _call_status(change: NumberChange, status: dict[str, Json]) -> list[Activity]:
    customer = find_customer(change.contacts, status.get("recipient_id"), status.get("recipient_user_id"))
    raw = as_str(status.get("status")) or "none"
    state, at = CALL_STATES.get(raw.upper()), instant(status.get("timestamp"))
    if state is None:
        return change.unknown(f"call.{raw}", customer, status, sent_at=at)
    return [_call(change, status, customer, state, outbound=True, sent_at=at)]


def _call(
    change: NumberChange,
    call: dict[str, Json],
    customer: WhatsappUser,
    state: CallState,
    *,
    outbound: bool,
    sent_at: datetime | None,
    seconds: float | None = None,
) -> Activity:
    identity = change.item_id(call)
    return change.activity(
        "call",
        customer,
        identity,
        state,
        message=change.scope.message_id(identity),
        platform_id=identity,
        address=Address(chat=customer.id),
        sent_at=sent_at,
        call=Call(id=identity, direction="outbound" if outbound else "inbound", state=state, seconds=seconds),
    )


# -- consent and errors ------------------------------------------------------------------------------------------------


def parse_preference(change: NumberChange, preference: dict[str, Json]) -> list[Activity]:
    """A customer stopped messages of marketing, or wants them again."""
    customer = find_customer(change.contacts, preference.get("wa_id"), preference.get("user_id"))
    value, category = as_str(preference.get("value")) or "none", as_str(preference.get("category")) or "none"
    at = instant(preference.get("timestamp"))
    state = CONSENT.get(value) if category == "marketing_messages" else None
    if state is None or not customer.is_known:
        return change.unknown(f"user_preferences.{category}.{value}", customer, preference, sent_at=at)
    about = {"sent_at": at, "address": Address(chat=customer.id), "contact_state": state}
    return [change.activity("follow", customer, digest(preference), **about)]


def parse_error(change: NumberChange, error: dict[str, Json]) -> list[Activity]:
    """An error of the account, or of a body that the platform could not word."""
    details = drop_none(
        raw="error",
        code=as_int(error.get("code")),
        title=as_str(error.get("title")) or as_str(error.get("message")),
        reason=as_str(as_dict(error.get("error_data")).get("details")),
    )
    return [change.activity("unknown", find_customer(change.contacts), change.digest, digest(error), details=details)]
