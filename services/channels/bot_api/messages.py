"""Messages and edits from customers and from the team, and service messages, which report a change of the chat."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.activity import Activity, ActivityKind, Attachment, Side
from schemas.values import EncryptedText, Json
from services.channels.bot_api.attachments import attachments
from services.channels.bot_api.json_access import as_dict, as_id_str, as_list_of_dicts, as_str, drop_none, seconds
from services.channels.bot_api.origin import NO_SENDER, SenderContext, UpdateContext, full_name, origin

COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(\S.*))?\s*", re.DOTALL)
DEEPEST_RICH_TEXT = 40
RICH_BLOCK_FIELDS = ("summary", "cells", "blocks", "items")

# Fields of a message that do not describe its content. The first field outside this set names what a service message reports.
NON_CONTENT_FIELDS = frozenset(
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


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a message: its text and its attachments."""

    text: str | None = None
    attachments: Sequence[Attachment] = ()

    @property
    def is_empty(self) -> bool:
        return self.text is None and not self.attachments


NO_CONTENT = Content()


def to_content(body: dict[str, Json]) -> Content:
    """Text and attachments of a message."""
    return Content(message_text(body), attachments(body))


def message(delivery: UpdateContext, raw: str, value: Json) -> list[Activity]:
    """A customer's new message, an echo of the team's message, or (kind `unknown`) a service message."""
    body = as_dict(value)
    where, content = origin(body), to_content(body)
    if where.external == NO_SENDER:
        # Senders without an id would all become one person, who would share one conversation.
        return [_activity(delivery, "unknown", raw, where, body, NO_CONTENT, about={"reason": "nobody"})]
    if not where.is_known:
        return [_activity(delivery, "unknown", raw, where, body, NO_CONTENT, about={"reason": "chat"})]
    side = _side(delivery, raw, where, body)
    if side != "customer":
        return [_activity(delivery, "echo", raw, where, body, content, side=side)]
    if where.is_bot and where.sender_chat_id is None:
        return [_activity(delivery, "unknown", raw, where, body, NO_CONTENT, about={"reason": "bot"})]
    if as_dict(body.get("web_app_data")):
        return [_activity(delivery, "postback", raw, where, body, NO_CONTENT, about=_web_app(body))]
    if content.is_empty:
        return [_activity(delivery, "unknown", raw, where, body, NO_CONTENT, about=_service(body))]
    if _is_start_button(delivery, content):
        return [_activity(delivery, "follow", raw, where, body, NO_CONTENT, about={"state": "started"})]
    return [_activity(delivery, "message", raw, where, body, content)]


def edited(delivery: UpdateContext, raw: str, value: Json) -> list[Activity]:
    """An edit of a message. It may come with no visible change, and before its original."""
    body = as_dict(value)
    where, content = origin(body), to_content(body)
    side = _side(delivery, raw, where, body)
    is_strange_bot = side == "customer" and where.is_bot and where.sender_chat_id is None
    if is_strange_bot or not where.is_known or where.external == NO_SENDER or content.is_empty:
        return [_activity(delivery, "unknown", raw, where, body, NO_CONTENT)]
    return [_activity(delivery, "edit", raw, where, body, content, side=side)]


def channel_post(delivery: UpdateContext, raw: str, value: Json) -> list[Activity]:
    """A post of a channel: the team writes it, never a customer."""
    body = as_dict(value)
    return [_activity(delivery, "echo", raw, origin(body), body, to_content(body), side="account")]


def message_text(body: dict[str, Json]) -> str | None:
    """The text of a message: its own, its caption, or the words of a rich message."""
    plain = as_str(body.get("text")) or as_str(body.get("caption"))
    return (
        plain or "\n".join(_rich_text_lines(as_dict(body.get("rich_message")).get("blocks"), DEEPEST_RICH_TEXT)) or None
    )


def _rich_text_lines(value: Json, depth: int) -> list[str]:
    """The lines of nested blocks, in order. Blocks nested deeper than `depth` are left out."""
    if depth == 0:
        return []
    if isinstance(value, list):
        return [line for item in value for line in _rich_text_lines(item, depth - 1)]
    block = as_dict(value)
    line = _line(block.get("text"), depth - 1).strip()
    inner = [
        text_line
        for field in RICH_BLOCK_FIELDS
        if block.get(field)
        for text_line in _rich_text_lines(block[field], depth - 1)
    ]
    return [line, *inner] if line else inner


def _line(value: Json, depth: int) -> str:
    if isinstance(value, str):
        return value
    if depth == 0:
        return ""
    if isinstance(value, list):
        return "".join(_line(item, depth - 1) for item in value)
    return _line(value.get("text"), depth - 1) if isinstance(value, dict) else ""


def _side(delivery: UpdateContext, raw: str, where: SenderContext, body: dict[str, Json]) -> Side:
    """The side that wrote the message: the customer, our bot, or a person of the team (`account`).

    The team's messages are: those of our bot, posts of a linked channel in its group, those of a group's anonymous admins
    (who speak as the group itself), and in a private chat those of everybody but the customer. An admin who speaks as
    the linked channel is recognised here only when answering one of its posts; the conversations processor remembers
    the other cases.
    """
    automatic = as_dict(body.get("sender_business_bot"))
    if _is_our_bot(delivery, where, body):
        return "bot"
    if _is_our_chat(where, body):
        return "account"
    is_from_customer = where.customer is None or where.author == where.customer
    if is_from_customer or not ("business" in raw or where.direct_topic):
        return "customer"
    return "bot" if automatic or (where.is_bot and where.sender_chat_id is None) else "account"


def _is_our_bot(delivery: UpdateContext, where: SenderContext, body: dict[str, Json]) -> bool:
    """Whether this bot wrote the message, for itself or for a business account: then it is a reply of ours coming back."""
    return delivery.bot in {where.author, as_id_str(as_dict(body.get("sender_business_bot")).get("id"))} - {None}


def _is_our_chat(where: SenderContext, body: dict[str, Json]) -> bool:
    if body.get("is_automatic_forward") is True:
        return True
    answered = as_dict(body.get("reply_to_message"))
    is_linked = answered.get("is_automatic_forward") is True and where.sender_chat_id == origin(answered).sender_chat_id
    return where.sender_chat_id is not None and (where.sender_chat_id == where.chat or is_linked)


def _is_start_button(delivery: UpdateContext, content: Content) -> bool:
    """Whether the message is only `/start`, which Telegram's Start button sends when a person first opens the bot."""
    command = {} if content.attachments else _command(delivery, content.text)
    return command.get("command") == "start" and "start" not in command


def _addressee(delivery: UpdateContext, where: SenderContext, body: dict[str, Json]) -> str:
    """The person whose conversation a team message belongs to: the chat's customer, or in public the person answered."""
    if where.customer is not None:
        return where.customer
    answered = as_dict(body.get("reply_to_message"))
    sender = origin(answered)
    is_from_customer = _side(delivery, "message", sender, answered) == "customer" and sender.external != NO_SENDER
    return sender.external if answered and is_from_customer else where.external


def _activity(
    delivery: UpdateContext,
    kind: ActivityKind,
    raw: str,
    where: SenderContext,
    body: dict[str, Json],
    content: Content,
    *,
    side: Side = "customer",
    about: dict[str, Json] | None = None,
) -> Activity:
    number = as_id_str(body.get("message_id"))
    platform_id = number or f"update:{delivery.update}"
    state = _state(body) if kind == "edit" else ()
    is_from_team = side != "customer"
    has_content = kind in ("message", "edit", "echo")
    answered = as_id_str(as_dict(body.get("reply_to_message")).get("message_id")) if has_content else None
    return Activity(
        id=delivery.activity_id(kind, where, platform_id, *state),
        workspace=delivery.workspace,
        channel=delivery.channel,
        account=delivery.account,
        kind=kind,
        author=side,
        surface=where.surface,
        person=delivery.person(_addressee(delivery, where, body) if is_from_team else where.external),
        person_name=None if is_from_team else where.author_name,
        thread=where.thread,
        message=delivery.message_id(where, platform_id),
        former=delivery.former_id(where, platform_id),
        platform_id=number,
        text=EncryptedText(text=content.text) if content.text is not None else None,
        attachments=list(content.attachments),
        reply_to=delivery.message_id(where, answered) if answered else None,
        quote=_quote(body) if has_content else None,
        forwarded_from=_forwarded_from(body) if has_content else None,
        links=_links(body) if has_content else [],
        address=where.address(number),
        sent_at=_time(body, edit=kind == "edit"),
        original_sent_at=seconds(body.get("date")) if kind == "edit" else None,
        received_at=delivery.received_at,
        details=_details(delivery, kind, raw, where, body, content.text) | (about or {}),
    )


def _state(body: dict[str, Json]) -> tuple[str]:
    """The edit's time, as part of the activity's id. Ingest adds a hash of the masked text."""
    when = seconds(body.get("edit_date"))
    return (when.isoformat() if when else "",)


def _time(body: dict[str, Json], *, edit: bool) -> datetime | None:
    return (seconds(body.get("edit_date")) if edit else None) or seconds(body.get("date"))


def _details(
    delivery: UpdateContext, kind: str, raw: str, where: SenderContext, body: dict[str, Json], content: str | None
) -> dict[str, Json]:
    answered = as_dict(body.get("reply_to_message"))
    return drop_none(
        raw=raw if kind == "unknown" or raw != "message" else None,
        language_code=where.language_code,
        media_group_id=as_str(body.get("media_group_id")),
        answered_text=message_text(answered) if kind in ("message", "edit", "echo") else None,
        author_name=where.author_name if kind == "echo" else None,
        is_own_reply=True if kind == "echo" and _is_our_bot(delivery, where, body) else None,
        automatic_forward=True if body.get("is_automatic_forward") is True else None,
        anonymous="admin" if where.sender_chat_id and where.sender_chat_id == where.chat else None,
        **_command(delivery, content),
    )


def _quote(body: dict[str, Json]) -> str | None:
    return as_str(as_dict(body.get("quote")).get("text"))


def _forwarded_from(body: dict[str, Json]) -> str | None:
    """The name of the original author; the kind of origin when the author hides the name."""
    origin_of = as_dict(body.get("forward_origin")) or as_dict(as_dict(body.get("external_reply")).get("origin"))
    chats = [as_dict(origin_of.get(f)) for f in ("sender_user", "sender_chat", "chat")]
    chats += [as_dict(body.get(f)) for f in ("forward_from", "forward_from_chat")]
    named = [as_str(origin_of.get("sender_user_name")), as_str(body.get("forward_sender_name")), *map(full_name, chats)]
    is_forwarded = bool(origin_of) or seconds(body.get("forward_date")) is not None
    return next((n for n in named if n), (as_str(origin_of.get("type")) or "unknown") if is_forwarded else None)


def _links(body: dict[str, Json]) -> list[str]:
    entities = [
        as_dict(e) for e in as_list_of_dicts(body.get("entities")) + as_list_of_dicts(body.get("caption_entities"))
    ]
    preview = as_str(as_dict(body.get("link_preview_options")).get("url"))
    return list(dict.fromkeys(url for url in (*(as_str(e.get("url")) for e in entities), preview) if url))


def _command(delivery: UpdateContext, content: str | None) -> dict[str, Json]:
    match = COMMAND.fullmatch(content or "")
    if match is None:
        return {}
    name, bot, rest = match.groups()
    if bot and delivery.username and bot.lower() != delivery.username.lower():
        return {}
    return drop_none(command=name.lower(), start=rest.strip() if name.lower() == "start" and rest else None)


def _web_app(body: dict[str, Json]) -> dict[str, Json]:
    sent = as_dict(body.get("web_app_data"))
    return drop_none(data=as_str(sent.get("data")), button=as_str(sent.get("button_text")))


def _service(body: dict[str, Json]) -> dict[str, Json]:
    field = next((f for f in body if f not in NON_CONTENT_FIELDS and re.fullmatch(r"[a-z0-9_]{1,64}", f)), None)
    return drop_none(
        service=field,
        migrate_to_chat_id=as_id_str(body.get("migrate_to_chat_id")),
        migrate_from_chat_id=as_id_str(body.get("migrate_from_chat_id")),
    )
