"""Messages: new ones, those that our side wrote elsewhere, edits, and those that were taken back."""

from typing import Any

from schemas.activity import Activity, Attachment
from schemas.values import EncryptedText, Json
from services.channels.account_scope import own_message_ids
from services.channels.json_access import as_dict, as_str, drop_none
from services.channels.meta.messaging.attachments import attachments, has_content, links
from services.channels.meta.messaging.event import MessagingEvent
from services.channels.meta.messaging.referrals import handoff_by, referral_details
from services.channels.meta.webhook import as_platform_id, web_url

INBOXES = frozenset({"263902037430900", "1217981644879628"})
"""Meta's own inboxes of Pages and of Instagram, where people of ours answer."""


def message(event: MessagingEvent, raw: str, value: Json) -> list[Activity]:
    """A customer's message, a message of our side (kind `echo`), or that a message was taken back (kind `deletion`)."""
    body = as_dict(value)
    mid = as_platform_id(body.get("mid"))
    if body.get("is_deleted") is True:
        return [event.activity("deletion", mid or event.content_id(body), mid=mid)]
    is_echo = event.is_ours or body.get("is_self") is True
    if event.customer is None and not is_echo:
        # Messages of unknown people would all become one person, who would have one conversation.
        return event.unknown(raw, value, reason="nobody")
    if not (has_content(body) or event.is_ours):
        return event.unknown(raw, value, reason="empty")
    name = mid or event.content_id(body)
    fields = {**_content(event, body), "message": event.message_id(name), "mid": mid}
    if is_echo:
        return [event.activity("echo", name, **fields, **_origin(event, body))]
    return [*handoff_by(event, body), event.activity("message", name, **fields)]


def _content(event: MessagingEvent, body: dict[str, Json]) -> dict[str, Any]:  # Any: fields of Activity
    text, answered = as_str(body.get("text")), as_dict(body.get("reply_to"))
    replied, story = as_platform_id(answered.get("mid")), as_dict(answered.get("story"))
    payload = as_str(as_dict(body.get("quick_reply")).get("payload"))
    return {
        "text": EncryptedText(text=text) if text is not None else None,
        "attachments": [*attachments(body), *_story(story)],
        "links": links(body, text),
        "replies_to": [event.message_id(replied)] if replied is not None else [],
        "details": drop_none(data=payload, **referral_details(body.get("referral")) | {"start": None}),
    }


def _story(story: dict[str, Json]) -> list[Attachment]:
    """The story of ours that a message answers, as long as the platform's address of it lasts."""
    details = drop_none(type="story", story_id=as_platform_id(story.get("id")))
    return [Attachment(kind="other", url=web_url(story.get("url")), details=details)] if story else []


def _origin(event: MessagingEvent, body: dict[str, Json]) -> dict[str, Any]:  # Any: fields of Activity
    """Which side wrote an echo: our own app, another app, which is a machine, or a person in one of Meta's inboxes."""
    app, own = as_platform_id(body.get("app_id")), event.entry.app_id
    if app is not None and app == own:
        return {"author": "account", "own_reply": True, "aliases": own_message_ids(body.get("metadata"))}
    is_another_app = app is not None and own is not None and app not in INBOXES
    return {"author": "bot" if is_another_app else "account"}


def edit(event: MessagingEvent, raw: str, value: Json) -> list[Activity]:
    """A text that its author corrected. With `num_edit` 0 nothing was corrected yet: it is the message itself."""
    body = as_dict(value)
    mid, text, count = as_platform_id(body.get("mid")), as_str(body.get("text")), body.get("num_edit")
    if mid is None or text is None:
        return event.unknown(raw, value)
    content = EncryptedText(text=text)
    if count in (0, "0") and event.customer is not None and not event.is_ours:
        return [event.activity("message", mid, mid=mid, text=content)]
    return [event.activity("edit", mid, as_platform_id(count) or event.content_id(body), mid=mid, text=content)]
