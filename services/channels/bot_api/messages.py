"""Messages and edits from customers and from the team, and service messages, which report a change of the chat."""

import re
from datetime import datetime
from typing import NamedTuple

from schemas.activity import Activity, ActivityKind, Side
from schemas.values import Json
from services.channels.bot_api.content import NO_CONTENT, Content, own_phone, service_report, to_content, web_app_data
from services.channels.bot_api.origin import SenderContext, UpdateContext, origin
from services.channels.bot_api.public_context import public_context
from services.channels.bot_api.sides import addressee, is_our_bot, side_for
from services.channels.json_access import as_dict, as_id_str, as_str, drop_none, seconds
from services.channels.port import NOBODY

EDITED_POST = "edited_channel_post"
COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(\S.*))?\s*", re.DOTALL)


def message(delivery: UpdateContext, raw: str, value: Json) -> list[Activity]:
    """A customer's new message, an echo of the team's message, or (kind `unknown`) a service message."""
    body = as_dict(value)
    where, content = origin(body), to_content(body)
    if where.external == NOBODY:
        # Senders without an id would all become one person, who would share one conversation.
        return [_activity(delivery, "unknown", raw, where, body, NO_CONTENT, about={"reason": "nobody"})]
    if not where.is_known:
        return [_activity(delivery, "unknown", raw, where, body, NO_CONTENT, about={"reason": "chat"})]
    # Bots of others come after our own side: our own bot is a bot too, and its messages are echoes.
    side = side_for(delivery, raw, where, body)
    if side != "customer":
        return [_activity(delivery, "echo", raw, where, body, content, side=side)]
    if where.is_bot and where.sender_chat_id is None:
        return [_activity(delivery, "unknown", raw, where, body, NO_CONTENT, about={"reason": "bot"})]
    if as_dict(body.get("web_app_data")):
        return [_activity(delivery, "postback", raw, where, body, NO_CONTENT, about=web_app_data(body))]
    # Without text and attachments it is a service message (a member joined, a title changed), or of a kind not known yet.
    if content.is_empty:
        return [_activity(delivery, "unknown", raw, where, body, NO_CONTENT, about=service_report(body))]
    if _is_start_button(delivery, content):
        return [_activity(delivery, "follow", raw, where, body, NO_CONTENT)]
    return [_activity(delivery, "message", raw, where, body, content)]


def edited(delivery: UpdateContext, raw: str, value: Json) -> list[Activity]:
    """An edit of a message. It may come with no visible change, and before its original."""
    body = as_dict(value)
    where, content = origin(body), to_content(body)
    side = side_for(delivery, raw, where, body)
    # Telegram sends an edit also when no field that we read has changed (core.telegram.org/bots/api#update).
    is_strange_bot = side == "customer" and where.is_bot and where.sender_chat_id is None
    if is_strange_bot or not where.is_known or where.external == NOBODY or content.is_empty:
        return [_activity(delivery, "unknown", raw, where, body, NO_CONTENT)]
    return [_activity(delivery, "edit", raw, where, body, content, side=side)]


def channel_post(delivery: UpdateContext, raw: str, value: Json) -> list[Activity]:
    """A post of a channel, or its edit: the team writes it, never a customer."""
    body = as_dict(value)
    kind: ActivityKind = "edit" if raw == EDITED_POST else "echo"
    return [_activity(delivery, kind, raw, origin(body), body, to_content(body), side="account")]


def _is_start_button(delivery: UpdateContext, content: Content) -> bool:
    """Whether the message is only `/start`, which Telegram's Start button sends when a person first opens the bot."""
    command = {} if content.attachments else _command(delivery, content.text)
    return command.get("command") == "start" and "start" not in command


def _command(delivery: UpdateContext, content: str | None) -> dict[str, Json]:
    # In a group `/start@other_bot` is meant for another bot.
    match = COMMAND.fullmatch(content or "")
    if match is None:
        return {}
    name, bot, rest = match.groups()
    if bot and delivery.username and bot.lower() != delivery.username.lower():
        return {}
    return drop_none(command=name.lower(), start=rest.strip() if name.lower() == "start" and rest else None)


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
    # A message without a number still needs an id that a repeat of the update gives again.
    platform_id = number or f"update:{delivery.update}"
    is_from_team = side != "customer"
    times = _edit_times(body) if kind == "edit" else _Times(seconds(body.get("date")))
    return Activity(
        id=delivery.activity_id(kind, where, platform_id, *times.states),
        workspace=delivery.workspace,
        channel=delivery.channel,
        account=delivery.account,
        kind=kind,
        author=side,
        surface=where.surface,
        person=delivery.person(addressee(delivery, side, where, body)),
        person_name=None if is_from_team else where.author_name,
        thread=where.thread,
        message=delivery.message_id(where, platform_id),
        former=delivery.former_id(where, platform_id),
        platform_id=number,
        text=content.encrypted_text,
        attachments=list(content.attachments),
        replies_to=_answered_ids(delivery, where, content),
        quote=content.quote,
        forwarded_from=content.forwarded_from,
        links=list(content.links),
        address=where.address(number),
        sent_at=times.sent_at,
        original_sent_at=times.original_sent_at,
        received_at=delivery.received_at,
        locale=where.locale,
        identities=[] if is_from_team else [*where.identities, *own_phone(body, where.author)],
        contact_state="started" if kind == "follow" else None,
        album=as_str(body.get("media_group_id")),
        context=public_context(body, where),
        # Away messages and greetings of a business account, which Telegram sends by itself.
        automatic=is_from_team and body.get("is_from_offline") is True,
        own_reply=kind == "echo" and is_our_bot(delivery, where, body),
        author_name=where.author_name if kind == "echo" else None,
        details=_details(delivery, kind, raw, where, body, content) | (about or {}),
    )


def _answered_ids(delivery: UpdateContext, where: SenderContext, content: Content) -> list[str]:
    if content.answered is None:
        return []
    # A message of another chat may be answered; of a chat that is not named only the platform's copy is there.
    there = where if content.answered_chat is None else where.in_chat(content.answered_chat)
    return [delivery.message_id(there, content.answered)]


class _Times(NamedTuple):
    """When a message or an edit was sent; of an edit also when its original was, and what tells its id from other edits'."""

    sent_at: datetime | None
    original_sent_at: datetime | None = None
    states: tuple[str, ...] = ()


def _edit_times(body: dict[str, Json]) -> _Times:
    written_at, edited_at = seconds(body.get("date")), seconds(body.get("edit_date"))
    # An edit's time is part of its id, because a message may be edited several times. Ingest adds a hash of the redacted text.
    return _Times(edited_at or written_at, written_at, (edited_at.isoformat() if edited_at else "",))


def _details(
    delivery: UpdateContext, kind: str, raw: str, where: SenderContext, body: dict[str, Json], content: Content
) -> dict[str, Json]:
    return drop_none(
        raw=raw if kind == "unknown" or raw != "message" else None,
        answered_text=content.answered_text,
        automatic_forward=True if body.get("is_automatic_forward") is True else None,
        anonymous="admin" if where.sender_chat_id and where.sender_chat_id == where.chat else None,
        **_command(delivery, content.text),
    )
