"""Customers of the demo shop on Rubika: texts, pictures, keys, edits and deletions in private, and questions in a group."""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from schemas.values import Json
from services.demo.corpus import Topic
from services.demo.crowd import PERSONS, Customers, DemoPerson, WebhookPost
from services.demo.photo import PHOTO
from services.demo.rubika import PHOTO_ID

GROUP = "g0DemoShopQuestions"
LINK = re.compile(r"[?&]st=([A-Za-z0-9_-]{1,64})")
REMEMBERED = 2_000
Make = Callable[[datetime], WebhookPost]


def private_chat(person: DemoPerson) -> str:
    """The id of the private chat of the bot with a person."""
    return f"b0DemoPerson{person.number:03d}"


BY_CHAT: Mapping[str, DemoPerson] = {private_chat(person): person for person in map(DemoPerson, range(PERSONS))}


@dataclass
class RubikaCustomers(Customers):
    """The customers of one bot."""

    channel: str = "rubika"
    _last: WebhookPost | None = None
    _asked: "OrderedDict[str, DemoPerson]" = field(default_factory=OrderedDict)
    """Who wrote a message in the group, by its id."""

    def write(self, now: datetime) -> list[WebhookPost]:
        """See `Crowd`. Now and then Rubika posts something twice, as after an answer that was lost."""
        random = self.imagination.random
        if self._last is not None and random.random() < 0.05:
            return [self._last]
        if not self.occupancy.begin():
            return []
        person, name = self.imagination.person(), self._new_name()
        self._last = self._asks_in_group(person, name, now) if random.random() < 0.12 else self._asks(person, name, now)
        return [self._last]

    def on_sent(self, item: Mapping[str, Any], now: datetime) -> None:
        """See `Crowd`. Who is given a link follows it; some people answer in private."""
        followed = LINK.search(str(item.get("text") or ""))
        asked = self._asked.get(str(item.get("reply_to") or ""))
        if followed is not None and asked is not None:
            self._agenda.add(now, 3, 10, self._starts(asked, followed[1]))
            self._agenda.add(now, 11, 20, self._says(asked, self.imagination.question(asked, "payment")))
            return
        person = BY_CHAT.get(str(item.get("to")))
        answer = self.imagination.answer(person) if person is not None else None
        if person is not None and answer is not None:
            self._agenda.add(now, 4, 25, self._says(person, answer))

    # -- shapes of rubika.ir/botapi/models -------------------------------------------------------------------------------

    def _asks(self, person: DemoPerson, name: str, now: datetime) -> WebhookPost:
        text, chance = self.imagination.question(person), self.imagination.random.random()
        message = _message(person, name, now, text)
        if chance < 0.08:
            better = {**message, "text": f"{text} 🙏", "is_edited": True}
            self._agenda.add(now, 3, 9, lambda at: _post(person, "UpdatedMessage", at, updated_message=better))
        elif chance < 0.14:
            self._agenda.add(now, 3, 9, lambda at: _post(person, "RemovedMessage", at, removed_message_id=name))
        elif chance < 0.25:
            message["file"] = {"file_id": PHOTO_ID, "file_name": "mug.png", "size": str(len(PHOTO))}
        elif chance < 0.35:
            message["aux_data"] = {"start_id": None, "button_id": "question"}
        return _post(person, "NewMessage", now, new_message=message)

    def _asks_in_group(self, person: DemoPerson, name: str, now: datetime) -> WebhookPost:
        topic: Topic | None = "card" if self.imagination.random.random() < 0.4 else None
        self._asked[name] = person
        if len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)
        message = _message(person, name, now, self.imagination.question(person, topic))
        return _post(person, "NewMessage", now, GROUP, new_message=message)

    def _says(self, person: DemoPerson, text: str) -> Make:
        return lambda at: _post(person, "NewMessage", at, new_message=_message(person, self._new_name(), at, text))

    def _starts(self, person: DemoPerson, token: str) -> Make:
        def start(at: datetime) -> WebhookPost:
            pressed: dict[str, Json] = {"start_id": token, "button_id": None}
            message = {**_message(person, self._new_name(), at, ""), "aux_data": pressed}
            return _post(person, "StartedBot", at, new_message=message)

        return start

    def _new_name(self) -> str:
        return str(next(self.imagination.numbers))


def _message(person: DemoPerson, name: str, at: datetime, text: str) -> dict[str, Json]:
    sender: dict[str, Json] = {"sender_type": "User", "sender_id": f"u0DemoPerson{person.number:03d}"}
    return {"message_id": name, "text": text, "time": str(int(at.timestamp())), "is_edited": False, **sender}


def _post(person: DemoPerson, kind: str, at: datetime, chat: str | None = None, **content: Json) -> WebhookPost:
    update = {
        "type": kind,
        "chat_id": chat or private_chat(person),
        "update_time": int(at.timestamp()),
        **content,
    }
    headers = {"content-type": "application/json"}
    return WebhookPost("rubika", private_chat(person), headers, orjson.dumps({"update": update}))
