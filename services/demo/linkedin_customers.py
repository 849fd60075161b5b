"""Members who write to the demo shop on LinkedIn: comments below its posts, posts that mention it, changes and likes."""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from schemas.values import Json
from services.demo.accounts import Credentials, StandIns
from services.demo.corpus import Topic
from services.demo.crowd import PERSONS, Crowd, Customers, DemoPerson, WebhookPost
from services.demo.demo_channel import CrowdContext, DemoChannel
from services.demo.linkedin import ORGANIZATION, FakeLinkedin

REMEMBERED = 500
PUBLIC_TOPICS: tuple[Topic, ...] = ("product", "product", "complaint")
"""What people write about where everybody reads: hardly anybody names an order there."""
POSTS = tuple(f"urn:li:activity:{number}" for number in range(7_100_000_000_000_000_001, 7_100_000_000_000_000_004))
"""The posts of the Page that are commented on."""


def member(person: DemoPerson) -> str:
    """The URN of a person."""
    return f"urn:li:person:Demo{person.number:03d}"


BY_MEMBER: Mapping[str, DemoPerson] = {member(person): person for person in map(DemoPerson, range(PERSONS))}


@dataclass(frozen=True, slots=True)
class WrittenPost:
    """Who wrote a comment or a post, and the URN of the post that it is or stands below."""

    person: DemoPerson
    thread: str


@dataclass
class LinkedinCustomers(Customers):
    """The members around one Page, whose notifications are signed with `client_secret`."""

    client_secret: str
    channel: str = "linkedin"
    _written: "OrderedDict[str, WrittenPost]" = field(default_factory=OrderedDict)
    """What we may answer, by its URN."""

    def write(self, now: datetime) -> list[WebhookPost]:
        """See `Crowd`. Some give away a card number, some change what they wrote or take it back, and some mention the Page."""
        if not self.occupancy.begin():
            return []
        person, chance = self.imagination.person(), self.imagination.random.random()
        if chance < 0.1:
            return [self._mentions(person, now)]
        topic = "card" if chance < 0.18 else self._topic()
        text = self.imagination.question(person, topic)
        number, thread = self._number(), self.imagination.random.choice(POSTS)
        if 0.2 < chance < 0.26:
            self._agenda.add(now, 3, 9, self._later("COMMENT_EDIT", person, thread, number, f"{text} 🙏"))
        elif 0.26 < chance < 0.3:
            self._agenda.add(now, 3, 9, self._later("COMMENT_DELETE", person, thread, number))
        self._remember(_comment_urn(thread, number), WrittenPost(person, thread))
        return [self._comment("COMMENT", person, thread, number, text, now)]

    def on_sent(self, item: Mapping[str, Any], now: datetime) -> None:
        """See `Crowd`. LinkedIn reports the Page's comment; some like it, and some answer below it."""
        answered = self._written.get(str(item.get("reply_to", "")))
        if answered is None or "id" not in item:
            return
        person, thread, number = answered.person, answered.thread, str(item["id"])
        self._agenda.add(now, 1, 3, self._later("ADMIN_COMMENT", person, thread, number, str(item["text"])))
        if self.imagination.random.random() < 0.2:
            self._agenda.add(now, 4, 9, self._likes(person, thread, number))
        answer = self.imagination.answer(person)
        if answer is not None:
            above = str(item["reply_to"]) if str(item["reply_to"]) != thread else _comment_urn(thread, number)
            self._remember(above, answered)
            self._agenda.add(now, 6, 25, self._later("COMMENT", person, thread, self._number(), answer, above))

    def _topic(self) -> Topic:
        return self.imagination.random.choice(PUBLIC_TOPICS)

    def _remember(self, urn: str, written: WrittenPost) -> None:
        self._written[urn] = written
        while len(self._written) > REMEMBERED:
            self._written.popitem(last=False)

    # -- shapes of …/community-management/organizations/organization-social-action-notifications ------------------------

    def _number(self) -> str:
        return f"72{next(self.imagination.numbers):017d}"

    def _later(
        self,
        action: str,
        person: DemoPerson,
        thread: str,
        number: str,
        text: str | None = None,
        above: str | None = None,
    ) -> Callable[[datetime], WebhookPost]:
        return lambda at: self._comment(action, person, thread, number, text, at, above)

    def _comment(
        self,
        action: str,
        person: DemoPerson,
        thread: str,
        number: str,
        text: str | None,
        at: datetime,
        above: str | None = None,
    ) -> WebhookPost:
        comment: dict[str, Json] = {
            "entity": _comment_urn(thread, number),
            "owner": member(person),
            "object": thread,
            **({"text": text} if text is not None else {}),
            **({"parentComment": above} if above is not None else {}),
        }
        about: dict[str, Json] = {"sourcePost": thread, "generatedActivity": _comment_urn(thread, number)}
        return self._post(person, action, at, {**about, "decoratedGeneratedActivity": {"comment": comment}})

    def _likes(self, person: DemoPerson, thread: str, number: str) -> Callable[[datetime], WebhookPost]:
        like: Json = {"owner": member(person), "object": _comment_urn(thread, number)}
        about: dict[str, Json] = {"sourcePost": thread, "decoratedGeneratedActivity": {"like": like}}
        return lambda at: self._post(person, "LIKE", at, about)

    def _mentions(self, person: DemoPerson, at: datetime) -> WebhookPost:
        post = f"urn:li:share:{self._number()}"
        self._remember(post, WrittenPost(person, post))
        share: Json = {
            "entity": post,
            "owner": member(person),
            "text": self.imagination.question(person, self._topic()),
        }
        about: dict[str, Json] = {"generatedActivity": post, "decoratedGeneratedActivity": {"share": share}}
        return self._post(person, "SHARE_MENTION", at, about)

    def _post(self, person: DemoPerson, action: str, at: datetime, about: Mapping[str, Json]) -> WebhookPost:
        notification: Json = {
            "action": action,
            "notificationId": next(self.imagination.numbers),
            "organizationalEntity": ORGANIZATION,
            "lastModifiedAt": int(at.timestamp() * 1000),
            **about,
        }
        body = orjson.dumps({"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": [notification]})
        signature = hmac.digest(self.client_secret.encode(), b"hmacsha256=" + body, hashlib.sha256).hex()
        headers = {"content-type": "application/json", "x-li-signature": signature}
        return WebhookPost(self.channel, member(person), headers, body)


def _comment_urn(thread: str, number: str) -> str:
    return f"urn:li:comment:({thread},{number})"


def _account(credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    return {
        "name": "Demo shop on LinkedIn",
        "credentials": {
            "client_id": "77demoshop",
            "client_secret": credentials.secret("linkedin app"),
            "refresh_token": credentials.secret("linkedin grant"),
            "organization": ORGANIZATION,
        },
        "api_base": f"{stand_ins.url}/linkedin",
    }


def _crowd(context: CrowdContext) -> Crowd:
    return LinkedinCustomers(context.imagination, context.occupancy, context.credentials.secret("linkedin app"))


LINKEDIN = DemoChannel(
    name="linkedin",
    account=_account,
    stand_in=lambda log: FakeLinkedin(log=log).app,
    crowd=_crowd,
    share=0.05,
)
