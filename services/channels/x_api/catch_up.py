"""What webhooks have missed: mentions and direct messages since the last ones, in the shape of webhook calls.

docs.x.com/x-api/users/get-mentions, .../direct-messages/get-dm-events
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlencode

from schemas.values import Json
from services.channels.json_access import as_dict, as_id_str, as_list, as_str, dicts, iso_time
from services.channels.port import Account, PollResult
from services.channels.x_api.calls import call
from services.platform.http.lenient_json import read_json
from services.platform.http.outgoing import HttpClient

INTERVAL = timedelta(minutes=5)
MAX_PAGES = 8
"""Pages of a list in one poll: X lists 800 mentions, and lets its direct messages be asked for 15 times in 15 minutes."""
POST_FIELDS = {
    "tweet.fields": "conversation_id,created_at,in_reply_to_user_id,referenced_tweets,edit_history_tweet_ids,note_tweet,entities",
    "expansions": "author_id,attachments.media_keys",
    "media.fields": "type,url,preview_image_url",
    "max_results": "100",
}
DM_FIELDS = {
    "event_types": "MessageCreate",
    "dm_event.fields": "id,text,created_at,sender_id,dm_conversation_id,attachments",
    "expansions": "sender_id,attachments.media_keys",
    "media.fields": "type,url",
    "max_results": "100",
}


async def poll(http: HttpClient, account: Account, cursor: str | None) -> PollResult:
    """What came since; the first poll only notes where it begins. Raises as `Polls.poll`.

    The cursor is JSON: the user whose it is, the newest post, the newest direct message.
    """
    user = next(iter(account.secrets("user_id")), "")
    since = _since(cursor, user)
    posts = await _mentions(http, account, user, since.get("post"))
    events = await _pages(http, account, "/2/dm_events", DM_FIELDS, since.get("dm"))
    newest = {"user": user, "post": _newest(posts, since.get("post")), "dm": _newest(events, since.get("dm"))}
    following = json.dumps({name: one for name, one in newest.items() if one}, sort_keys=True)
    if not since:
        return PollResult([], following)
    bodies = [*_post_bodies(user, posts), *_message_bodies(user, events, since.get("dm"))]
    return PollResult([json.dumps(body).encode() for body in bodies], following)


async def _mentions(http: HttpClient, account: Account, user: str, since: str | None) -> dict[str, Json]:
    fields = {**POST_FIELDS, **({"since_id": since} if since else {})}
    return await _pages(http, account, f"/2/users/{user}/mentions", fields, since)


async def _pages(
    http: HttpClient, account: Account, path: str, fields: Mapping[str, str], since: str | None
) -> dict[str, Json]:
    """The pages of a list, whose newest items come first, as one; the first alone where nothing was seen before."""
    items, users, media, token = list[Json](), list[Json](), list[Json](), ""
    for _ in range(MAX_PAGES):
        page = await call(http, account, "GET", f"{path}?{urlencode({**fields, **_paging(token)})}")
        listed, includes = list(dicts(page.get("data"))), as_dict(page.get("includes"))
        items += listed
        users += dicts(includes.get("users"))
        media += dicts(includes.get("media"))
        token = as_str(as_dict(page.get("meta")).get("next_token")) or ""
        numbers = [int(one) for item in listed if (one := as_id_str(item.get("id")))]
        if not token or since is None or (numbers and min(numbers) <= int(since)):
            break
    return {"data": items, "includes": {"users": users, "media": media}}


def _paging(token: str) -> dict[str, str]:
    return {"pagination_token": token} if token else {}


def _since(cursor: str | None, user: str) -> dict[str, str]:
    """The newest that were seen; empty for a cursor of another user, whose numbers say nothing about this one."""
    try:
        stored = as_dict(read_json((cursor or "{}").encode()))
    except ValueError:
        stored = {}
    found = {name: one for name in ("post", "dm") if (one := as_id_str(stored.get(name)))}
    return {"user": user, **found} if stored.get("user") == user else {}


def _newest(answer: Mapping[str, Json], before: str | None) -> str | None:
    numbers = [one for item in dicts(answer.get("data")) if (one := as_id_str(item.get("id")))]
    return max([*numbers, *([before] if before else [])], key=int, default=None)


def _oldest_first(answer: Mapping[str, Json]) -> Sequence[dict[str, Json]]:
    known = [item for item in dicts(answer.get("data")) if as_id_str(item.get("id"))]
    return sorted(known, key=lambda item: int(as_id_str(item.get("id")) or 0))


def _post_bodies(user: str, answer: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    for post in _oldest_first(answer):
        yield _event(user, "post.mention.create", as_id_str(post.get("id")) or "", post, answer.get("includes"))


def _message_bodies(user: str, answer: Mapping[str, Json], since: str | None) -> Iterator[dict[str, Json]]:
    users: dict[str, Json] = {
        number: {"data": person}
        for person in dicts(as_dict(answer.get("includes")).get("users"))
        if (number := as_id_str(person.get("id")))
    }
    media = {as_str(one.get("media_key")): one for one in dicts(as_dict(answer.get("includes")).get("media"))}
    for event in _oldest_first(answer):
        number, sender = as_id_str(event.get("id")) or "", as_id_str(event.get("sender_id"))
        if since is not None and int(number) <= int(since):
            continue
        at = iso_time(event.get("created_at"))
        # The conversation of two is called by both their ids. That of a group has one number: several would read the answer.
        parties = (as_str(event.get("dm_conversation_id")) or "").split("-")
        if len(parties) != 2 or user not in parties or sender not in parties:
            continue
        target = next((one for one in parties if one != sender), None)
        said: dict[str, Json] = {
            "sender_id": sender,
            "target": {"recipient_id": target},
            "message_data": {"text": as_str(event.get("text")), **_attachment(event, media)},
        }
        created: Json = {
            "type": "message_create",
            "id": number,
            "created_timestamp": str(int(at.timestamp() * 1000)) if at else None,
            "message_create": said,
        }
        kind = "dm.sent" if sender == user else "dm.received"
        yield _event(user, kind, number, {"direct_message_events": [created], "users": users}, None)


def _attachment(event: Mapping[str, Json], media: Mapping[str | None, Mapping[str, Json]]) -> dict[str, Json]:
    """The file of a listed direct message, as a webhook call has it: a message has one."""
    keys = [as_str(key) for key in as_list(as_dict(event.get("attachments")).get("media_keys"))]
    if not keys or keys[0] is None:
        return {}
    known = media.get(keys[0], {})
    # A key is the number of the kind and that of the medium: 3_1136048014974423040.
    medium: Json = {
        "id_str": keys[0].rpartition("_")[2],
        "type": as_str(known.get("type")),
        "media_url_https": as_str(known.get("url")),
    }
    return {"attachment": {"type": "media", "media": medium}}


def _event(user: str, kind: str, name: str, payload: Json, includes: Json) -> dict[str, Json]:
    return {
        "data": {
            "event_uuid": name,
            "filter": {"user_id": user},
            "event_type": kind,
            "payload": payload,
            "includes": includes or {},
        }
    }
