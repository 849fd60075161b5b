"""Where a message stands besides its chat: the post that it comments on, the story that it answers, its address in the web.

core.telegram.org/api/links#message-links, #story-links. A comment is a message in the discussion group of a channel; the post
is there as an automatic forward.
"""

from schemas.activity import PostContext
from schemas.values import Json
from services.channels.bot_api.origin import SenderContext
from services.channels.json_access import as_dict, as_id_str, as_str

WEB = "https://t.me"
SUPERGROUP = "-100"
"""With this the ids of supergroups and channels begin in the Bot API; links have them without it."""


def public_context(body: dict[str, Json], where: SenderContext) -> PostContext | None:
    """The context of a message; None where it has none: in private, unless it answers a story."""
    story = as_dict(body.get("reply_to_story"))
    if story:
        return PostContext(post=_named("story", story, "id"), permalink=story_link(story))
    if where.surface != "public" or where.chat is None:
        return None
    post = _forwarded_post(as_dict(body.get("reply_to_message")))
    return _below_post(body, post) if post else _in_group(body, where)


def _below_post(body: dict[str, Json], post: dict[str, Json]) -> PostContext:
    """The context of a comment that answers the post of a channel."""
    link, number = _message_link(as_dict(post.get("chat")), as_id_str(post.get("message_id"))), _number(body)
    comment_link = f"{link}?comment={number}" if link and number else link
    return PostContext(post=_named("", post, "message_id"), permalink=comment_link)


def _in_group(body: dict[str, Json], where: SenderContext) -> PostContext | None:
    """The context of any other message of a group; None where it has neither a thread nor an address."""
    number, thread = _number(body), as_id_str(body.get("message_thread_id"))
    link = _message_link(as_dict(body.get("chat")), f"{where.topic}/{number}" if where.topic and number else number)
    # Outside of topics a thread is the chain of answers to its first message: below a post, the comments on it.
    if thread is None or where.topic is not None:
        return PostContext(permalink=link) if link else None
    answered = _number(as_dict(body.get("reply_to_message")))
    above = f"{where.chat}/{answered}" if answered not in (None, thread) else None
    return PostContext(post=f"{where.chat}/{thread}", parent=above, permalink=link)


def _number(message: dict[str, Json]) -> str | None:
    return as_id_str(message.get("message_id"))


def story_link(story: dict[str, Json]) -> str | None:
    """The address of a story in the web; None for one of somebody without a username."""
    username, number = as_str(as_dict(story.get("chat")).get("username")), as_id_str(story.get("id"))
    return f"{WEB}/{username}/s/{number}" if username and number else None


def _forwarded_post(answered: dict[str, Json]) -> dict[str, Json]:
    """The channel's post of which a message of a discussion group is the automatic forward; empty for any other."""
    if answered.get("is_automatic_forward") is not True:
        return {}
    post = as_dict(answered.get("forward_origin"))
    # Before Bot API 7.0, and in copies of it.
    before: dict[str, Json] = {
        "chat": answered.get("forward_from_chat"),
        "message_id": answered.get("forward_from_message_id"),
    }
    post = post or before
    return post if as_dict(post.get("chat")) and as_id_str(post.get("message_id")) else {}


def _named(prefix: str, thing: dict[str, Json], number: str) -> str | None:
    names = [prefix, as_id_str(as_dict(thing.get("chat")).get("id")), as_id_str(thing.get(number))]
    return "/".join(name for name in names if name) or None


def _message_link(chat: dict[str, Json], number: str | None) -> str | None:
    username, identity = as_str(chat.get("username")), as_id_str(chat.get("id")) or ""
    if number is None:
        return None
    if username:
        return f"{WEB}/{username}/{number}"
    # Without a username the address opens for members alone. Basic groups have none.
    return f"{WEB}/c/{identity.removeprefix(SUPERGROUP)}/{number}" if identity.startswith(SUPERGROUP) else None
