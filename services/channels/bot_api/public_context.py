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
    answered, chat = as_dict(body.get("reply_to_message")), as_dict(body.get("chat"))
    number, thread = as_id_str(body.get("message_id")), as_id_str(body.get("message_thread_id"))
    post = _forwarded_post(answered)
    if post:
        link = _message_link(as_dict(post.get("chat")), as_id_str(post.get("message_id")))
        at_comment = f"{link}?comment={number}" if link and number else link
        return PostContext(post=_named("", post, "message_id"), permalink=at_comment)
    link = _message_link(chat, f"{where.topic}/{number}" if where.topic and number else number)
    # Outside of topics a thread is the chain of answers to its first message: below a post, the comments on it.
    root = f"{where.chat}/{thread}" if thread and where.topic is None else None
    parent = as_id_str(answered.get("message_id")) if root else None
    above = f"{where.chat}/{parent}" if parent and parent != thread else None
    return PostContext(post=root, parent=above, permalink=link) if root or link else None


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
