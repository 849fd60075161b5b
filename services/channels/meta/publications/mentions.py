"""Mentions on Instagram: the webhook names ids alone, and what was written has to be read.

developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login/mentions. Instagram lists nowhere where an account
was mentioned: what no webhook named cannot be found later.
"""

from collections.abc import Collection, Sequence
from urllib.parse import urlencode

from schemas.values import Json
from services.channels.json_access import as_dict, as_str, drop_none
from services.channels.meta.graph import GONE, GraphApi
from services.channels.meta.publications.comments import comment_id
from services.channels.meta.webhook import as_platform_id, body_of, changes_of, own_entries
from services.channels.port import Request

FIELD = "mentions"
COMMENT_FIELDS, MEDIA_FIELDS = "id,text,timestamp", "id,caption,timestamp,username,permalink"


def named_mentions(request: Request, own_ids: Collection[str | None]) -> list[str]:
    """The mentions of an account that a webhook names: `media` or `media/comment`, each by its id."""
    changes = (change for entry in own_entries(request, own_ids) for change in changes_of(entry))
    values = (as_dict(change.get("value")) for change in changes if change.get("field") == FIELD)
    named = [_name(value) for value in values if "text" not in value]
    return list(dict.fromkeys(name for name in named if name is not None))


def _name(value: dict[str, Json]) -> str | None:
    media, comment = as_platform_id(value.get("media_id")), comment_id(value)
    return f"{media}/{comment}" if media and comment else media


async def read_mentions(api: GraphApi, named: Sequence[str]) -> list[bytes]:
    """A webhook's body for each mention, with its text; none for one that is gone.

    Raises TransientSendError, PermanentSendError, CredentialsRejected.
    """
    read = [await _read(api, *mention.partition("/")[::2]) for mention in named]
    return [_body(api.scope.own_id, value) for value in read if value is not None]


async def _read(api: GraphApi, media: str, comment: str) -> dict[str, Json] | None:
    field, fields = ("mentioned_comment", COMMENT_FIELDS) if comment else ("mentioned_media", MEDIA_FIELDS)
    of = f"comment_id({comment})" if comment else f"media_id({media})"
    query = urlencode({"fields": f"{field}.{of}{{{fields}}}"})
    found = as_dict((await api.find(f"{api.scope.own_id}?{query}", GONE) or {}).get(field))
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


def _body(own: str, value: dict[str, Json]) -> bytes:
    return body_of("instagram", own, value.get("timestamp"), {"changes": [{"field": FIELD, "value": value}]})
