"""Mentions on Instagram: the webhook names ids alone, and what was written has to be read.

developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login/mentions. Instagram lists nowhere where an account
was mentioned: what no webhook named cannot be found later.
"""

from collections.abc import Collection, Iterator, Sequence
from urllib.parse import urlencode

import orjson

from schemas.values import Json
from services.channels.json_access import as_dict, as_str, drop_none
from services.channels.meta.entry import GraphAccount
from services.channels.meta.graph import Verdicts, call_graph, refused
from services.channels.meta.publications.comments import comment_id
from services.channels.meta.webhook import as_platform_id, dicts, read_entries
from services.channels.port import InvalidPayload, Request
from services.platform.http.outgoing import HttpClient, PermanentSendError

FIELD = "mentions"
COMMENT_FIELDS, MEDIA_FIELDS = "id,text,timestamp", "id,caption,timestamp,username,permalink"
GONE: Verdicts = {33: refused("not_found"), 100: refused("not_found"), 24: refused("not_found")}
"""Whoever mentioned the account may have deleted it, or made their own account private."""


def named_mentions(request: Request, own_ids: Collection[str | None]) -> list[str]:
    """The mentions of an account that a webhook names: `media` or `media/comment`, each by its id."""
    try:
        _, entries = read_entries(request)
    except InvalidPayload:
        return []
    ours = [entry for entry in entries if as_platform_id(entry.get("id")) in own_ids]
    changes = (change for entry in ours for change in (*dicts(entry.get("changes")), entry))
    values = [as_dict(change.get("value")) for change in changes if change.get("field") == FIELD]
    named = ((as_platform_id(value.get("media_id")), comment_id(value)) for value in values if "text" not in value)
    return list(dict.fromkeys(f"{media}/{comment}" if comment else media for media, comment in named if media))


async def read_mentions(http: HttpClient, account: GraphAccount, named: Sequence[str]) -> Iterator[bytes]:
    """A webhook's body for each mention, with its text; none for one that is gone.

    Raises TransientSendError, PermanentSendError, CredentialsRejected.
    """
    read = [await _read(http, account, *mention.partition("/")[::2]) for mention in named]
    return (_body(account.scope.own_id, value) for value in read if value is not None)


async def _read(http: HttpClient, account: GraphAccount, media: str, comment: str) -> dict[str, Json] | None:
    field, fields = ("mentioned_comment", COMMENT_FIELDS) if comment else ("mentioned_media", MEDIA_FIELDS)
    of = f"comment_id({comment})" if comment else f"media_id({media})"
    query = urlencode({"fields": f"{field}.{of}{{{fields}}}"})
    url = f"{account.url}/{account.scope.own_id}?{query}"
    try:
        found = as_dict((await call_graph(http, "GET", url, account.token, GONE, idempotent=True)).get(field))
    except PermanentSendError as error:
        if error.code == "not_found":
            return None
        raise
    if not found:
        return None
    author: dict[str, Json] = drop_none(username=as_str(found.get("username")))
    text = as_str(found.get("text")) or as_str(found.get("caption"))
    return drop_none(
        media_id=media,
        comment_id=comment,
        text=text,
        timestamp=found.get("timestamp"),
        media=drop_none(id=media, permalink=as_str(found.get("permalink"))),
        **{"from": author},
    )


def _body(own_id: str, value: dict[str, Json]) -> bytes:
    entry: Json = {"id": own_id, "time": value.get("timestamp"), "changes": [{"field": FIELD, "value": value}]}
    return orjson.dumps({"object": "instagram", "entry": [entry]})
