"""The simulated customers of the demo shop on Telegram, who decide what to write next. Time and randomness are parameters."""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import orjson

from services.demo.corpus import EXCHANGES, OPENING_TOPICS, Topic
from services.demo.crowd import PERSONS, REPLY_PROBABILITY, Occupancy, WebhookPost
from services.demo.numbers import first_number_at
from services.demo.updates import GROUP, DemoCustomer, SentMessage, Update, callback_query, edited
from services.demo.updates import message as message_update

REMEMBERED = 2_000
LINK = re.compile(r"[?&]start=([A-Za-z0-9_-]{1,64})")


@dataclass(slots=True)
class CustomerSimulator:
    """Customers and the state of their conversations."""

    random: Random
    first_number: int
    occupancy: Occupancy = field(default_factory=Occupancy)
    persons: Sequence[int] = range(PERSONS)
    _numbers: "count[int]" = field(init=False)
    _sent: OrderedDict[tuple[int, int], SentMessage] = field(default_factory=OrderedDict)
    _last: Update | None = None
    _due: list[tuple[datetime, SentMessage]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = count(self.first_number)

    @classmethod
    def starting(cls, now: datetime, random: Random, occupancy: Occupancy | None = None) -> "CustomerSimulator":
        """Customers with higher numbers than at any earlier start: the numbers are derived from the time."""
        return cls(random, first_number_at(now), occupancy or Occupancy())

    def due(self, now: datetime) -> list[Update]:
        """The updates that are due."""
        ready = [message for at, message in self._due if at <= now]
        self._due = [(at, message) for at, message in self._due if at > now]
        return [self._post(replace(message, at=now)) for message in ready]

    def write(self, now: datetime) -> list[Update]:
        """A new update, unless the shop is full."""
        more = self.random.choices(list(_EVENT_WEIGHTS), weights=list(_EVENT_WEIGHTS.values()))[0](self, now)
        return [more] if more else []

    def on_bot_message(self, sent: Mapping[str, Any], now: datetime) -> None:
        """A message of the bot reached a customer, who may answer or follow a link into the private chat."""
        before = self._addressee(sent)
        if before is None:
            return
        link = LINK.search(orjson.dumps(dict(sent)).decode())
        if link is not None:
            self._later(now, before.customer, f"/start {link[1]}", 3, 10)
            self._later(now, before.customer, self._text(before.customer, "payment"), 11, 20)
        elif self.random.random() < REPLY_PROBABILITY:
            topic: Topic = "thanks" if self.random.random() < 0.7 else self.random.choice(OPENING_TOPICS)
            self._later(now, before.customer, self._text(before.customer, topic), 4, 25, chat=before.chat)

    # -- kinds of updates ----------------------------------------------------------------------------------------------

    def _new_message(self, now: datetime) -> Update | None:
        customer = DemoCustomer(self.random.choice(self.persons))
        return self._opens(customer, customer.id, self.random.choice(OPENING_TOPICS), now)

    def _writes_in_the_group(self, now: datetime) -> Update | None:
        topic: Topic = "card" if self.random.random() < 0.3 else self.random.choice(OPENING_TOPICS)
        return self._opens(DemoCustomer(self.random.choice(self.persons)), GROUP, topic, now)

    def _edits(self, now: datetime) -> Update | None:
        before = self._random_update()
        if before is None or now - before.at > timedelta(hours=1):
            return None
        return edited(next(self._numbers), replace(before, text=before.text + " 🙏"), now)

    def _callback_query(self, now: datetime) -> Update | None:
        before = self._random_update()
        if before is None or before.chat < 0:
            return None
        menu = replace(before, message_id=next(self._numbers), at=now, text="?")
        return callback_query(next(self._numbers), menu, "order:status")

    def _redeliver(self, now: datetime) -> Update | None:
        """The platform posts an update twice, as after a lost response."""
        return self._last

    # -- state ---------------------------------------------------------------------------------------------------------

    def _opens(self, customer: DemoCustomer, chat: int, topic: Topic, now: datetime) -> Update | None:
        if not self.occupancy.begin():
            return None
        return self._post(SentMessage(customer, chat, next(self._numbers), now, self._text(customer, topic)))

    def _post(self, message: SentMessage) -> Update:
        self._sent[message.chat, message.message_id] = message
        while len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)
        self._last = message_update(next(self._numbers), message)
        return self._last

    def _later(
        self, now: datetime, customer: DemoCustomer, text: str, minimum: int, maximum: int, chat: int | None = None
    ) -> None:
        at = now + timedelta(seconds=self.random.uniform(minimum, maximum))
        self._due.append((at, SentMessage(customer, chat or customer.id, next(self._numbers), at, text)))

    def _text(self, customer: DemoCustomer, topic: Topic) -> str:
        question = self.random.choice(EXCHANGES[customer.language][topic]).question
        return question.format(order=self.random.randint(100_000, 999_999))

    def _random_update(self) -> SentMessage | None:
        return self._sent[self.random.choice(list(self._sent)[-50:])] if self._sent else None

    def _addressee(self, sent: Mapping[str, Any]) -> SentMessage | None:
        chat = int(sent["chat_id"])
        # Telegram names the answered message in `reply_parameters`, Bale beside them.
        replied = int((sent.get("reply_parameters") or {}).get("message_id") or sent.get("reply_to_message_id") or 0)
        last = next((w for w in reversed(self._sent.values()) if w.chat == chat and chat > 0), None)
        return self._sent.get((chat, replied), last)


_EVENT_WEIGHTS: Mapping[Callable[[CustomerSimulator, datetime], Update | None], float] = {
    CustomerSimulator._new_message: 0.82,
    CustomerSimulator._writes_in_the_group: 0.08,
    CustomerSimulator._edits: 0.04,
    CustomerSimulator._redeliver: 0.04,
    CustomerSimulator._callback_query: 0.02,
}


@dataclass
class TelegramCustomers:
    """Makes the calls of Telegram of what its customers do; see `Crowd`. `secret` is the webhook's secret token.

    Bale posts the same, and proves itself by the address alone: no `secret`.
    """

    simulator: CustomerSimulator
    secret: str | None
    channel: str = "telegram"

    def due(self, now: datetime) -> list[WebhookPost]:
        """See `Crowd`."""
        return [self._post(update) for update in self.simulator.due(now)]

    def write(self, now: datetime) -> list[WebhookPost]:
        """See `Crowd`."""
        return [self._post(update) for update in self.simulator.write(now)]

    def on_sent(self, item: Mapping[str, Any], now: datetime) -> None:
        """See `Crowd`."""
        self.simulator.on_bot_message(item, now)

    def _post(self, update: Update) -> WebhookPost:
        proof = {"x-telegram-bot-api-secret-token": self.secret} if self.secret is not None else {}
        headers = {"content-type": "application/json", **proof}
        return WebhookPost(self.channel, str(update.chat), headers, orjson.dumps(update.body))
