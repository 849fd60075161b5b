"""Posts: mentions, replies and quotes of customers, what our side posted, edits and deletions.

A post comes as API v2 has it (docs.x.com/x-api/fundamentals/data-dictionary) or as v1.1 had it; `read_post` makes one of both.
Numbers lose digits in JSON, so v1.1's `id_str` comes before `id`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from schemas.activity import Activity, Address, Attachment, AttachmentKind, PersonIdentity, PostContext
from schemas.values import EncryptedText, Json
from services.channels.json_access import as_dict, as_id_str, as_list, as_str, dicts, drop_none, iso_time
from services.channels.x_api.context import XCall, milliseconds

V1_TIME = "%a %b %d %H:%M:%S %z %Y"
MEDIA_KINDS: Mapping[str, AttachmentKind] = {"photo": "image", "video": "video", "animated_gif": "video"}


@dataclass(frozen=True, slots=True, kw_only=True)
class XUser:
    """Who wrote: the user's id, name and handle."""

    id: str | None = None
    name: str | None = None
    username: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class XPost:
    """A post. `conversation` is the id of the post under which the whole thread stands; `versions` are the ids of a post that was
    edited, the first one first.
    """

    id: str
    author: XUser
    text: str | None
    written_at: datetime | None
    conversation: str | None = None
    answers: str | None = None
    answered_user: str | None = None
    quotes: str | None = None
    is_repost: bool = False
    versions: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def first_version(self) -> str:
        """The id of the post as it was first published."""
        return self.versions[0] if self.versions else self.id


def read_post(value: Json, includes: Json = None) -> XPost | None:
    """A post of either form; None for what has no id."""
    post = as_dict(value)
    is_v1 = "user" in post or "id_str" in post
    number = as_id_str(post.get("id_str")) or as_id_str(post.get("id"))
    if number is None:
        return None
    return _read_v1(number, post) if is_v1 else _read_v2(number, post, as_dict(includes))


def _read_v2(number: str, post: Mapping[str, Json], includes: Mapping[str, Json]) -> XPost:
    author = as_id_str(post.get("author_id"))
    users = {as_id_str(user.get("id")): user for user in dicts(includes.get("users"))}
    about = {as_str(one.get("type")): as_id_str(one.get("id")) for one in dicts(post.get("referenced_tweets"))}
    media = {as_str(one.get("media_key")): one for one in dicts(includes.get("media"))}
    keys = [as_str(key) for key in as_list(as_dict(post.get("attachments")).get("media_keys"))]
    long_text = as_str(as_dict(post.get("note_tweet")).get("text"))
    known = as_dict(users.get(author))
    return XPost(
        id=number,
        author=XUser(id=author, name=as_str(known.get("name")), username=as_str(known.get("username"))),
        text=long_text or as_str(post.get("text")),
        written_at=iso_time(post.get("created_at")),
        conversation=as_id_str(post.get("conversation_id")),
        answers=about.get("replied_to"),
        answered_user=as_id_str(post.get("in_reply_to_user_id")),
        quotes=about.get("quoted"),
        is_repost="retweeted" in about,
        versions=[one for one in map(as_id_str, as_list(post.get("edit_history_tweet_ids"))) if one],
        attachments=[_attachment(as_dict(media.get(key)), key) for key in keys if key],
        links=list(_links(as_dict(post.get("entities")))),
    )


def _read_v1(number: str, post: Mapping[str, Json]) -> XPost:
    user, whole = as_dict(post.get("user")), as_dict(post.get("extended_tweet"))
    entities = as_dict(whole.get("entities")) or as_dict(post.get("entities"))
    files = as_dict(whole.get("extended_entities")) or as_dict(post.get("extended_entities"))
    author = as_id_str(user.get("id_str")) or as_id_str(user.get("id")) or as_str(user.get("id_str"))
    return XPost(
        id=number,
        author=XUser(id=author, name=as_str(user.get("name")), username=as_str(user.get("screen_name"))),
        text=as_str(whole.get("full_text")) or as_str(post.get("full_text")) or as_str(post.get("text")),
        written_at=milliseconds(post.get("timestamp_ms")) or _v1_time(post.get("created_at")),
        answers=as_id_str(post.get("in_reply_to_status_id_str")) or as_id_str(post.get("in_reply_to_status_id")),
        answered_user=as_id_str(post.get("in_reply_to_user_id_str")) or as_id_str(post.get("in_reply_to_user_id")),
        quotes=as_id_str(post.get("quoted_status_id_str")),
        is_repost=bool(as_dict(post.get("retweeted_status"))),
        versions=[
            one for one in map(as_id_str, as_list(as_dict(post.get("edit_history")).get("edit_tweet_ids"))) if one
        ],
        attachments=[_attachment(one, as_id_str(one.get("id_str"))) for one in dicts(files.get("media"))],
        links=list(_links(entities)),
    )


def _v1_time(value: Json) -> datetime | None:
    try:
        return datetime.strptime(as_str(value) or "", V1_TIME).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _attachment(medium: Mapping[str, Json], key: str | None) -> Attachment:
    url = as_str(medium.get("url")) or as_str(medium.get("media_url_https"))
    found = url or as_str(medium.get("preview_image_url"))
    kind = MEDIA_KINDS.get(as_str(medium.get("type")) or "", "other")
    # Of a film X names only its picture here; without an address a file says what it is.
    is_shown = found is not None and kind == "image"
    details = {} if is_shown else drop_none(type=as_str(medium.get("type")) or "media", media_key=key)
    return Attachment(kind=kind if is_shown else "other", url=found if is_shown else None, details=details)


def _links(entities: Mapping[str, Json]) -> Iterator[str]:
    for link in dicts(entities.get("urls")):
        target = as_str(link.get("expanded_url"))
        # A link to the post's own media, or to the post that it quotes, leads nowhere that the text does not say.
        if target is not None and target.startswith(("https://", "http://")):
            yield target


# -- activities ----------------------------------------------------------------------------------------------------------


def created(call: XCall, post: XPost, raw: str) -> Activity:
    """A post: a customer's message or its edit, an echo of what our side posted; a repost is no word to us."""
    is_own = call.is_own(post.author.id)
    addressee = post.answered_user if is_own else post.author.id
    if post.is_repost or addressee is None or (is_own and call.is_own(addressee)):
        return call.unknown(
            raw, post.id, post.author.id if not is_own else None, type="repost" if post.is_repost else None
        )
    is_edit = post.id != post.first_version
    thread = post.conversation or post.answers or post.first_version
    return call.activity(
        "edit" if is_edit else "echo" if is_own else "message",
        addressee,
        "post",
        post.id,
        author="account" if is_own else "customer",
        surface="public",
        person_name=None if is_own else post.author.name,
        thread=thread,
        message=call.message_id("post", post.first_version),
        platform_id=post.id,
        text=EncryptedText(text=post.text) if post.text else None,
        attachments=post.attachments,
        links=post.links,
        replies_to=[call.message_id("post", one) for one in (post.answers, post.quotes) if one],
        address=Address(chat=thread, reply_to=post.id),
        sent_at=post.written_at,
        identities=[] if is_own else _identities(post.author),
        author_name=post.author.name if is_own else None,
        context=PostContext(post=thread, parent=post.answers, permalink=f"https://x.com/i/status/{post.id}"),
        details=drop_none(quoted_id=post.quotes),
    )


def deleted(call: XCall, value: Json, at: datetime | None, raw: str) -> Activity:
    """A post that its author deleted."""
    about = as_dict(value)
    number = next((one for name in ("id", "tweet_id", "post_id") if (one := as_id_str(about.get(name)))), None)
    user = as_id_str(about.get("author_id")) or as_id_str(about.get("user_id"))
    if number is None:
        return call.unknown(raw, "", user)
    return call.activity(
        "deletion",
        user,
        "post",
        number,
        author="account" if call.is_own(user) else "customer",
        surface="public",
        thread=number,
        message=call.message_id("post", number),
        platform_id=number,
        sent_at=at,
    )


def _identities(author: XUser) -> list[PersonIdentity]:
    return [PersonIdentity(kind="username", value=author.username, proven=True)] if author.username else []
