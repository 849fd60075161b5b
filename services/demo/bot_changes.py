"""What a bot does besides sending, at the stand-in for Telegram: it edits, deletes, reacts, shows typing, marks as read.

Methods and refusals as core.telegram.org/bots/api has them. An edited message has its new text in `/_sent`, a deleted one is
`deleted` there.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from schemas.values import Json
from services.demo.bot_files import BotApiError
from services.demo.sent_log import SentLog

Change = Callable[["BotChanges", int, Mapping[str, Json]], Json]


@dataclass
class BotChanges:
    """The changes of all bots. `accepted` are method and parameters of each, oldest first; `log` has the messages."""

    log: SentLog
    accepted: list[tuple[str, dict[str, Json]]] = field(default_factory=list)

    def perform(self, bot: int, method: str, body: dict[str, Json]) -> Json:
        """The result of a method of `CHANGES`. Raises BotApiError."""
        result = CHANGES[method](self, bot, body)
        self.accepted.append((method, body))
        return result

    def find(self, bot: int, body: Mapping[str, Json], numbers: Json) -> Iterator[dict[str, Json]]:
        """The messages of a bot that have these numbers and are not deleted."""
        wanted = [str(number) for number in numbers] if isinstance(numbers, list) else [str(numbers)]
        for item in self.log.items:
            is_there = item.get("bot") == bot and str(item.get("chat_id")) == str(body.get("chat_id", item["chat_id"]))
            if is_there and str(item["number"]) in wanted and not item.get("deleted"):
                yield item


def _edit(field_name: str, *, is_of_file: bool) -> Change:
    def edit(changes: BotChanges, bot: int, body: Mapping[str, Json]) -> Json:
        item = next(changes.find(bot, body, body.get("message_id")), None)
        if item is None:
            raise BotApiError(400, "Bad Request: message to edit not found")
        if ("file" in item) != is_of_file:
            raise BotApiError(
                400, f"Bad Request: there is no {'caption' if is_of_file else 'text'} in the message to edit"
            )
        text = body.get(field_name)
        if item["text"] == text:
            raise BotApiError(400, "Bad Request: message is not modified: the new content is exactly the same")
        item["text"] = text
        shape = item["message"]
        return {**(shape if isinstance(shape, dict) else {}), field_name: text}

    return edit


def _delete_one(changes: BotChanges, bot: int, body: Mapping[str, Json]) -> Json:
    item = next(changes.find(bot, body, body.get("message_id")), None)
    if item is None:
        raise BotApiError(400, "Bad Request: message to delete not found")
    item["deleted"] = True
    return True


def _delete_some(changes: BotChanges, bot: int, body: Mapping[str, Json]) -> Json:
    for item in changes.find(bot, body, body.get("message_ids")):
        item["deleted"] = True
    return True


def _accept(changes: BotChanges, bot: int, body: Mapping[str, Json]) -> Json:
    return True


CHANGES: Mapping[str, Change] = {
    "editmessagetext": _edit("text", is_of_file=False),
    "editmessagecaption": _edit("caption", is_of_file=True),
    "deletemessage": _delete_one,
    "deletemessages": _delete_some,
    "deletebusinessmessages": _delete_some,
    "setmessagereaction": _accept,
    "sendchataction": _accept,
    "readbusinessmessage": _accept,
}
"""Method in lower case → what it does."""
