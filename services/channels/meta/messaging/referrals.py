"""Ways into a chat: buttons, links of the form m.me and ig.me, ads, and opt-ins."""

from schemas.activity import Activity
from schemas.values import EncryptedText, Json
from services.channels.handoff_links import HANDOFF_TOKEN
from services.channels.json_access import as_dict, as_str, drop_none
from services.channels.meta.messaging.event import MessagingEvent
from services.channels.meta.webhook import as_platform_id


def referral_details(value: Json) -> dict[str, Json]:
    """What a referral says: `ref` of a link of ours, where the person clicked, and the ad."""
    body = as_dict(value)
    context = as_dict(body.get("ads_context_data"))
    ref = as_str(body.get("ref"))
    return drop_none(
        ref=ref,
        start=ref if ref is not None and HANDOFF_TOKEN.fullmatch(ref) else None,
        referral_source=as_str(body.get("source")),
        referral_type=as_str(body.get("type")),
        ad_id=as_platform_id(body.get("ad_id")),
        ad_title=as_str(context.get("ad_title")),
        post_id=as_platform_id(context.get("post_id")),
    )


def postback(event: MessagingEvent, raw: str, value: Json) -> list[Activity]:
    """A pressed button: of a message, of the menu, the first one of a chat, or a question that was offered (ice breaker)."""
    body = as_dict(value)
    if event.customer is None:
        return event.unknown(raw, value, reason="nobody")
    mid, title = as_platform_id(body.get("mid")), as_str(body.get("title"))
    name = mid or event.content_id(body)
    return [
        event.activity(
            "postback",
            name,
            message=event.message_id(f"postback:{name}"),
            text=EncryptedText(text=title) if title else None,
            details=drop_none(data=as_str(body.get("payload")), **referral_details(body.get("referral"))),
        )
    ]


def referral(event: MessagingEvent, raw: str, value: Json) -> list[Activity]:
    """Somebody came into the chat by a link or an ad, and has written nothing yet."""
    body = as_dict(value)
    if event.customer is None:
        return event.unknown(raw, value, reason="nobody")
    details, state = referral_details(body), event.content_id(body)
    if "start" in details:
        return [event.activity("postback", raw, state, details={**details, "data": details["start"]})]
    return [event.activity("follow", raw, state, contact_state="started", details=details)]


def handoff_by(event: MessagingEvent, message: dict[str, Json]) -> list[Activity]:
    """The link of ours by which a person came who wrote at once: an activity of its own, before the message."""
    value = message.get("referral")
    return referral(event, "referral", value) if "start" in referral_details(value) else []


def optin(event: MessagingEvent, raw: str, value: Json) -> list[Activity]:
    """Somebody allowed messages: by a button on a page of yours, or for notifications, whose token is not stored."""
    body = as_dict(value)
    if event.customer is None:
        return event.unknown(raw, value, reason="nobody")
    status = as_str(body.get("notification_messages_status"))
    details = drop_none(
        ref=as_str(body.get("ref")), type=as_str(body.get("type")), title=as_str(body.get("title")), status=status
    )
    # Meta's pages have it with a space too.
    state = "opted_out" if (status or "").replace(" ", "_") == "STOP_NOTIFICATIONS" else "opted_in"
    return [event.activity("follow", raw, event.content_id(body), contact_state=state, details=details)]
