"""Actions by the Bot API: edits, deletions and reactions of messages, typing, and what was read.

core.telegram.org/bots/api#editmessagetext, #editmessagecaption, #deletemessage, #deletebusinessmessages,
#setmessagereaction, #sendchataction, #readbusinessmessage.
"""

from collections.abc import Callable, Mapping, Sequence

from schemas.channel import ActionKind
from schemas.outbound import ChannelAction
from schemas.values import Json
from services.channels.bot_api.calls import classify_response, description_of, is_done, numeric_id
from services.channels.json_access import drop_none
from services.channels.port import SendReceipt
from services.platform.http.outgoing import HttpClient, HttpResponse, PermanentSendError, post_json

ACTIONS: tuple[ActionKind, ...] = ("edit", "delete", "react", "typing", "seen")
Call = tuple[str, dict[str, Json]]
"""A method of the Bot API and its parameters."""

# Parts of descriptions in lower case, each of which means that the method is not the one for this message, or that the
# message is already as it should be.
NO_TEXT_THERE = "there is no text in the message to edit"
UNCHANGED = "message is not modified"
NO_REACTIONS_THERE = "no_reactions_in_business_chats"
NO_READ_MARKS = "read_only_in_business_chats"
NO_TYPING_THERE = "no_typing_in_direct_messages"


async def perform(http: HttpClient, url: str, action: ChannelAction) -> SendReceipt:
    """Perform an action; `url` is that of all methods. To do it twice changes nothing more.

    Raises as `calls.send_message`; PermanentSendError `unsupported` where Telegram has no such action, `not_found` for a
    message that is gone.
    """
    impossible = _impossible(action)
    if impossible is not None:
        raise PermanentSendError("unsupported", f"Telegram cannot {action.kind} in this chat", reason=impossible)
    answer = await _post_first_that_fits(http, url, CALLS[action.kind](action))
    if is_done(answer) or UNCHANGED in description_of(answer).lower():
        return SendReceipt(action.platform_id)
    if answer.status == 404:
        # Of a message this means that the token is wrong; of these methods also that the server is older than they are. Whoever
        # has a wrong token learns it by the next message, and no account waits for a reaction.
        raise PermanentSendError("unsupported", "The Bot API server has no such method.", answer.status)
    raise classify_response(answer)


async def _post_first_that_fits(http: HttpClient, url: str, calls: Sequence[Call]) -> HttpResponse:
    for method, parameters in calls[:-1]:
        answer = await post_json(http, f"{url}/{method}", parameters)
        if NO_TEXT_THERE not in description_of(answer).lower():
            return answer
    method, parameters = calls[-1]
    return await post_json(http, f"{url}/{method}", parameters)


def _impossible(action: ChannelAction) -> str | None:
    """The reason why Telegram has no such action in this chat; None: it has."""
    to = action.address
    if action.kind == "react" and to.via is not None:
        return NO_REACTIONS_THERE
    if action.kind == "seen" and to.via is None:
        return NO_READ_MARKS
    return NO_TYPING_THERE if action.kind == "typing" and to.direct_topic is not None else None


def _message(action: ChannelAction) -> dict[str, Json]:
    return drop_none(
        business_connection_id=action.address.via,
        chat_id=numeric_id(action.address.chat),
        message_id=numeric_id(action.platform_id),
    )


def _edit(action: ChannelAction) -> list[Call]:
    # What is beside files is a caption. The message does not say which it has, and the refusal of the other is definite.
    text = action.text.text if action.text else ""
    about = _message(action)
    return [("editMessageText", about | {"text": text}), ("editMessageCaption", about | {"caption": text})]


def _delete(action: ChannelAction) -> list[Call]:
    numbers: list[Json] = [numeric_id(name) for name in (action.platform_id, *action.further_ids)]
    if action.address.via is not None:
        parameters: dict[str, Json] = {"business_connection_id": action.address.via, "message_ids": numbers}
        return [("deleteBusinessMessages", parameters)]
    if len(numbers) == 1:
        return [("deleteMessage", _message(action))]
    return [("deleteMessages", {"chat_id": numeric_id(action.address.chat), "message_ids": numbers})]


def _react(action: ChannelAction) -> list[Call]:
    # Telegram lists its emoji without the variation selector that keyboards add (#reactiontypeemoji).
    emoji = (action.emoji or "").replace("\ufe0f", "")
    reaction: list[Json] = [{"type": "emoji", "emoji": emoji}] if emoji else []
    return [("setMessageReaction", _message(action) | {"reaction": reaction})]


def _typing(action: ChannelAction) -> list[Call]:
    topic = drop_none(message_thread_id=numeric_id(action.address.thread))
    return [("sendChatAction", {**_message(action), **topic, "action": "typing"})]


def _seen(action: ChannelAction) -> list[Call]:
    return [("readBusinessMessage", _message(action))]


CALLS: Mapping[ActionKind, Callable[[ChannelAction], list[Call]]] = {
    "edit": _edit,
    "delete": _delete,
    "react": _react,
    "typing": _typing,
    "seen": _seen,
}
"""Kind → the calls of which the first that fits the message performs it."""
