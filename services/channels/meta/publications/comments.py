"""What happens in public at an Instagram account: the fields `comments`, `live_comments` and `mentions`.

developers.facebook.com/docs/instagram-platform/webhooks/examples. With Facebook Login a comment is `comment_id`, with Instagram
Login `id`. Only new comments are reported: neither edits nor deletions are.
"""

from collections.abc import Mapping

from schemas.activity import Activity
from schemas.values import Json
from services.channels.json_access import as_dict, as_str, drop_none
from services.channels.meta.entry import EntryContext
from services.channels.meta.publications.publication import VERBS, Publication, PublicAuthor, happened_at, unknown
from services.channels.meta.webhook import as_platform_id

Value = dict[str, Json]
LIVE, MENTION = "live", "mention"
"""How a comment is answered where it is not by a reply to it (`Address.via`)."""
VIA: Mapping[str, str] = {"live_comments": LIVE, "mentions": MENTION}


def parse_comment(entry: EntryContext, field: str, value: Json) -> list[Activity]:
    """The activity of one change of `comments`, `live_comments` or `mentions`.

    A mention that Instagram itself reports names ids alone: what it says has to be fetched, and is `unknown` until then.
    """
    change = as_dict(value)
    publication, act = _publication(entry, field, change), VERBS.get(as_str(change.get("verb")) or "add")
    if publication is None or act is None:
        media = as_platform_id(change.get("media_id")) or as_platform_id(as_dict(change.get("media")).get("id"))
        return [unknown(entry, field, value, media_id=media, comment_id=comment_id(change))]
    return [act(entry, publication)]


def comment_id(change: Value) -> str | None:
    """The id of the comment that a change names."""
    return as_platform_id(change.get("comment_id")) or as_platform_id(change.get("id"))


def _publication(entry: EntryContext, field: str, change: Value) -> Publication | None:
    comment, media = comment_id(change), as_dict(change.get("media"))
    place = as_platform_id(media.get("id")) or as_platform_id(change.get("media_id"))
    # The caption of somebody's post in which the account is mentioned has no id of its own.
    identity, author, text = comment or place, _author(entry, change), as_str(change.get("text"))
    if identity is None or (author.id is None and text is None):
        return None
    return Publication(
        id=identity,
        place=place or identity,
        parent=as_platform_id(change.get("parent_id")),
        author=author,
        text=text,
        written_at=happened_at(entry, change.get("timestamp")),
        permalink=as_str(media.get("permalink")),
        via=VIA.get(field),
        details=_advertisement(media),
    )


def _author(entry: EntryContext, change: Value) -> PublicAuthor:
    sender = as_dict(change.get("from"))
    identity = as_platform_id(sender.get("id"))
    username = as_str(sender.get("username")) or as_str(change.get("username"))
    # Instagram marks what the account itself wrote, whatever id it has there.
    is_own = identity in entry.own_ids or as_platform_id(sender.get("self_ig_scoped_id")) is not None
    return PublicAuthor(id=identity or username, username=username, is_own=is_own)


def _advertisement(media: Value) -> dict[str, Json]:
    fields: dict[str, Json] = {name: as_platform_id(media.get(name)) for name in ("ad_id", "original_media_id")}
    return drop_none(
        **fields, ad_title=as_str(media.get("ad_title")), media_type=as_str(media.get("media_product_type"))
    )
