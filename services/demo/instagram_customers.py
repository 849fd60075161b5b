"""Customers of the demo shop on Instagram: direct messages, and comments below a post, some with a card number."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.values import Json
from services.demo.crowd import PERSONS, Customers, DemoPerson, WebhookPost
from services.demo.meta_posts import MetaSender

POST = "17900000000000001"
REMEMBERED = 500


def instagram_id(person: DemoPerson) -> str:
    """The id under which the account knows a person."""
    return f"7100000000{person.number:06d}"


BY_ID: Mapping[str, DemoPerson] = {instagram_id(person): person for person in map(DemoPerson, range(PERSONS))}


@dataclass
class InstagramCustomers(Customers):
    """The customers of one Instagram account."""

    sender: MetaSender
    channel: str = "instagram"
    _comments: "OrderedDict[str, DemoPerson]" = field(default_factory=OrderedDict)

    def write(self, now: datetime) -> list[WebhookPost]:
        """See `Crowd`. A third is public: comments below a post, and some of those give away a card number."""
        if not self.occupancy.begin():
            return []
        person, random = self.imagination.person(), self.imagination.random
        # The first one shows what happens to a card number in public; whoever tries the demo should not have to wait for it.
        if not self._comments or random.random() < 0.35:
            is_card = not self._comments or random.random() < 0.4
            return [self._comments_publicly(person, now, topic_is_card=is_card)]
        name = self._new_name()
        if random.random() < 0.08:
            taken_back: dict[str, Json] = {"mid": name, "is_deleted": True}
            self._agenda.add(now, 3, 9, lambda at: self._event(person, at, {"message": taken_back}))
        return [self._says(person, name, self.imagination.question(person), now, story=random.random() < 0.15)]

    def on_sent(self, item: Mapping[str, Any], now: datetime) -> None:
        """See `Crowd`. Whoever was answered in private goes on there; direct messages are read, some are answered."""
        person = BY_ID.get(str(item.get("to", ""))) or self._comments.get(str(item.get("in_reply_to", "")))
        if person is None or "id" not in item:
            return
        if "in_reply_to" in item:
            return
        self._agenda.add(now, 1, 5, self._reads(person, str(item["id"])))
        answer = (
            self.imagination.question(person, "payment") if item.get("comment") else self.imagination.answer(person)
        )
        if answer is not None:
            self._agenda.add(now, 6, 20, lambda at: self._says(person, self._new_name(), answer, at))

    # -- shapes of developers.facebook.com/docs/instagram-platform/webhooks/examples -------------------------------------

    def _new_name(self) -> str:
        return f"aWdfZAG1f{next(self.imagination.numbers)}"

    def _says(self, person: DemoPerson, name: str, text: str, at: datetime, *, story: bool = False) -> WebhookPost:
        message: dict[str, Json] = {"mid": name, "text": text}
        if story:
            message["reply_to"] = {"story": {"id": POST, "url": "https://stories.demo.example/1"}}
        return self._event(person, at, {"message": message})

    def _reads(self, person: DemoPerson, name: str) -> Callable[[datetime], WebhookPost]:
        return lambda at: self._event(person, at, {"read": {"mid": name}})

    def _event(self, person: DemoPerson, at: datetime, content: Mapping[str, Json]) -> WebhookPost:
        parties: dict[str, Json] = {"sender": {"id": instagram_id(person)}, "recipient": {"id": self.sender.entry_id}}
        event: Json = {**parties, "timestamp": int(at.timestamp() * 1000), **content}
        return self.sender.post(instagram_id(person), at, {"messaging": [event]})

    def _comments_publicly(self, person: DemoPerson, at: datetime, *, topic_is_card: bool) -> WebhookPost:
        text = self.imagination.question(person, "card" if topic_is_card else None)
        name, username = f"1790{next(self.imagination.numbers)}", f"demo_customer_{person.number}"
        self._comments[name] = person
        if len(self._comments) > REMEMBERED:
            self._comments.popitem(last=False)
        who: Json = {"id": instagram_id(person), "username": username}
        value: Json = {"id": name, "from": who, "text": text, "media": {"id": POST, "media_product_type": "FEED"}}
        known: dict[str, Json] = {"id": name, "author": instagram_id(person), "text": text, "username": username}
        change: Json = {"field": "comments", "value": value}
        announcement = ("/instagram/_comments", known)
        return self.sender.post(instagram_id(person), at, {"changes": [change]}, announcement)
