"""Where Pages and Instagram accounts list what was published, and the change by which a webhook reports each of it.

developers.facebook.com/docs/graph-api/reference/page/feed, .../page/tagged, .../page/ratings, .../docs/instagram-platform/reference/ig-user/media,
.../ig-media/comments. A change has the ids that a webhook gives it, so that what came by both is one message.
"""

from collections.abc import Iterator

from schemas.values import Json
from services.channels.json_access import as_dict, as_str, dicts, drop_none
from services.channels.meta.messaging.history import conversations
from services.channels.meta.publications.catch_up import (
    POST_FIELDS,
    CatchUp,
    Edge,
    EdgeCall,
    Item,
    ListedChange,
    published_at,
)
from services.channels.meta.webhook import as_platform_id

CHANGE_FIELDS = ("from", "message", "created_time", "permalink_url")
"""The fields of a post or a comment of a Page that a change has by the same names."""
PAGE_POST_FIELDS = f"id,{','.join(CHANGE_FIELDS)}"
COMMENT_FIELDS = f"{PAGE_POST_FIELDS},parent{{id}},attachment{{type,url,media}}"
RATING_FIELDS = ("created_time", "rating", "recommendation_type", "review_text")
NEWEST = {"filter": "stream", "order": "reverse_chronological"}
"""Comments of all levels in one list, the newest first."""
REPLY_FIELDS = "id,text,timestamp,from,username,parent_id"
INSTAGRAM_COMMENTS = f"{REPLY_FIELDS},replies.limit(50){{{REPLY_FIELDS}}}"


# -- Pages -------------------------------------------------------------------------------------------------------------


def _post(item: Item, call: EdgeCall) -> Iterator[ListedChange]:
    """A post to the Page, and the newest comments below it. What the Page itself posts asks for nothing."""
    at, author = published_at(item), as_dict(item.get("from"))
    if at is not None and as_platform_id(author.get("id")) != call.of:
        yield ListedChange(at, "feed", {**_post_change(item), "item": "post"})
    for comment in dicts(as_dict(item.get("comments")).get("data")):
        yield from _comment_below(comment, as_platform_id(item.get("id")))


def _tagged(item: Item, call: EdgeCall) -> Iterator[ListedChange]:
    """A post elsewhere that names the Page."""
    at = published_at(item)
    if at is not None:
        yield ListedChange(at, "mention", {**_post_change(item), "item": "post"})


def _post_change(item: Item) -> Item:
    same = {name: item.get(name) for name in CHANGE_FIELDS}
    return drop_none(verb="add", post_id=as_platform_id(item.get("id")), **same)


def _comment(item: Item, call: EdgeCall) -> Iterator[ListedChange]:
    yield from _comment_below(item, call.of)


def _comment_below(item: Item, post: str | None) -> Iterator[ListedChange]:
    at, comment = published_at(item), as_platform_id(item.get("id"))
    if at is None or comment is None:
        return
    picture = as_dict(as_dict(as_dict(item.get("attachment")).get("media")).get("image"))
    same = {name: item.get(name) for name in CHANGE_FIELDS}
    above = as_platform_id(as_dict(item.get("parent")).get("id")) or post
    ids: Item = {"post_id": post, "comment_id": comment, "parent_id": above}
    yield ListedChange(
        at, "feed", drop_none(item="comment", verb="add", photo=as_str(picture.get("src")), **ids, **same)
    )


def _rating(item: Item, call: EdgeCall) -> Iterator[ListedChange]:
    """A recommendation of the Page."""
    at, reviewer = published_at(item), as_dict(item.get("reviewer"))
    story = as_platform_id(as_dict(item.get("open_graph_story")).get("id"))
    ids: Item = {"open_graph_story_id": story, "reviewer_id": as_platform_id(reviewer.get("id"))}
    same = {name: item.get(name) for name in RATING_FIELDS}
    if at is not None:
        change = drop_none(item="rating", verb="add", reviewer_name=as_str(reviewer.get("name")), **ids, **same)
        yield ListedChange(at, "ratings", change)


FACEBOOK = CatchUp(
    subject="page",
    roots=("feed", "tagged", "ratings", "conversations"),
    edges={
        "conversations": conversations("messenger"),
        "feed": Edge(
            fields=f"{PAGE_POST_FIELDS},comments.filter(stream).order(reverse_chronological).limit(50){{{COMMENT_FIELDS}}}",
            read=_post,
            below="comments",
        ),
        "comments": Edge(fields=COMMENT_FIELDS, read=_comment, limit=100, parameters=NEWEST),
        "tagged": Edge(fields=PAGE_POST_FIELDS, read=_tagged, is_optional=True),
        "ratings": Edge(
            fields=f"{','.join(RATING_FIELDS)},reviewer{{id,name}},open_graph_story{{id}}",
            read=_rating,
            is_optional=True,
        ),
    },
)


# -- Instagram ---------------------------------------------------------------------------------------------------------


def _media(item: Item, call: EdgeCall) -> Iterator[ListedChange]:
    """A post of the account: the newest comments below it, with their replies."""
    media = {name: value for name, value in item.items() if name in {"id", *POST_FIELDS}}
    for comment in dicts(as_dict(item.get("comments")).get("data")):
        yield from _comment_with_replies(comment, media)


def _instagram_comment(item: Item, call: EdgeCall) -> Iterator[ListedChange]:
    yield from _comment_with_replies(item, {**call.known, "id": call.of})


def _comment_with_replies(item: Item, media: Item) -> Iterator[ListedChange]:
    yield from _on_media(item, media, None)
    for reply in dicts(as_dict(item.get("replies")).get("data")):
        yield from _on_media(reply, media, as_platform_id(item.get("id")))


def _on_media(item: Item, media: Item, above: str | None) -> Iterator[ListedChange]:
    at, comment = published_at(item), as_platform_id(item.get("id"))
    if at is None or comment is None:
        return
    author = as_dict(item.get("from"))
    name = as_str(author.get("username")) or as_str(item.get("username"))
    # The account has an id for each type of login; its name is one.
    own: dict[str, Json] = {"self_ig_scoped_id": as_platform_id(author.get("id")) or name}
    writer = {**author, "username": name, **(own if name is not None and name == media.get("username") else {})}
    place: Item = {key: value for key, value in media.items() if key != "username"}
    parent = as_platform_id(item.get("parent_id")) or above
    change = {"id": comment, "from": drop_none(**writer), "text": item.get("text"), "media": place, "parent_id": parent}
    yield ListedChange(at, "comments", drop_none(**change, timestamp=item.get("timestamp")))


INSTAGRAM = CatchUp(
    subject="instagram",
    roots=("media", "conversations"),
    edges={
        "conversations": conversations("instagram"),
        "media": Edge(
            fields=f"id,permalink,media_product_type,username,timestamp,comments.limit(50){{{INSTAGRAM_COMMENTS}}}",
            read=_media,
            below="comments",
        ),
        "comments": Edge(fields=INSTAGRAM_COMMENTS, read=_instagram_comment, limit=50),
    },
)
