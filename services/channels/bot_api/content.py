"""The content of a Bot API message: text, attachments, links, and what it answers or forwards."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.activity import Attachment, PersonIdentity
from schemas.values import EncryptedText, Json
from services.channels.bot_api.attachments import attachments
from services.channels.bot_api.origin import full_name
from services.channels.json_access import as_dict, as_id_str, as_list, as_str, drop_none, seconds

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
        "forward_from_message_id",
        "forward_signature",
        "is_automatic_forward",
        "reply_to_message",
        "external_reply",
        "quote",
        "reply_to_story",
        "reply_to_checklist_task_id",
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
        "receiver_user",
        "ephemeral_message_id",
        "guest_query_id",
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
    """The content of a message. `answered` is the `message_id` of the message that it replies to, with that one's text.

    `answered_chat` is the chat of that message where it is another.
    """

    text: str | None = None
    attachments: Sequence[Attachment] = ()
    links: Sequence[str] = ()
    quote: str | None = None
    forwarded_from: str | None = None
    answered: str | None = None
    answered_chat: str | None = None
    answered_text: str | None = None

    @property
    def encrypted_text(self) -> EncryptedText | None:
        """The text as activities carry it: sealed with no key, that is, plain."""
        return EncryptedText(text=self.text) if self.text is not None else None

    @property
    def is_empty(self) -> bool:
        return self.text is None and not self.attachments


NO_CONTENT = Content()


def to_content(body: dict[str, Json]) -> Content:
    """The content of a message."""
    elsewhere = as_dict(body.get("external_reply"))
    answered = as_dict(body.get("reply_to_message")) or elsewhere
    return Content(
        text=message_text(body),
        attachments=attachments(body),
        links=_links(body),
        quote=as_str(as_dict(body.get("quote")).get("text")),
        forwarded_from=_forwarded_from(body),
        answered=as_id_str(answered.get("message_id")),
        answered_chat=as_id_str(as_dict(elsewhere.get("chat")).get("id")) if answered is elsewhere else None,
        answered_text=message_text(answered),
    )


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


def _forwarded_from(body: dict[str, Json]) -> str | None:
    """The name of the original author; the kind of origin when the author hides the name."""
    # Since Bot API 7.0 `forward_origin` has the origin; copies of the API, and older servers, still send `forward_from`.
    origin_of = as_dict(body.get("forward_origin"))
    chats = [as_dict(origin_of.get(f)) for f in ("sender_user", "sender_chat", "chat")]
    chats += [as_dict(body.get(f)) for f in ("forward_from", "forward_from_chat")]
    named = [as_str(origin_of.get("sender_user_name")), as_str(body.get("forward_sender_name")), *map(full_name, chats)]
    is_forwarded = bool(origin_of) or seconds(body.get("forward_date")) is not None
    return next((n for n in named if n), (as_str(origin_of.get("type")) or "unknown") if is_forwarded else None)


def _links(body: dict[str, Json]) -> list[str]:
    entities = [as_dict(e) for e in as_list(body.get("entities")) + as_list(body.get("caption_entities"))]
    # A text may show other words than the address behind them (`text_link`), so addresses come from the entities.
    preview = as_str(as_dict(body.get("link_preview_options")).get("url"))
    return list(dict.fromkeys(url for url in (*(as_str(e.get("url")) for e in entities), preview) if url))


def own_phone(body: dict[str, Json], author: str | None) -> list[PersonIdentity]:
    """The number of a contact card that is the author's own. Telegram sets `user_id`, so it vouches for whose it is."""
    card = as_dict(body.get("contact"))
    phone, owner = as_str(card.get("phone_number")), as_id_str(card.get("user_id"))
    is_own = phone is not None and owner is not None and owner == author
    # A forwarded card was shared by somebody else.
    is_shared = is_own and not _forwarded_from(body)
    return [PersonIdentity(kind="phone", value=phone, proven=True)] if phone and is_shared else []


def web_app_data(body: dict[str, Json]) -> dict[str, Json]:
    """What a mini app posted into the chat, and the button that opened it."""
    sent = as_dict(body.get("web_app_data"))
    return drop_none(data=as_str(sent.get("data")), button=as_str(sent.get("button_text")))


def service_report(body: dict[str, Json]) -> dict[str, Json]:
    """What a service message reports: the name of its field; of a migration also the other id of the group."""
    # Telegram adds kinds of service messages with nearly every version: the first field that is no known one names it.
    field = next((f for f in body if f not in NON_CONTENT_FIELDS and re.fullmatch(r"[a-z0-9_]{1,64}", f)), None)
    return drop_none(
        service=field,
        migrate_to_chat_id=as_id_str(body.get("migrate_to_chat_id")),
        migrate_from_chat_id=as_id_str(body.get("migrate_from_chat_id")),
    )
