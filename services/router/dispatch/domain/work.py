"""Work in units: what a task takes of an agent, and what an agent has in hand, by class of work."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from schemas.channel import Pace
from schemas.values import Surface, WorkClass


class Work(NamedTuple):
    """What a task takes of an agent: so many units of a class."""

    work_class: WorkClass = "chat"
    units: int = 1


ONE_CHAT = Work()


@dataclass(frozen=True, slots=True)
class WorkInHand:
    """The units that an agent's tasks use now, by class. Units of tasks that stopped counting are not among them."""

    chat: int = 0
    mail: int = 0
    call: int = 0
    public: int = 0

    @property
    def live(self) -> int:
        """The units of work whose customer is there now: all but mail."""
        return self.chat + self.call + self.public

    @property
    def total(self) -> int:
        return self.chat + self.call + self.public + self.mail

    def of(self, work_class: WorkClass) -> int:
        """The units of one class."""
        units: int = getattr(self, work_class)
        return units

    def plus(self, work: Work) -> "WorkInHand":
        return self._with(work.work_class, self.of(work.work_class) + work.units)

    def minus(self, work: Work) -> "WorkInHand":
        return self._with(work.work_class, self.of(work.work_class) - work.units)

    def by_class(self) -> dict[WorkClass, int]:
        """The units of each class that has any."""
        units: dict[WorkClass, int] = {
            "chat": self.chat,
            "mail": self.mail,
            "call": self.call,
            "public": self.public,
        }
        return {work_class: count for work_class, count in units.items() if count}

    def _with(self, work_class: WorkClass, units: int) -> "WorkInHand":
        if work_class == "chat":
            return WorkInHand(units, self.mail, self.call, self.public)
        return replace(self, **{work_class: units})


NOTHING_IN_HAND = WorkInHand()


def class_of_work(surface: Surface, pace: Pace) -> WorkClass:
    """The class of a task: what is public is so on every channel; else it goes by the pace of its channel."""
    classes: dict[Pace, WorkClass] = {"chat": "chat", "mail": "mail", "call": "call", "review": "public"}
    return "public" if surface == "public" else classes[pace]


def load(in_hand: WorkInHand, capacity: int) -> int:
    """The units in use as they are shown: live work, and mail as far as live work leaves units for it.

    Mail yields to live work, so that it never shows an agent as above capacity; live work does when customers came back.
    """
    return in_hand.live + min(in_hand.mail, max(0, capacity - in_hand.live))


def has_room(
    in_hand: WorkInHand, work: Work, capacity: int, limits: Mapping[WorkClass, int], *, call_blocks: bool
) -> bool:
    """Whether an agent with this work may be assigned more of it.

    Live work may use all units, whatever mail is in hand; mail uses what all other work leaves. `limits` are the most units
    of a class. With `call_blocks` a call needs an agent without other live work, and an agent on a call gets no other.
    """
    limit = limits.get(work.work_class)
    if limit is not None and not _fits(in_hand.of(work.work_class), work.units, limit):
        return False
    if work.work_class == "mail":
        return _fits(in_hand.total, work.units, capacity)
    if call_blocks and (in_hand.call or (work.work_class == "call" and in_hand.live)):
        return False
    return _fits(in_hand.live, work.units, capacity)


def _fits(used: int, units: int, maximum: int) -> bool:
    # A task of more units than the maximum would wait for ever; it takes all of an agent who has nothing else.
    return maximum > 0 and used + min(units, maximum) <= maximum
