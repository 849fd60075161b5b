"""Parses one update into activities. An authentic update of an unknown type becomes an activity of kind `unknown`.

Telegram repeats an update that is not answered with 2xx for up to 24 hours and holds back all later updates of the chat.
Therefore no single field is refused here: a field of the wrong type reads as absent.
"""

import re
from collections.abc import Callable
from typing import Any

from schemas.activity import Activity, ActivityKind, ContactState, Reaction
from schemas.values import EncryptedText, Json
from services.channels.bot_api.messages import channel_post, edited, message
from services.channels.bot_api.origin import SenderContext, UpdateContext, bot_id, origin
from services.channels.json_access import (
    as_dict,
    as_id_str,
    as_int,
    as_list,
    as_str,
    drop_none,
    seconds,
)
from services.channels.port import Account, InvalidPayload, Request
from services.platform.core.identifiers import hashed_id
from services.platform.http.lenient_json import read_json

Handler = Callable[[UpdateContext, str, Json], list[Activity]]
UPDATE_KIND = re.compile(r"[a-z0-9_]{1,64}")


# Any: further fields of Activity, which validates them.
def _activity(
    delivery: UpdateContext,
    kind: ActivityKind,
    where: SenderContext,
    body: dict[str, Json],
    details: dict[str, Json] | None = None,
    *,
    platform_id: str | None = None,
    own: str | None = None,
    **fields: Any,
) -> Activity:
    """`platform_id` is of the message that it is about; ids are made of it, or of `own` where that is given."""
    name = own or platform_id
    about = delivery.message_id(where, name) if name else None
    return Activity(
        id=delivery.activity_id(kind, where, platform_id or "", about or ""),
        workspace=delivery.workspace,
        channel=delivery.channel,
        account=delivery.account,
        kind=kind,
        surface=where.surface,
        person=delivery.person(where.external),
        person_name=where.author_name,
        thread=where.thread,
        message=about,
        former=delivery.former_id(where, name) if name else None,
        platform_id=platform_id,
        address=where.address(platform_id),
        replies_to=[delivery.message_id(where, platform_id)] if own and platform_id else [],
        sent_at=seconds(body.get("date")),
        received_at=delivery.received_at,
        locale=where.locale,
        identities=where.identities,
        details=details or {},
        **fields,
    )


def _unknown(delivery: UpdateContext, raw: str, value: Json) -> list[Activity]:
    """An activity that keeps person, place and type. The content is dropped, because it may hold anything."""
    body = as_dict(value)
    where = origin(body, body.get("user"))
    read_details = UNKNOWN_DETAILS.get(raw)
    details = {"raw": raw, **(read_details(body) if read_details else {})}
    return [_activity(delivery, "unknown", where, body, details, platform_id=as_id_str(body.get("message_id")))]


def _poll(body: dict[str, Json]) -> dict[str, Json]:
    return drop_none(
        poll_id=as_str(body.get("poll_id")) or as_str(body.get("id")),
        options=[option for option in as_list(body.get("option_ids")) if as_int(option) is not None],
    )


def _business_connection(body: dict[str, Json]) -> dict[str, Json]:
    """Whether a business account has the bot connected, and what the bot may do for it."""
    rights = [name for name, granted in as_dict(body.get("rights")).items() if granted is True]
    return drop_none(
        connection_id=as_str(body.get("id")),
        enabled=body.get("is_enabled") if isinstance(body.get("is_enabled"), bool) else None,
        rights=[name for name in rights if UPDATE_KIND.fullmatch(name)],
    )


def _reaction_count(body: dict[str, Json]) -> dict[str, Json]:
    """How often people reacted to a channel's post. Telegram does not say who they are, so nobody's conversation changes."""
    listed = [as_dict(reaction) for reaction in as_list(body.get("reactions"))]
    counts = [as_int(reaction.get("total_count")) or 0 for reaction in listed]
    emoji = [as_str(as_dict(reaction.get("type")).get("emoji")) for reaction in listed]
    named: list[Json] = [{"emoji": e, "count": count} for e, count in zip(emoji, counts, strict=True) if e]
    return drop_none(total=sum(counts) or None, reactions=named)


UNKNOWN_DETAILS: dict[str, Callable[[dict[str, Json]], dict[str, Json]]] = {
    "poll": _poll,
    "poll_answer": _poll,
    "business_connection": _business_connection,
    "message_reaction_count": _reaction_count,
}
"""Kind of update → what is kept of it, where that is known to hold nothing that a person wrote."""


def _callback(delivery: UpdateContext, raw: str, value: Json) -> list[Activity]:
    """A pressed button. Its message may be missing, inaccessible (date 0) or inline; then only the person is known."""
    query = as_dict(value)
    pressed = as_dict(query.get("message"))
    person = as_id_str(as_dict(query.get("from")).get("id"))
    # `sender_chat` of the message is who wrote it; who pressed the button is `from`. `speaks_as` without an id hides the former.
    alone: dict[str, Json] = {"chat": {"id": person, "type": "private"}}
    where = origin(pressed if as_dict(pressed.get("chat")) else alone, query.get("from"), speaks_as={"id": None})
    number = as_id_str(pressed.get("message_id"))
    own = f"callback:{as_str(query.get('id')) or delivery.update}"
    data = as_str(query.get("data"))
    details = drop_none(
        raw=raw,
        data=data,
        game=as_str(query.get("game_short_name")),
        callback_query_id=as_str(query.get("id")),
        inline_message_id=as_str(query.get("inline_message_id")),
    )
    label = _label(pressed, data)
    if not where.is_known:
        return [_activity(delivery, "unknown", where, {}, {"raw": raw, "reason": "chat"}, platform_id=number)]
    return [_activity(delivery, "postback", where, {}, details, platform_id=number, own=own, text=label)]


def _label(pressed: dict[str, Json], data: str | None) -> EncryptedText | None:
    rows = as_list(as_dict(pressed.get("reply_markup")).get("inline_keyboard"))
    buttons = [as_dict(button) for row in rows for button in as_list(row)]
    label = next((as_str(b.get("text")) for b in buttons if data and b.get("callback_data") == data), None)
    return EncryptedText(text=label) if label else None


def _reaction(delivery: UpdateContext, raw: str, value: Json) -> list[Activity]:
    body = as_dict(value)
    number = as_id_str(body.get("message_id"))
    if number is None:
        return _unknown(delivery, raw, value)
    # The update has all reactions of the person as they are now, not the change. An anonymous reaction has no `user`.
    where = origin(body, body.get("user"), speaks_as=body.get("actor_chat"))
    now = [as_dict(reaction) for reaction in as_list(body.get("new_reaction"))]
    # A custom emoji has only an id, and a paid reaction is a star of Telegram's: neither has a character.
    emoji = "".join(text for reaction in now if (text := as_str(reaction.get("emoji"))))
    reaction = Reaction(emoji=emoji or None, removed=not now)
    # A group's anonymous admins react as the group.
    is_ours = where.sender_chat_id is not None and where.sender_chat_id == where.chat
    author: dict[str, Any] = {"author": "account", "author_name": where.author_name} if is_ours else {}
    return [_activity(delivery, "reaction", where, body, {}, platform_id=number, reaction=reaction, **author)]


def _deleted(delivery: UpdateContext, raw: str, value: Json) -> list[Activity]:
    """Deleted messages of a business chat, one activity each. `chat` is the customer."""
    body = as_dict(value)
    where = origin(body, body.get("chat"))
    # One update may name many messages. Each is a deletion of its own, because an activity is about one message.
    numbers = list(dict.fromkeys(i for item in as_list(body.get("message_ids")) if (i := as_id_str(item))))
    deletions = [_activity(delivery, "deletion", where, body, platform_id=number) for number in numbers]
    return deletions or _unknown(delivery, raw, value)


def _membership(delivery: UpdateContext, raw: str, value: Json) -> list[Activity]:
    """The bot's own membership: in a private chat whether the person blocked the bot, elsewhere a change of the group."""
    body = as_dict(value)
    where = origin(body)
    before, after = (as_str(as_dict(body.get(f)).get("status")) for f in ("old_chat_member", "new_chat_member"))
    # In a private chat `kicked` means that the person blocked the bot. Other changes of status are about groups.
    changed = "kicked" in (before, after) and before != after
    state: ContactState = "blocked" if after == "kicked" else "unblocked"
    if where.surface == "private" and where.chat and changed:
        return [_activity(delivery, "follow", where, body, contact_state=state)]
    details = drop_none(raw=raw, before=before, after=after)
    return [_activity(delivery, "unknown", where, body, details)]


HANDLERS: dict[str, Handler] = {
    "message": message,
    "edited_message": edited,
    "business_message": message,
    "edited_business_message": edited,
    "deleted_business_messages": _deleted,
    "channel_post": channel_post,
    "edited_channel_post": channel_post,
    "callback_query": _callback,
    "message_reaction": _reaction,
    "my_chat_member": _membership,
}


def parse(channel: str, request: Request, account: Account, *, has_web_links: bool) -> list[Activity]:
    """The activities of one update, or of those that `getUpdates` lists. Raises InvalidPayload for what is no update."""
    found = [one for update in _updates(request.body) for one in _parse(channel, request, account, update)]
    return found if has_web_links else [_without_link(one) for one in found]


def _without_link(activity: Activity) -> Activity:
    """The activity without the address of its message in the web, which is one of Telegram's."""
    context = activity.context and activity.context.model_copy(update={"permalink": None})
    says_nothing = context is None or not context.model_dump(exclude_none=True)
    return activity.model_copy(update={"context": None if says_nothing else context})


def _parse(channel: str, request: Request, account: Account, update: dict[str, Json]) -> list[Activity]:
    number = as_int(update.get("update_id"))
    # An update has `update_id` and at most one other field, which names its kind.
    raw = next((k for k in update if k in HANDLERS), None) or next((k for k in update if _is_kind(k)), None)
    if number is None and raw not in HANDLERS:
        raise InvalidPayload("the object has neither an update_id nor a kind of update that is known")
    delivery = _delivery(channel, request, account, number)
    kind = raw or "none"
    return HANDLERS.get(kind, _unknown)(delivery, kind, update.get(kind))


def _updates(body: bytes) -> list[dict[str, Json]]:
    try:
        read = read_json(body)
    except (ValueError, RecursionError) as error:
        # `from None`: the decoder's message quotes nothing, but its attribute `doc` is the body, which may hold secrets.
        raise InvalidPayload(f"no JSON: {getattr(error, 'msg', type(error).__name__)}") from None
    listed = as_dict(read).get("result", read) if as_dict(read).get("ok") is True else read
    updates = listed if isinstance(listed, list) else [listed]
    if not updates or not all(isinstance(update, dict) for update in updates):
        raise InvalidPayload("an update is a JSON object, and a list of updates has one at least")
    return [as_dict(update) for update in updates]


def _body_hash(body: bytes, account: Account) -> str:
    return hashed_id(next(iter(account.secrets("secret_token") + account.secrets("path_secret")), ""), body.hex())


def _is_kind(field: str) -> bool:
    return field != "update_id" and UPDATE_KIND.fullmatch(field) is not None


def _delivery(channel: str, request: Request, account: Account, number: int | None) -> UpdateContext:
    return UpdateContext(
        channel=channel,
        workspace=account.workspace,
        account=account.id,
        bot=bot_id(account.token("bot_token")),
        username=as_str(account.body.settings.get("username")),
        # Without `update_id` only a hash of the bytes identifies the update. The account's secret is part of the hash, so
        # that the content cannot be guessed from it.
        update=str(number) if number is not None else _body_hash(request.body, account),
        received_at=request.received_at,
    )
