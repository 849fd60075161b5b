"""Customers of the demo shop who review it at Trustpilot: they come with stars, and change them after they were answered."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from schemas.values import Json
from services.demo.corpus import Topic
from services.demo.crowd import PERSONS, Customers, DemoPerson, WebhookPost

REMEMBERED = 500
STARS: Mapping[Topic, int] = {"thanks": 5, "product": 4, "delivery": 3, "payment": 2, "refund": 2, "complaint": 2}
"""What people write about → how many stars they give at first."""


def consumer_id(person: DemoPerson) -> str:
    """Trustpilot's id of a person."""
    return f"{person.number + 0x5B1E00000000:024x}"


BY_CONSUMER: Mapping[str, DemoPerson] = {consumer_id(person): person for person in map(DemoPerson, range(PERSONS))}


@dataclass(frozen=True, slots=True)
class DemoReview:
    """A review of the shop."""

    id: str
    person: DemoPerson
    stars: int
    text: str
    at: datetime


@dataclass
class Reviewers(Customers):
    """The customers who write reviews."""

    channel: str = "reviews"
    _reviews: "OrderedDict[str, DemoReview]" = field(default_factory=OrderedDict)

    def write(self, now: datetime) -> list[WebhookPost]:
        """See `Crowd`."""
        if not self.occupancy.begin():
            return []
        person, random = self.imagination.person(), self.imagination.random
        topic = random.choice(list(STARS))
        text = self.imagination.question(person, topic)
        review = DemoReview(f"{next(self.imagination.numbers):024x}", person, STARS[topic], text, now)
        self._reviews[review.id] = review
        while len(self._reviews) > REMEMBERED:
            self._reviews.popitem(last=False)
        return [_post("created", review, now)]

    def on_sent(self, item: Mapping[str, Any], now: datetime) -> None:
        """See `Crowd`. Some take all stars but one away, some give five, and some delete the review."""
        review, chance = self._reviews.pop(str(item.get("to")), None), self.imagination.random.random()
        if review is None:
            return
        if chance < 0.3:
            text = self.imagination.question(review.person, "complaint")
            self._agenda.add(now, 15, 60, lambda at: _post("updated", review, at, stars=1, text=text))
        elif chance < 0.6:
            text = self.imagination.question(review.person, "thanks")
            self._agenda.add(now, 15, 60, lambda at: _post("updated", review, at, stars=5, text=text))
        elif chance < 0.65:
            self._agenda.add(now, 15, 60, lambda at: _post("deleted", review, at))


def _post(change: str, review: DemoReview, at: datetime, **changes: Json) -> WebhookPost:
    """The webhook about a review (support.trustpilot.com, "How to set up Trustpilot Webhooks")."""
    consumer: Json = {"id": consumer_id(review.person), "name": review.person.name}
    data: dict[str, Json] = {"id": review.id, "consumer": consumer}
    if change != "deleted":
        data |= {
            "language": review.person.language,
            "stars": review.stars,
            "text": review.text,
            "createdAt": review.at.isoformat(),
        }
    if change == "updated":
        data |= {"updatedAt": at.isoformat(), **changes}
    body: Json = {"events": [{"eventName": f"service-review-{change}", "version": "1", "eventData": data}]}
    lane = consumer_id(review.person)
    return WebhookPost("reviews", lane, {"content-type": "application/json"}, orjson.dumps(body))
