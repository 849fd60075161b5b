"""What can be done to comments and in chats besides writing: a table by platform, surface and kind of action.

developers.facebook.com/docs/graph-api/reference/comment, .../docs/instagram-platform/comment-moderation,
.../docs/messenger-platform/send-messages/sender-actions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schemas.channel import ActionKind
from schemas.outbound import ChannelAction
from schemas.values import Json, Surface
from services.channels.meta.graph import GraphApi, Verdicts
from services.channels.meta.messaging.errors import VERDICTS as MESSAGE_VERDICTS
from services.channels.meta.publications.sending import COMMENT_VERDICTS
from services.channels.port import SendReceipt
from services.platform.http.outgoing import PermanentSendError

HEARTS = frozenset({"❤", "❤️"})
LIKE = "\U0001f44d"


@dataclass(frozen=True, slots=True)
class ActionCall:
    """A call that performs an action; `path` is below the address of the API."""

    method: str
    path: str
    body: Mapping[str, Json] | None = None


CallFor = Callable[[ChannelAction], ActionCall]
CallsBySurface = Mapping[tuple[Surface, ActionKind], CallFor]


def _comment(field: str, value: Json) -> CallFor:
    return lambda action: ActionCall("POST", _named(action), {field: value})


def _delete(action: ChannelAction) -> ActionCall:
    return ActionCall("DELETE", _named(action))


def _edit(action: ChannelAction) -> ActionCall:
    return ActionCall("POST", _named(action), {"message": action.text.text if action.text else ""})


def _like(action: ChannelAction) -> ActionCall:
    if action.emoji not in {LIKE, None}:
        detail = "A Page can only like a comment: react with a thumbs-up."
        raise PermanentSendError("unsupported", detail, reason="only_like")
    return ActionCall("POST" if action.emoji else "DELETE", f"{_named(action)}/likes")


def _sender_action(name: str) -> CallFor:
    return lambda action: ActionCall("POST", "me/messages", _to_chat(action, sender_action=name))


def _react(action: ChannelAction) -> ActionCall:
    return _reaction(action, action.emoji)


def _love(action: ChannelAction) -> ActionCall:
    if action.emoji is not None and action.emoji not in HEARTS:
        detail = "Instagram lets accounts react with a heart alone."
        raise PermanentSendError("unsupported", detail, reason="only_heart")
    return _reaction(action, "love" if action.emoji else None)


def _reaction(action: ChannelAction, reaction: str | None) -> ActionCall:
    payload: dict[str, Json] = {"message_id": _named(action), **({"reaction": reaction} if reaction else {})}
    name = "react" if reaction else "unreact"
    return ActionCall("POST", "me/messages", _to_chat(action, sender_action=name, payload=payload))


def _to_chat(action: ChannelAction, **fields: Json) -> dict[str, Json]:
    return {"recipient": {"id": action.address.chat}, **fields}


def _named(action: ChannelAction) -> str:
    if action.platform_id is None:
        raise PermanentSendError("not_found", "the platform gave the message no id")
    return action.platform_id


IN_CHATS: CallsBySurface = {
    ("private", "typing"): _sender_action("typing_on"),
    ("private", "seen"): _sender_action("mark_seen"),
}
FACEBOOK: CallsBySurface = {
    **IN_CHATS,
    ("private", "react"): _react,
    ("public", "hide"): _comment("is_hidden", True),
    ("public", "unhide"): _comment("is_hidden", False),
    ("public", "delete"): _delete,
    ("public", "edit"): _edit,
    ("public", "react"): _like,
}
INSTAGRAM: CallsBySurface = {
    **IN_CHATS,
    ("private", "react"): _love,
    ("public", "hide"): _comment("hide", True),
    ("public", "unhide"): _comment("hide", False),
    ("public", "delete"): _delete,
}
VERDICTS: Mapping[Surface, Verdicts] = {"public": COMMENT_VERDICTS, "private": MESSAGE_VERDICTS}


def kinds(calls: CallsBySurface, surface: Surface) -> tuple[ActionKind, ...]:
    """The actions that there are on a surface."""
    return tuple(kind for place, kind in calls if place == surface)


async def perform(api: GraphApi, action: ChannelAction, calls: CallsBySurface) -> SendReceipt:
    """Perform an action, which changes nothing more when it is done twice.

    Raises TransientSendError, PermanentSendError, CredentialsRejected.
    """
    make = calls.get((action.surface, action.kind))
    if make is None:
        raise PermanentSendError("unsupported", f"the platform cannot {action.kind} {action.surface} messages")
    call = make(action)
    await api.call(call.method, call.path, VERDICTS[action.surface], call.body)
    return SendReceipt(action.platform_id)
