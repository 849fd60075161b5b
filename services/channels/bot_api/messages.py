"""Messages and their edits: from customers, from our own side, and those that only report a change of the chat."""

import re
from datetime import datetime

from schemas.activity import Activity, ActivityKind, Attachment
from schemas.values import Json, Sealed
from services.channels.bot_api.attachments import attachments
from services.channels.bot_api.origin import NOBODY, Delivery, Origin, origin
from services.channels.bot_api.shapes import given, identity, items, mapping, seconds, text

COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(\S.*))?", re.DOTALL)
DEEPEST_RICH_TEXT = 40
RICH_BLOCK_FIELDS = ("summary", "cells", "blocks", "items")

# Fields of a message that say nothing about its content: the first other one names what it reports.
ENVELOPE = frozenset(
    [
        "message_id",
        "message_thread_id",
        "is_topic_message",
        "from",
        "sender_chat",
        "sender_boost_count",
        "sender_business_bot",
        "sender_tag",
        "date",
        "edit_date",
        "chat",
        "business_connection_id",
        "forward_origin",
        "forward_from",
        "forward_from_chat",
        "forward_date",
        "forward_sender_name",
        "is_automatic_forward",
        "reply_to_message",
        "external_reply",
        "quote",
        "reply_to_story",
        "reply_to_checklist",
        "reply_to_poll_option_id",
        "reply_markup",
        "via_bot",
        "has_protected_content",
        "is_from_offline",
        "is_paid_post",
        "media_group_id",
        "author_signature",
        "paid_star_count",
        "direct_messages_topic",
        "suggested_post_info",
        "guest_bot_caller_user",
        "guest_bot_caller_chat",
        "link_preview_options",
        "effect_id",
        "entities",
        "caption_entities",
        "show_caption_above_media",
        "has_media_spoiler",
    ]
)


def message(delivery: Delivery, raw: str, value: Json) -> list[Activity]:
    """A new message of a customer, an echo of our own side, or (kind `unknown`) a report about the chat."""
    body = mapping(value)
    where, content, carried = origin(body), written(body), attachments(body)
    if where.external == NOBODY:
        # Strangers without an id would all become one person, and share one conversation.
        return [_activity(delivery, "unknown", raw, where, body, None, [], reason="nobody")]
    if _ours(delivery, raw, where, body):
        return [_activity(delivery, "echo", raw, where, body, content, carried)]
    if where.is_bot and where.speaks_as is None:
        return [_activity(delivery, "unknown", raw, where, body, None, [], reason="bot")]
    if mapping(body.get("web_app_data")):
        return [_activity(delivery, "postback", raw, where, body, None, [], **_web_app(body))]
    if content is None and not carried:
        return [_activity(delivery, "unknown", raw, where, body, None, [], **_service(body))]
    return [_activity(delivery, "message", raw, where, body, content, carried)]


def edited(delivery: Delivery, raw: str, value: Json) -> list[Activity]:
    """An edit of a customer's message. It may come with no visible change, and before its original."""
    body = mapping(value)
    where, content, carried = origin(body), written(body), attachments(body)
    theirs = not _ours(delivery, raw, where, body) and (not where.is_bot or where.speaks_as is not None)
    if not theirs or where.external == NOBODY or (content is None and not carried):
        return [_activity(delivery, "unknown", raw, where, body, None, [])]
    return [_activity(delivery, "edit", raw, where, body, content, carried)]


def posted(delivery: Delivery, raw: str, value: Json) -> list[Activity]:
    """What a channel itself posts is our own side's word, never a customer's."""
    body = mapping(value)
    return [_activity(delivery, "echo", raw, origin(body), body, written(body), attachments(body))]


def written(body: dict[str, Json]) -> str | None:
    """The text of a message: its own, its caption, or the words of a rich message."""
    plain = text(body.get("text")) or text(body.get("caption"))
    return plain or "\n".join(_words(mapping(body.get("rich_message")).get("blocks"), DEEPEST_RICH_TEXT)) or None


def _words(value: Json, depth: int) -> list[str]:
    """The lines of nested blocks, in order. What nests deeper than anyone writes is left out."""
    if depth == 0:
        return []
    if isinstance(value, list):
        return [line for item in value for line in _words(item, depth - 1)]
    block = mapping(value)
    line = _line(block.get("text"), depth - 1).strip()
    inner = [found for field in RICH_BLOCK_FIELDS if block.get(field) for found in _words(block[field], depth - 1)]
    return [line, *inner] if line else inner


def _line(value: Json, depth: int) -> str:
    if isinstance(value, str):
        return value
    if depth == 0:
        return ""
    if isinstance(value, list):
        return "".join(_line(item, depth - 1) for item in value)
    return _line(value.get("text"), depth - 1) if isinstance(value, dict) else ""


def _ours(delivery: Delivery, raw: str, where: Origin, body: dict[str, Json]) -> bool:
    """Our bot's own messages, a linked channel's posts forwarded to its group, and what a business account wrote.

    In a business chat `chat` is the customer, so that any other author is the business or its bot.
    """
    if where.author is not None and where.author == delivery.bot:
        return True
    written_for_business = "business" in raw and where.author != where.chat
    return body.get("is_automatic_forward") is True or written_for_business


def _activity(
    delivery: Delivery,
    kind: ActivityKind,
    raw: str,
    where: Origin,
    body: dict[str, Json],
    content: str | None,
    carried: list[Attachment],
    **more: Json,
) -> Activity:
    number = identity(body.get("message_id"))
    platform_id = number or f"update:{delivery.update}"
    state = _state(body) if kind == "edit" else ()
    # In a private chat our own side's word belongs to the customer, whose chat it is.
    external = where.chat if kind == "echo" and where.surface == "private" else None
    return Activity(
        id=delivery.activity_id(kind, where.chat, platform_id, *state),
        workspace=delivery.workspace,
        channel=delivery.channel,
        account=delivery.account,
        kind=kind,
        surface=where.surface,
        person=delivery.person(external or where.external),
        person_name=None if kind == "echo" else where.author_name,
        thread=where.thread,
        message=delivery.message_id(where.chat, platform_id),
        platform_id=number,
        text=Sealed(text=content) if content is not None else None,
        attachments=carried,
        address=where.address(number),
        sent_at=_time(body, edit=kind == "edit"),
        received_at=delivery.received_at,
        details=_details(delivery, kind, raw, where, body, content) | given(**more),
    )


def _state(body: dict[str, Json]) -> tuple[str]:
    """When it was edited; ingest adds what it says then, masked."""
    when = seconds(body.get("edit_date"))
    return (when.isoformat() if when else "",)


def _time(body: dict[str, Json], *, edit: bool) -> datetime | None:
    return (seconds(body.get("edit_date")) if edit else None) or seconds(body.get("date"))


def _details(
    delivery: Delivery, kind: str, raw: str, where: Origin, body: dict[str, Json], content: str | None
) -> dict[str, Json]:
    replied = identity(mapping(body.get("reply_to_message")).get("message_id"))
    return given(
        raw=raw if kind == "unknown" or raw != "message" else None,
        language_code=where.language_code,
        media_group_id=text(body.get("media_group_id")),
        reply_to_id=delivery.message_id(where.chat, replied) if replied else None,
        quote=text(mapping(body.get("quote")).get("text")),
        forwarded=True if body.get("forward_origin") or body.get("forward_date") else None,
        anonymous="admin" if where.speaks_as and where.speaks_as == where.chat else None,
        links=_links(body),
        **_command(delivery, content),
    )


def _links(body: dict[str, Json]) -> list[Json]:
    entities = [mapping(e) for e in items(body.get("entities")) + items(body.get("caption_entities"))]
    return [url for e in entities if (url := text(e.get("url")))]


def _command(delivery: Delivery, content: str | None) -> dict[str, Json]:
    found = COMMAND.fullmatch(content or "")
    if found is None:
        return {}
    name, bot, rest = found.groups()
    if bot and delivery.username and bot.lower() != delivery.username.lower():
        return {}
    return given(command=name.lower(), start=rest.strip() if name.lower() == "start" and rest else None)


def _web_app(body: dict[str, Json]) -> dict[str, Json]:
    sent = mapping(body.get("web_app_data"))
    return given(data=text(sent.get("data")), button=text(sent.get("button_text")))


def _service(body: dict[str, Json]) -> dict[str, Json]:
    field = next((f for f in body if f not in ENVELOPE and re.fullmatch(r"[a-z0-9_]{1,64}", f)), None)
    return given(
        service=field,
        migrate_to_chat_id=identity(body.get("migrate_to_chat_id")),
        migrate_from_chat_id=identity(body.get("migrate_from_chat_id")),
    )
