"""Customers of the demo shop on X: mentions in public, some with a card number, and direct messages."""

import hashlib
import hmac
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from schemas.values import Json
from services.demo.crowd import PERSONS, Customers, DemoPerson, WebhookPost
from services.demo.x import USER_ID

REMEMBERED = 500


def x_id(person: DemoPerson) -> str:
    """The user id of a person."""
    return f"1600000000000000{person.number:03d}"


BY_X_ID: Mapping[str, DemoPerson] = {x_id(person): person for person in map(DemoPerson, range(PERSONS))}


@dataclass
class XCustomers(Customers):
    """The customers of one account, whose webhooks are signed with `consumer_secret`."""

    consumer_secret: str
    channel: str = "x"
    _posts: "OrderedDict[str, DemoPerson]" = field(default_factory=OrderedDict)

    def write(self, now: datetime) -> list[WebhookPost]:
        """See `Crowd`. Half is public, and some of that gives away a card number."""
        if not self.occupancy.begin():
            return []
        person, random = self.imagination.person(), self.imagination.random
        if random.random() < 0.5:
            return [self._says(person, self.imagination.question(person), now)]
        is_card = random.random() < 0.3
        return [self._mentions(person, self.imagination.question(person, "card" if is_card else None), now)]

    def on_sent(self, item: Mapping[str, Any], now: datetime) -> None:
        """See `Crowd`. Who was answered in public goes on in private now and then, who was in private answers."""
        asked = self._posts.get(str(item.get("reply_to", "")))
        person = asked or BY_X_ID.get(str(item.get("to", "")))
        if person is None or "id" not in item:
            return
        answer = self.imagination.question(person, "payment") if asked is not None else self.imagination.answer(person)
        if answer is not None:
            self._agenda.add(now, 6, 25, self._later(person, answer))

    # -- shapes of docs.x.com/x-api/activity/event-payloads --------------------------------------------------------------

    def _later(self, person: DemoPerson, text: str) -> Callable[[datetime], WebhookPost]:
        return lambda at: self._says(person, text, at)

    def _number(self) -> str:
        return f"17{next(self.imagination.numbers):017d}"

    def _mentions(self, person: DemoPerson, text: str, at: datetime) -> WebhookPost:
        number = self._number()
        self._posts[number] = person
        while len(self._posts) > REMEMBERED:
            self._posts.popitem(last=False)
        payload: dict[str, Json] = {
            "id": number,
            "text": f"@pasokh_demo {text}",
            "author_id": x_id(person),
            "created_at": at.isoformat(),
            "conversation_id": number,
            "edit_history_tweet_ids": [number],
        }
        return self._event(person, "post.mention.create", payload)

    def _says(self, person: DemoPerson, text: str, at: datetime) -> WebhookPost:
        said: dict[str, Json] = {
            "target": {"recipient_id": USER_ID},
            "sender_id": x_id(person),
            "message_data": {"text": text},
        }
        event: Json = {
            "type": "message_create",
            "id": self._number(),
            "created_timestamp": str(int(at.timestamp() * 1000)),
            "message_create": said,
        }
        users: Json = {x_id(person): {"data": self._user(person)}}
        return self._event(person, "dm.received", {"direct_message_events": [event], "users": users})

    def _event(self, person: DemoPerson, kind: str, payload: dict[str, Json]) -> WebhookPost:
        event: dict[str, Json] = {
            "event_uuid": self._number(),
            "filter": {"user_id": USER_ID},
            "event_type": kind,
            "payload": payload,
            "includes": {"users": [self._user(person)]},
        }
        body = orjson.dumps({"data": event})
        digest = b64encode(hmac.digest(self.consumer_secret.encode(), body, hashlib.sha256)).decode()
        headers = {"content-type": "application/json", "x-twitter-webhooks-signature": f"sha256={digest}"}
        return WebhookPost(self.channel, x_id(person), headers, body)

    def _user(self, person: DemoPerson) -> dict[str, Json]:
        return {"id": x_id(person), "name": person.name, "username": f"customer_{person.number}"}
