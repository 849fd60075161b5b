"""What the simulated customers of every channel share: the calls of a platform, when they are due, and how full the shop is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Protocol

from schemas.values import Json
from services.demo.corpus import EXCHANGES, LANGUAGES, NAMES, OPENING_TOPICS, Language, Topic

PERSONS = 240
MAX_OPEN = 60
REPLY_PROBABILITY = 0.35


@dataclass(frozen=True, slots=True)
class WebhookPost:
    """One call of a platform. Calls of one `lane` are made in order.

    `announcement`: what the stand-in has to know first, as its path and a body. `query`: parameters of the address.
    """

    channel: str
    lane: str
    headers: Mapping[str, str]
    body: bytes
    announcement: tuple[str, Mapping[str, Json]] | None = None
    query: str = ""


def with_query(address: str, query: str) -> str:
    """The address with these parameters, as it is called and, at Twilio, signed."""
    return f"{address}?{query}" if query else address


class Crowd(Protocol):
    """The customers of one channel. Time and randomness are parameters."""

    @property
    def channel(self) -> str:
        """The channel's name."""
        ...

    def due(self, now: datetime) -> list[WebhookPost]:
        """What was to happen by now: answers to what we sent, receipts."""
        ...

    def write(self, now: datetime) -> list[WebhookPost]:
        """What somebody does of their own accord; nothing when the shop is full."""
        ...

    def on_sent(self, item: Mapping[str, Any], now: datetime) -> None:
        """The platform took something of ours, as its stand-in lists it."""
        ...


@dataclass
class Occupancy:
    """How full the shop is: conversations that are open, and those begun since they were counted."""

    open: int = 0
    begun: int = 0

    def counted(self, open_conversations: int) -> None:
        """Set the number of open conversations."""
        self.open, self.begun = open_conversations, 0

    def begin(self) -> bool:
        """Begin another conversation, unless `MAX_OPEN` are open."""
        if self.open + self.begun >= MAX_OPEN:
            return False
        self.begun += 1
        return True


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A customer. Name and language are derived from the number, the same on every channel."""

    number: int

    @property
    def language(self) -> Language:
        return LANGUAGES[self.number % len(LANGUAGES)]

    @property
    def name(self) -> str:
        names = NAMES[self.language]
        return names[self.number // len(LANGUAGES) % len(names)]


Make = Callable[[datetime], WebhookPost]


@dataclass
class Agenda:
    """Calls that are to come."""

    random: Random
    _waiting: list[tuple[datetime, Make]] = field(default_factory=list)

    def add(self, now: datetime, minimum: float, maximum: float, make: Make) -> None:
        """Let a call happen between so many seconds from now."""
        self._waiting.append((now + timedelta(seconds=self.random.uniform(minimum, maximum)), make))

    def take(self, now: datetime) -> list[WebhookPost]:
        """The calls that are due, in their order."""
        ready = sorted((at for at in self._waiting if at[0] <= now), key=lambda one: one[0])
        self._waiting = [one for one in self._waiting if one[0] > now]
        return [make(at) for at, make in ready]


@dataclass
class Imagination:
    """Who writes and what, by chance; and numbers that no earlier start has used."""

    random: Random
    numbers: "count[int]"

    def person(self) -> DemoPerson:
        """Somebody."""
        return DemoPerson(self.random.randrange(PERSONS))

    def question(self, person: DemoPerson, topic: Topic | None = None) -> str:
        """What a person writes, about what brings people to a shop unless a topic is given."""
        chosen = self.random.choice(OPENING_TOPICS) if topic is None else topic
        text = self.random.choice(EXCHANGES[person.language][chosen]).question
        return text.format(order=self.random.randint(100_000, 999_999))

    def answer(self, person: DemoPerson) -> str | None:
        """What a person writes back, if anything: often thanks."""
        if self.random.random() >= REPLY_PROBABILITY:
            return None
        return self.question(person, "thanks" if self.random.random() < 0.7 else None)


@dataclass
class Customers:
    """What the customers of one channel have: what they think of, the shop, and what they are about to do."""

    imagination: Imagination
    occupancy: Occupancy
    _agenda: Agenda = field(init=False)

    def __post_init__(self) -> None:
        self._agenda = Agenda(self.imagination.random)

    def due(self, now: datetime) -> list[WebhookPost]:
        """See `Crowd`."""
        return self._agenda.take(now)
