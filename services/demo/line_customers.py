"""Customers of the demo shop on LINE: texts, pictures, messages that are unsent, in private and in a group."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from schemas.values import Json
from services.demo.crowd import PERSONS, Customers, DemoPerson, WebhookPost

GROUP = f"C{'0' * 30}99"


def user_id(person: DemoPerson) -> str:
    """The id of a person for the provider of the demo shop."""
    return f"U{person.number:032d}"


BY_USER: Mapping[str, DemoPerson] = {user_id(person): person for person in map(DemoPerson, range(PERSONS))}


@dataclass
class LineCustomers(Customers):
    """The customers of one official account, whose webhooks are signed with `channel_secret`."""

    channel_secret: str
    channel: str = "line"

    def write(self, now: datetime) -> list[WebhookPost]:
        """See `Crowd`."""
        if not self.occupancy.begin():
            return []
        person, random = self.imagination.person(), self.imagination.random
        number, is_public = self._number(), random.random() < 0.1
        if random.random() < 0.05:
            self._agenda.add(now, 3, 9, lambda at: self._unsends(person, number, at, is_public=is_public))
        text: dict[str, Json] = {"type": "text", "id": number, "text": self.imagination.question(person)}
        return [self._says(person, now, text, is_public=is_public)]

    def on_sent(self, item: Mapping[str, Any], now: datetime) -> None:
        """See `Crowd`. Some answer what reached them in private, now and then by a picture."""
        person = BY_USER.get(str(item.get("to", "")))
        answer = self.imagination.answer(person) if person is not None and "id" in item else None
        if person is None or answer is None:
            return
        said: dict[str, Json] = {"type": "text", "text": answer}
        if self.imagination.random.random() < 0.15:
            said = {"type": "image", "contentProvider": {"type": "line"}}
        self._agenda.add(now, 6, 25, lambda at: self._says(person, at, {"id": self._number(), **said}))

    # -- shapes of developers.line.biz/en/reference/messaging-api/#webhook-event-objects ---------------------------------

    def _number(self) -> str:
        return f"5{next(self.imagination.numbers):017d}"

    def _says(
        self, person: DemoPerson, at: datetime, message: dict[str, Json], *, is_public: bool = False
    ) -> WebhookPost:
        return self._post(person, at, {"type": "message", "message": message}, is_public=is_public)

    def _unsends(self, person: DemoPerson, number: str, at: datetime, *, is_public: bool) -> WebhookPost:
        return self._post(person, at, {"type": "unsend", "unsend": {"messageId": number}}, is_public=is_public)

    def _post(self, person: DemoPerson, at: datetime, content: dict[str, Json], *, is_public: bool) -> WebhookPost:
        place: dict[str, Json] = {"type": "group", "groupId": GROUP} if is_public else {"type": "user"}
        event: Json = {
            "mode": "active",
            "timestamp": int(at.timestamp() * 1000),
            "webhookEventId": f"01DEMO{next(self.imagination.numbers):020d}",
            "deliveryContext": {"isRedelivery": False},
            "source": {**place, "userId": user_id(person)},
            **content,
        }
        body = orjson.dumps({"destination": "U0", "events": [event]})
        signature = b64encode(hmac.digest(self.channel_secret.encode(), body, hashlib.sha256)).decode()
        headers = {"content-type": "application/json", "x-line-signature": signature}
        return WebhookPost(self.channel, user_id(person), headers, body)
