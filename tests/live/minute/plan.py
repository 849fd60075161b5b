"""What happens in a minute: who writes when, whose questions are answered, what is restarted. Pure, and one of its seed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from random import Random
from typing import Any, Literal

TEXTS = (
    "Hello, where is my order? It should have come on Monday.",
    "سلام، سفارش من هنوز نرسیده است. لطفا پیگیری کنید.",
    "مرحبا، أريد استرجاع المبلغ الذي دفعته أمس.",
    "Labdien, vai šie apavi ir pieejami 42. izmērā?",
)
MESSAGES_EACH = 4
ANSWERED_OF = 3
"""Every so many-th person is answered, and every second of those conversations is resolved."""
REPEATED_SHARE = 0.05
"""Of the updates: posted once more although they were taken, as after an answer that got lost."""

What = Literal["router", "sla", "Kafka"]
How = Literal["SIGTERM", "kill -9"]


@dataclass(frozen=True, slots=True)
class Restart:
    """One process is ended after `share` of the time, and started again at once."""

    share: float
    what: What
    how: How


RESTARTS = (Restart(1 / 3, "router", "SIGTERM"), Restart(1 / 2, "sla", "kill -9"), Restart(2 / 3, "Kafka", "kill -9"))


@dataclass(frozen=True, slots=True)
class Update:
    """The `index`-th message of a person, to be sent `due` seconds after the begin."""

    person: int
    index: int
    due: float

    @property
    def number(self) -> int:
        """Of the update and of its message; it rises with every message of a person."""
        return self.person * 1000 + self.index + 1

    @property
    def text(self) -> str:
        """Names the update: it is how an installation's messages are told apart."""
        return f"{TEXTS[self.person % len(TEXTS)]} ({name_of(self.person, self.index)})"


def name_of(person: int, index: int) -> str:
    """A word that stands in one text only, and that nothing takes for a number to be masked."""
    return f"c{person}m{index}"


@dataclass(frozen=True)
class Plan:
    """`rate` updates a second for `seconds`, at random moments. `promise_seconds`: until a first response is due."""

    rate: float
    seconds: float
    promise_seconds: float
    workspace: str
    seed: int = 1

    @property
    def persons(self) -> int:
        return max(1, round(self.rate * self.seconds / MESSAGES_EACH))

    @cached_property
    def updates(self) -> list[Update]:
        """In the order of their times; each person's in the order of their index."""
        chance, due = Random(self.seed), 0.0
        written: dict[int, int] = {}
        found = []
        while (due := due + chance.expovariate(self.rate)) < self.seconds:
            person = chance.randint(1, self.persons)
            found.append(Update(person, written.setdefault(person, 0), due))
            written[person] += 1
        return found

    @staticmethod
    def answers(person: int) -> bool:
        """Whether an agent answers this person."""
        return person % ANSWERED_OF == 0

    @staticmethod
    def resolves(person: int) -> bool:
        """Whether that ends the case."""
        return person % (2 * ANSWERED_OF) == 0

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        given: Mapping[str, Any] = json.loads(text)
        return cls(**given)
