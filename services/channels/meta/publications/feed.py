"""What happens in public at a Facebook Page: the fields `feed`, `mention` and `ratings`.

developers.facebook.com/docs/graph-api/webhooks/reference/page names the fields. Which of them a change has differs by item and
by year: ids are texts or numbers, an author is `from` or `sender_id`, and nearly all may be missing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from schemas.activity import Activity, Attachment, AttachmentKind, Reaction, Review
from schemas.values import Json
from services.channels.json_access import as_dict, as_int, as_list, as_str
from services.channels.meta.entry import EntryContext
from services.channels.meta.publications.media import file_id
from services.channels.meta.publications.publication import (
    VERBS,
    Publication,
    PublicAuthor,
    happened_at,
    reacted,
    unknown,
)
from services.channels.meta.webhook import as_platform_id, web_url

Value = dict[str, Json]
Reader = Callable[[EntryContext, Value], Publication | None]

EMOJI: Mapping[str, str] = {
    "like": "\U0001f44d",
    "love": "❤",
    "care": "\U0001f917",
    "haha": "\U0001f606",
    "wow": "\U0001f62e",
    "sad": "\U0001f622",
    "sorry": "\U0001f622",
    "angry": "\U0001f621",
    "anger": "\U0001f621",
}
"""`reaction_type` → the emoji that Facebook shows."""
REACTIONS = frozenset({"reaction", "like"})
REMOVED: Mapping[str, bool] = {"add": False, "edit": False, "edited": False, "remove": True, "delete": True}
"""The verb of a reaction → whether it was taken back."""
RECOMMENDS: Mapping[str, bool] = {"positive": True, "negative": False}
FILES: Mapping[str, AttachmentKind] = {"photo": "image", "video": "video"}
"""The fields that hold the address of a file → its kind. Of an item of this name the address is in `link`."""


def parse_feed(entry: EntryContext, field: str, value: Json) -> list[Activity]:
    """The activity of one change of `feed`, `mention` or `ratings`; kind `unknown` for what nobody said or did in public."""
    change = as_dict(value)
    item, verb = as_str(change.get("item")) or _unnamed_item(field, change), as_str(change.get("verb")) or "add"
    publication = READERS.get(item, _post)(entry, change)
    if publication is not None and item in REACTIONS and verb in REMOVED:
        emoji = EMOJI.get(as_str(change.get("reaction_type")) or "like")
        return [reacted(entry, publication, Reaction(emoji=emoji, removed=REMOVED[verb]))]
    act = VERBS.get(verb) if item not in REACTIONS else None
    if publication is None or act is None:
        raw = f"{field}/{item}/{verb}"
        return [
            unknown(
                entry,
                raw,
                value,
                post_id=as_platform_id(change.get("post_id")),
                comment_id=as_platform_id(change.get("comment_id")),
            )
        ]
    return [act(entry, publication)]


def _unnamed_item(field: str, change: Value) -> str:
    """What a change is about that does not say it."""
    if as_platform_id(change.get("comment_id")) is not None:
        return "comment"
    return "rating" if field == "ratings" else "post"


def _post(entry: EntryContext, change: Value) -> Publication | None:
    """A post of the Page, or one that somebody wrote to it or about it. None for one that is not published (yet)."""
    post = as_platform_id(change.get("post_id"))
    # Also drafts and advertisements are reported, with 0; nobody can read those.
    if post is None or change.get("published") == 0:
        return None
    return _publication(entry, change, identity=post, place=post)


def _comment(entry: EntryContext, change: Value) -> Publication | None:
    """A comment below a post or a recommendation, or below another comment."""
    comment, parent = as_platform_id(change.get("comment_id")), as_platform_id(change.get("parent_id"))
    if comment is None:
        return None
    place = (
        as_platform_id(change.get("post_id")) or as_platform_id(change.get("open_graph_story_id")) or parent or comment
    )
    return _publication(entry, change, identity=comment, place=place, parent=None if parent == place else parent)


def _reacted_to(entry: EntryContext, change: Value) -> Publication | None:
    """The comment or post that somebody reacted to."""
    return (_comment if as_platform_id(change.get("comment_id")) else _post)(entry, change)


def _rating(entry: EntryContext, change: Value) -> Publication | None:
    """A recommendation, or a rating in stars from before there were recommendations."""
    story, reviewer = as_platform_id(change.get("open_graph_story_id")), as_platform_id(change.get("reviewer_id"))
    # A person has one rating of a Page: it is edited, and not written twice.
    identity = story or (f"rating:{reviewer}" if reviewer else None)
    if identity is None:
        return None
    recommends = RECOMMENDS.get((as_str(change.get("recommendation_type")) or "").lower())
    review = Review(stars=_stars(change.get("rating")), recommends=recommends)
    publication = _publication(entry, change, identity=identity, place=identity, review=review)
    return replace(publication, can_be_answered=story is not None)


READERS: Mapping[str, Reader] = {
    "comment": _comment,
    "rating": _rating,
    "reaction": _reacted_to,
    "like": _reacted_to,
}
"""`item` → what it is about. All others (status, photo, video, share, ...) are posts."""


def _publication(
    entry: EntryContext,
    change: Value,
    *,
    identity: str,
    place: str,
    parent: str | None = None,
    review: Review | None = None,
) -> Publication:
    permalink = as_str(change.get("permalink_url")) or as_str(as_dict(change.get("post")).get("permalink_url"))
    text = as_str(change.get("message")) or as_str(change.get("review_text"))
    link = web_url(change.get("link"))
    return Publication(
        id=identity,
        place=place,
        parent=parent,
        author=_author(entry, change),
        text=text,
        attachments=_files(change),
        links=[link] if link and link not in (text or "") and as_str(change.get("item")) not in FILES else [],
        written_at=happened_at(entry, change.get("created_time")),
        permalink=permalink,
        review=review,
    )


def _author(entry: EntryContext, change: Value) -> PublicAuthor:
    sender = as_dict(change.get("from"))
    names = ("sender_id", "reviewer_id", "user_id")
    author = as_platform_id(sender.get("id")) or next(
        (found for name in names if (found := as_platform_id(change.get(name)))), None
    )
    name = (as_str(value) for value in (sender.get("name"), change.get("sender_name"), change.get("reviewer_name")))
    return PublicAuthor(id=author, name=next(filter(None, name), None), is_own=author in entry.own_ids)


def _files(change: Value) -> list[Attachment]:
    """The pictures and films of a change. Their addresses expire: see `media`."""
    item, post = as_str(change.get("item")) or "", as_platform_id(change.get("post_id"))
    comment, own = as_platform_id(change.get("comment_id")), as_platform_id(change.get(f"{item}_id"))
    # Of a photo, `link` is the address of the picture; of a comment, `photo` is.
    named = [(kind, change.get(name), _file_id("comment", comment)) for name, kind in FILES.items()]
    linked = [(FILES[item], change.get("link"), _file_id(item, own))] if item in FILES else []
    photos = enumerate(as_list(change.get("photos")))
    listed = [(FILES["photo"], address, _file_id("post", post, number)) for number, address in photos]
    found = {url: (kind, file) for kind, value, file in [*named, *linked, *listed] if (url := web_url(value))}
    return [Attachment(kind=kind, url=url, platform_id=file) for url, (kind, file) in found.items()]


def _file_id(holder: str, identity: str | None, number: int = 0) -> str | None:
    return file_id(holder, identity, number) if identity is not None else None


def _stars(value: Json) -> int | None:
    stars = as_int(value)
    return stars if stars is not None and 1 <= stars <= 5 else None
