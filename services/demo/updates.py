"""Updates as Telegram posts them to a webhook (core.telegram.org/bots/api#update)."""

from dataclasses import dataclass
from datetime import datetime

from schemas.values import Json
from services.demo.crowd import DemoPerson

GROUP = -1_002_000_000_001


@dataclass(frozen=True, slots=True)
class DemoCustomer(DemoPerson):
    """A person on Telegram. The id is derived from the number."""

    @property
    def id(self) -> int:
        return 700_000_000 + self.number

    def sender(self) -> dict[str, Json]:
        return {"id": self.id, "is_bot": False, "first_name": self.name, "language_code": self.language}


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message of a customer. `chat` is the customer's id in private, else the id of the group."""

    customer: DemoCustomer
    chat: int
    message_id: int
    at: datetime
    text: str

    def shape(self) -> dict[str, Json]:
        chat: dict[str, Json] = {"id": self.chat, "type": "private", "first_name": self.customer.name}
        if self.chat < 0:
            chat = {"id": self.chat, "type": "supergroup", "title": "Demo shop: questions"}
        return {
            "message_id": self.message_id,
            "from": self.customer.sender(),
            "chat": chat,
            "date": int(self.at.timestamp()),
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Update:
    """One update. Updates of one chat are delivered in order."""

    chat: int
    body: dict[str, Json]


def message(update_id: int, message: SentMessage) -> Update:
    """The update of a new message."""
    return Update(message.chat, {"update_id": update_id, "message": message.shape()})


def edited(update_id: int, message: SentMessage, at: datetime) -> Update:
    """The update of an edited message; `written` has the new text."""
    body = {**message.shape(), "edit_date": int(at.timestamp())}
    return Update(message.chat, {"update_id": update_id, "edited_message": body})


def callback_query(update_id: int, message: SentMessage, data: str) -> Update:
    """The update of a pressed button below a message of the bot."""
    query: dict[str, Json] = {
        "id": str(update_id),
        "from": message.customer.sender(),
        "chat_instance": str(message.chat),
        "message": {**message.shape(), "from": {"id": 7_000_000_001, "is_bot": True, "first_name": "Demo shop"}},
        "data": data,
    }
    return Update(message.chat, {"update_id": update_id, "callback_query": query})
