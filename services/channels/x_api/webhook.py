"""Bodies: one event of the X Activity API, or the lists of the older Account Activity API. Both give the same ids.

docs.x.com/x-api/activity/introduction, docs.x.com/x-api/account-activity/introduction
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from schemas.activity import Activity
from schemas.values import Json
from services.channels.json_access import as_dict, as_id_str, as_list, as_str, dicts
from services.channels.port import Account, InvalidPayload, Request
from services.channels.x_api.context import XCall, milliseconds, read_call
from services.channels.x_api.direct_messages import encrypted, messages, reads, typing
from services.channels.x_api.people import relation
from services.channels.x_api.posts import created, deleted, read_post
from services.platform.core.identifiers import hashed_id

Payload = Mapping[str, Json]


def addressees(request: Request) -> Sequence[str]:
    """The user ids that a body is for; empty for one that is no JSON."""
    try:
        body = as_dict(request.json())
    except (ValueError, RecursionError):
        return []
    found = [_subscribed(event) for event in _events(body)] if "data" in body else [_for_user(body)]
    return list(dict.fromkeys(one for one in found if one is not None))


def parse(request: Request, account: Account) -> list[Activity]:
    """The activities of a body for one account; of what is for another account alone one of kind `unknown`. Raises InvalidPayload."""
    try:
        body = request.json()
    except (ValueError, RecursionError):
        raise InvalidPayload("the body is no JSON") from None
    if not isinstance(body, dict) or not body:
        raise InvalidPayload("the body is no event of X")
    call = read_call(request, account)
    found = list(_activity_api(call, body) if "data" in body else _account_activity(call, body))
    unique = {activity.id: activity for activity in found}
    return list(unique.values()) or [
        call.unknown("none", call.scope.content_id(request.body.decode("utf-8", "replace")))
    ]


# -- X Activity API ------------------------------------------------------------------------------------------------------


def _events(body: Payload) -> list[dict[str, Json]]:
    data = body.get("data")
    return list(dicts(data)) if isinstance(data, list) else [as_dict(data)]


def _subscribed(event: Payload) -> str | None:
    return as_id_str(as_dict(event.get("filter")).get("user_id"))


def _activity_api(call: XCall, body: Payload) -> Iterator[Activity]:
    for event in _events(body):
        kind, name = as_str(event.get("event_type")) or "none", as_id_str(event.get("event_uuid")) or ""
        user, payload = _subscribed(event), as_dict(event.get("payload"))
        if call.own_id is not None and user not in (call.own_id, None):
            yield call.unknown(kind, name, reason="other_account")
            continue
        reader = EVENTS.get(kind)
        found = list(reader(call, payload, event)) if reader is not None else []
        yield from found or [call.unknown(kind, name)]


def _post(call: XCall, payload: Payload, event: Payload) -> Iterator[Activity]:
    if (post := read_post(dict(payload), event.get("includes"))) is not None:
        yield created(call, post, as_str(event.get("event_type")) or "")


def _deletion(call: XCall, payload: Payload, event: Payload) -> Iterator[Activity]:
    # The filter says whose post it was, where the payload does not.
    about: Json = {"user_id": _subscribed(event), **payload}
    yield deleted(call, about, milliseconds(payload.get("timestamp_ms")), "post.delete")


def _chat(call: XCall, payload: Payload, event: Payload) -> Iterator[Activity]:
    yield encrypted(call, payload, as_str(event.get("event_type")) or "")


def _block(call: XCall, payload: Payload, event: Payload) -> Iterator[Activity]:
    if (
        found := relation(call, payload, as_str(event.get("event_type")) or "", as_id_str(event.get("event_uuid")))
    ) is not None:
        yield found


EVENTS: Mapping[str, Callable[[XCall, Payload, Payload], Iterator[Activity]]] = {
    "post.create": _post,
    "post.mention.create": _post,
    "post.reply.create": _post,
    "post.quote.create": _post,
    "post.delete": _deletion,
    "dm.received": lambda call, payload, _: messages(call, payload, "dm.received"),
    "dm.sent": lambda call, payload, _: messages(call, payload, "dm.sent"),
    "dm.read": lambda call, payload, _: reads(call, payload, "dm.read"),
    "dm.indicate_typing": lambda call, payload, _: typing(call, payload, "dm.indicate_typing"),
    "block.block": _block,
    "block.unblock": _block,
    "chat.received": _chat,
    "chat.sent": _chat,
}
"""Type of an event → its activities. Likes, follows, mutes, profiles, Spaces and types that X adds are of kind `unknown`."""


# -- Account Activity API ------------------------------------------------------------------------------------------------


def _for_user(body: Payload) -> str | None:
    revoked = as_dict(as_dict(body.get("user_event")).get("revoke"))
    return as_id_str(body.get("for_user_id")) or as_id_str(as_dict(revoked.get("source")).get("user_id"))


def _account_activity(call: XCall, body: Payload) -> Iterator[Activity]:
    user = _for_user(body)
    if call.own_id is not None and user not in (call.own_id, None):
        yield call.unknown("other_account", hashed_id(user or "", *sorted(body)), reason="other_account")
        return
    for field, value in body.items():
        if field in NO_EVENTS:
            continue
        reader = LISTS.get(field)
        found = list(reader(call, body)) if reader is not None else []
        yield from found or [call.unknown(field, call.scope.content_id(field, repr(value)))]


def _created(call: XCall, body: Payload) -> Iterator[Activity]:
    for value in as_list(body.get("tweet_create_events")):
        post = read_post(value)
        yield (
            created(call, post, "tweet_create_events")
            if post
            else call.unknown("tweet_create_events", call.scope.content_id(repr(value)))
        )


def _deleted(call: XCall, body: Payload) -> Iterator[Activity]:
    for event in dicts(body.get("tweet_delete_events")):
        yield deleted(call, event.get("status"), milliseconds(event.get("timestamp_ms")), "tweet_delete_events")


def _blocked(call: XCall, body: Payload) -> Iterator[Activity]:
    for event in dicts(body.get("block_events")):
        verb = as_str(event.get("type")) or "block"
        found = relation(call, event, f"block.{verb}", as_id_str(event.get("created_timestamp")))
        yield found or call.unknown("block_events", call.scope.content_id(repr(event)))


def _revoked(call: XCall, body: Payload) -> Iterator[Activity]:
    for kind, about in as_dict(body.get("user_event")).items():
        yield call.unknown("user_event", call.scope.content_id(kind, repr(about)), what=kind[:64])


LISTS: Mapping[str, Callable[[XCall, Payload], Iterator[Activity]]] = {
    "tweet_create_events": _created,
    "tweet_delete_events": _deleted,
    "direct_message_events": lambda call, body: messages(call, body, "direct_message_events"),
    "direct_message_mark_read_events": lambda call, body: reads(call, body, "direct_message_mark_read_events"),
    "direct_message_indicate_typing_events": lambda call, body: typing(
        call, body, "direct_message_indicate_typing_events"
    ),
    "block_events": _blocked,
    "user_event": _revoked,
}
"""Field of a body → its activities. Every other list is of kind `unknown`."""
NO_EVENTS = frozenset({"for_user_id", "users", "apps", "user_has_blocked", "source"})
"""Fields that describe what the lists are about."""
