"""What happens to messages and chats later: receipts, reactions, and which app has the chat."""

from datetime import datetime

from schemas.activity import Activity, Reaction, ReceiptState
from schemas.values import Json
from services.channels.json_access import as_dict, as_list, as_str, drop_none
from services.channels.meta.messaging.event import MessagingEvent
from services.channels.meta.webhook import as_platform_id, instant


def delivery(event: MessagingEvent, raw: str, value: Json) -> list[Activity]:
    """Messages of ours arrived: those that it names, and all until `watermark`."""
    body = as_dict(value)
    mids = [mid for one in as_list(body.get("mids")) if (mid := as_platform_id(one))]
    return _receipts(event, raw, "delivered", mids, body)


def read(event: MessagingEvent, raw: str, value: Json) -> list[Activity]:
    """The customer read messages of ours: all until `watermark` (Messenger), or the one that it names (Instagram)."""
    body = as_dict(value)
    mid = as_platform_id(body.get("mid"))
    return _receipts(event, raw, "read", [mid] if mid else [], body)


def _receipts(
    event: MessagingEvent, raw: str, state: ReceiptState, mids: list[str], body: dict[str, Json]
) -> list[Activity]:
    until = instant(body.get("watermark"))
    if event.is_ours or (until is None and not mids):
        return event.unknown(raw, body)

    def receipt(mid: str | None, watermark: datetime | None) -> Activity:
        states = (state, event.customer or "", mid or "", until.isoformat() if until else "")
        return event.activity("receipt", *states, mid=mid, receipt_state=state, watermark=watermark)

    # The watermark rides on the first: it speaks of the whole chat.
    first = receipt(mids[0] if mids else None, until if event.customer is not None else None)
    return [first, *(receipt(mid, None) for mid in mids[1:])]


def reaction(event: MessagingEvent, raw: str, value: Json) -> list[Activity]:
    """A reaction to a message, or that it was taken back. One of each person: a new one replaces the old."""
    body = as_dict(value)
    mid = as_platform_id(body.get("mid"))
    if mid is None:
        return event.unknown(raw, value)
    emoji, removed = as_str(body.get("emoji")), as_str(body.get("action")) == "unreact"
    name = as_str(body.get("reaction"))
    return [
        event.activity(
            "reaction",
            mid,
            event.sender or "",
            "unreact" if removed else "react",
            event.stated_at,
            mid=mid,
            reaction=Reaction(emoji=None if removed else emoji or EMOJI.get(name or ""), removed=removed),
            details=drop_none(name=name),
        )
    ]


EMOJI = {
    "smile": "\U0001f606",
    "love": "❤️",
    "wow": "\U0001f62e",
    "sad": "\U0001f622",
    "angry": "\U0001f620",
    "like": "\U0001f44d",
    "dislike": "\U0001f44e",
}
"""The names of reactions, for events that have no emoji (…/messenger-platform/reference/webhook-events/message-reactions)."""


def policy(event: MessagingEvent, raw: str, value: Json) -> list[Activity]:
    """Meta blocked the Page's messages for a violation of its policies, or lifted that."""
    body = as_dict(value)
    return event.unknown(raw, value, **drop_none(action=as_str(body.get("action")), policy=as_str(body.get("reason"))))


def thread_control(event: MessagingEvent, raw: str, value: Json) -> list[Activity]:
    """The chat went over to another app, or came to ours. Its messages come all the same, then as `standby`."""
    body = as_dict(value)
    owners = {name: as_platform_id(body.get(name)) for name in OWNERS}
    return event.unknown(raw, value, **drop_none(**owners))


OWNERS = ("previous_owner_app_id", "new_owner_app_id", "requested_owner_app_id")
