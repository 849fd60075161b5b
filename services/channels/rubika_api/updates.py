"""Parses calls of Rubika, and what `getUpdates` lists, into activities (rubika.ir/botapi/models#update, #inlinemessage).

No single field is refused here: one of the wrong type reads as absent. What is not understood becomes kind `unknown`.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from schemas.activity import Activity, ContactState, Side
from schemas.values import EncryptedText, Json
from services.channels.handoff_links import HANDOFF_TOKEN
from services.channels.json_access import as_dict, as_list, as_str, drop_none, seconds
from services.channels.port import NOBODY, Account, InvalidPayload, Request
from services.channels.rubika_api.content import RubikaContent, forwarded_ids, payment_details, read_content
from services.channels.rubika_api.origin import ChatOrigin, identifier, origin_of

START = re.compile(r"/start(?:\s+(\S{1,512}))?\s*")
NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
INLINE = "inline_message"
NO_CONTENT = RubikaContent()
Update = dict[str, Json]
Handler = Callable[[ChatOrigin, Update], Activity]


def parse(request: Request, account: Account) -> list[Activity]:
    """The activities of a body, in order. Raises InvalidPayload for what is no update of Rubika."""
    try:
        read = request.json()
    except (ValueError, RecursionError) as error:
        # `from None`: the decoder's error holds the body.
        raise InvalidPayload(f"no JSON: {getattr(error, 'msg', type(error).__name__)}") from None
    try:
        found = [
            one
            for name, update in _updates(read)
            for one in _activities(name, update, origin_of(update, account, request.received_at))
        ]
    except RecursionError:
        raise InvalidPayload("the body is nested too deeply") from None
    if not found:
        raise InvalidPayload("the body has neither an update nor an inline_message")
    return found


def _updates(read: Json) -> Iterator[tuple[str, Update]]:
    """The updates of a body, each with the name of its kind of call: of a webhook, of an answer of `getUpdates`, or of its list."""
    listed = as_dict(as_dict(read).get("data")).get("updates", as_dict(read).get("updates"))
    items = as_list(listed) if isinstance(listed, list) else as_list(read) or [read]
    for item in map(as_dict, items):
        named = [(name, value) for name, value in item.items() if isinstance(value, dict) and NAME.fullmatch(name)]
        if "chat_id" in item:
            yield ("update" if "type" in item else INLINE if "aux_data" in item else "none"), item
        else:
            yield from ((name, as_dict(value)) for name, value in named)


def _activities(name: str, update: Update, origin: ChatOrigin) -> list[Activity]:
    """What an update becomes. Of a start by a link of a hand-off two: its customer is known by the user id, as in the group where
    the link stands, and goes on as the private chat, which is all that later updates name.
    """
    found = _handler(name, update)(origin, update)
    start = found.details.get("start")
    is_of_handoff = isinstance(start, str) and HANDOFF_TOKEN.fullmatch(start) is not None
    if not is_of_handoff or found.kind != "message" or origin.surface != "private":
        return [found]
    if origin.sender is None:
        # Nobody says who it is: they are confirmed as a visitor of a page would be.
        return [found.model_copy(update={"details": {**_without_start(found), "handoff": start}})]
    person = {"person": origin.person(origin.sender)}
    goes_on = origin.activity(
        "contact", None, "start", str(start), successor=found.person, identities=origin.identities
    )
    return [found.model_copy(update=person), goes_on.model_copy(update=person)]


def _handler(name: str, update: Update) -> Handler:
    if name == INLINE:
        return _pressed
    kind = as_str(update.get("type")) or "none"
    if name == "update" and kind in HANDLERS:
        return HANDLERS[kind]
    raw = kind if name == "update" else name
    return lambda origin, value: _unknown(origin, value, raw if NAME.fullmatch(raw) else "none")


# -- kinds ---------------------------------------------------------------------------------------------------------------


def _unknown(origin: ChatOrigin, update: Update, raw: str, **about: Json) -> Activity:
    """An activity that keeps who, where and which type. The content is dropped, because it may hold anything."""
    message = as_dict(update.get("new_message")) or as_dict(update.get("updated_message"))
    event = as_dict(update.get("event_data"))
    details = drop_none(
        raw=raw,
        event=identifier(event.get("type")),
        join_type=identifier(event.get("join_type")),
        **payment_details(as_dict(update.get("updated_payment"))),
        **about,
    )
    number = identifier(message.get("message_id"))
    at = seconds(update.get("update_time")) or seconds(message.get("time"))
    return origin.activity(
        "unknown", None, raw, origin.content_id(update), platform_id=number, sent_at=at, details=details
    )


def _new_message(origin: ChatOrigin, update: Update) -> Activity:
    """A customer's message, an echo of our side's, or a start of the bot, which says nothing."""
    message = as_dict(update.get("new_message"))
    content, side = read_content(message), _side(origin)
    reason = _unusable(origin, side, content)
    if reason is not None:
        return _unknown(origin, update, "NewMessage", reason=reason)
    start = _start_token(message)
    if side == "customer" and start is None and content.text and START.fullmatch(content.text):
        return _contact_state(origin, update, "started")
    return _message(origin, message, content, side, start)


def _updated_message(origin: ChatOrigin, update: Update) -> Activity:
    """An edit. It may come before its original, and with no change that we read: then it is unknown."""
    message = as_dict(update.get("updated_message"))
    content, side = read_content(message), _side(origin)
    number = identifier(message.get("message_id"))
    if number is None or _unusable(origin, side, content) is not None:
        return _unknown(origin, update, "UpdatedMessage")
    changed_at, written_at = seconds(update.get("update_time")), seconds(message.get("time"))
    at = changed_at or written_at
    return origin.activity(
        "edit",
        number,
        # A message may be edited several times. Ingest adds a hash of the text to the id of an edit.
        at.isoformat() if at else "",
        platform_id=number,
        author=side,
        text=content.encrypted_text,
        attachments=content.attachments,
        links=content.links,
        sent_at=at,
        original_sent_at=written_at if changed_at else None,
        identities=origin.identities,
    )


def _removed_message(origin: ChatOrigin, update: Update) -> Activity:
    """A deletion. Rubika does not say whose message it was: in a group nobody is named."""
    number = identifier(update.get("removed_message_id"))
    if number is None or origin.chat is None:
        return _unknown(origin, update, "RemovedMessage")
    return origin.activity("deletion", number, platform_id=number, sent_at=seconds(update.get("update_time")))


def _started(origin: ChatOrigin, update: Update) -> Activity:
    """Somebody opened the bot. One who came by a link with a token says so by it, as by a message."""
    message = as_dict(update.get("new_message"))
    start = _start_token(message) or _start_token(update)
    if start is None or origin.chat is None:
        return _contact_state(origin, update, "started")
    return _message(origin, message or update, read_content(message), "customer", start)


def _stopped(origin: ChatOrigin, update: Update) -> Activity:
    return _contact_state(origin, update, "blocked")


def _contact_state(origin: ChatOrigin, update: Update, state: ContactState) -> Activity:
    if origin.chat is None or origin.surface != "private":
        return _unknown(origin, update, as_str(update.get("type")) or "none")
    message = as_dict(update.get("new_message"))
    at = seconds(update.get("update_time")) or seconds(message.get("time"))
    name = identifier(message.get("message_id")) or ""
    # The time tells a start from the next: without one, and without a message, a person starts a bot once and stops it once.
    when = at.isoformat() if at else ""
    return origin.activity(
        "follow", None, state, when, name, sent_at=at, contact_state=state, identities=origin.identities
    )


def _pressed(origin: ChatOrigin, inline: Update) -> Activity:
    """A button below a message of ours. The call has no time: a second press of the same button is a repeat."""
    pressed = as_dict(inline.get("aux_data"))
    content, number = read_content(inline), identifier(inline.get("message_id"))
    button = as_str(pressed.get("button_id"))
    if origin.chat is None or origin.external == NOBODY:
        return _unknown(origin, inline, INLINE, reason="nobody")
    name = ":".join(("button", number or origin.content_id(inline), origin.sender or "", button or ""))
    start = as_str(pressed.get("start_id"))
    return origin.activity(
        "postback",
        name,
        platform_id=number,
        text=content.encrypted_text,
        attachments=content.attachments,
        replies_to=[origin.message_id(number)] if number else [],
        identities=origin.identities,
        details=drop_none(raw=INLINE, data=button, start=start),
    )


HANDLERS: Mapping[str, Handler] = {
    "NewMessage": _new_message,
    "UpdatedMessage": _updated_message,
    "RemovedMessage": _removed_message,
    "StartedBot": _started,
    "StoppedBot": _stopped,
}
"""`UpdateTypeEnum` → what it becomes. `UpdatedPayment`, `EventData` and what is added later are unknown."""


# -- messages ------------------------------------------------------------------------------------------------------------


def _message(origin: ChatOrigin, message: Update, content: RubikaContent, side: Side, start: str | None) -> Activity:
    number = identifier(message.get("message_id"))
    button = as_str(as_dict(message.get("aux_data")).get("button_id"))
    # The link opened the bot, and a person who follows it need not write anything.
    text = content.encrypted_text or (EncryptedText(text=f"/start {start}") if start else None)
    is_echo = side != "customer"
    return origin.activity(
        "echo" if is_echo else "message",
        number or f"content:{origin.content_id(message)}",
        platform_id=number,
        author=side,
        own_reply=side == "bot",
        text=text,
        attachments=content.attachments,
        links=content.links,
        forwarded_from=content.forwarded_from,
        replies_to=[origin.message_id(content.answered)] if content.answered else [],
        sent_at=seconds(message.get("time")),
        identities=[] if is_echo else origin.identities,
        details=drop_none(data=button, start=start, **forwarded_ids(message)),
    )


def _side(origin: ChatOrigin) -> Side:
    """Who wrote. In a chat of two a bot is ours, and in a channel the team alone writes."""
    if origin.is_channel:
        return "account"
    return "bot" if origin.is_bot else "customer"


def _unusable(origin: ChatOrigin, side: Side, content: RubikaContent) -> str | None:
    """Why a message is nobody's word in a conversation; None: it is one."""
    if origin.chat is None or origin.external == NOBODY:
        return "nobody"
    if side == "bot" and origin.surface == "public":
        # Nothing says which bot wrote. What ours writes in a group is known here already.
        return "bot"
    return "empty" if content.is_empty else None


def _without_start(activity: Activity) -> dict[str, Json]:
    return {name: value for name, value in activity.details.items() if name != "start"}


def _start_token(message: Update) -> str | None:
    """The token of the link by which somebody opened the bot: in `aux_data`, or behind /start."""
    written = START.fullmatch(as_str(message.get("text")) or "")
    stated = as_str(as_dict(message.get("aux_data")).get("start_id"))
    return stated or (written[1] if written else None)
