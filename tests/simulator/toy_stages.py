"""A plain graph of two stages that forward and count: enough to show that every event acts exactly once.

`alpha` reads `inbound` and, from beta, `deliveries` and `assignments`; `beta` reads `outbound` and `conversations`.
Each keeps a document per event it acted on, with how often; the documents are the truth that the checks look at.
"""

from collections.abc import Iterable, Sequence, Set
from datetime import timedelta

from schemas.envelope import Event
from schemas.values import Contract, Instant
from services.platform.processing.inputs import Input, ReceivedEvent, TimerFired
from services.platform.processing.reads import Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.port import Collection
from tests.toy_processor import ToyProcessor


class Acted(Contract):
    """How often one event was acted on, and when (by the batch) for the first time."""

    times: int
    at: Instant


class Ticket(Contract):
    """What flows: the number of the order that a customer placed, and which hop this is."""

    order: str
    hop: int = 0


class Fired(Contract):
    """A timer that fired, and when it was due."""

    due_at: Instant


ALPHA_ACTED = Collection("alpha_acted", Acted, writer="alpha")
BETA_ACTED = Collection("beta_acted", Acted, writer="beta")
FIRED = Collection("fired", Fired, writer="beta")
POISON = "poison"
CANCELS = "cancel-"
ANSWER = "answer/"
"""How the timer of an order is called, before the order."""


def act(work: UnitOfWork, collection: Collection[Acted], name: str) -> bool:
    """Count one act; True the first time."""
    known = work.get(collection, name)
    times = known.times + 1 if known else 1
    work.put(collection, name, Acted(times=times, at=known.at if known else work.now))
    return known is None


class Plain(ToyProcessor):
    """What both stages share: one document per event name, fetched for the batch."""

    acted: Collection[Acted]

    def reads(self, one: Input) -> Iterable[Read]:
        return (Documents(self.acted, [self.name_of(one)]),)

    @staticmethod
    def name_of(one: Input) -> str:
        """What an input is called, the same at every delivery of it."""
        if isinstance(one, ReceivedEvent):
            return f"{one.event.type}:{one.event.data['order']}:{one.event.data.get('hop', 0)}"
        return f"wake:{one.name.removeprefix(ANSWER)}" if isinstance(one, TimerFired) else f"done:{one.name}"


class Alpha(Plain):
    """Forwards each order to beta on two topics; dedupes what row-less writers repeat by its id."""

    group = "alpha"
    topics = ("inbound", "deliveries", "assignments")
    acted = ALPHA_ACTED
    collections = (ALPHA_ACTED,)

    def decide(self, work: UnitOfWork, one: Input) -> None:
        name = self.name_of(one)
        if isinstance(one, ReceivedEvent) and one.event.type == "pasokh.inbound.message":
            self._place(work, one.event, name)
        else:
            act(work, self.acted, name)

    def _place(self, work: UnitOfWork, event: Event, name: str) -> None:
        order = str(event.data["order"])
        if order.startswith(POISON):
            raise ValueError("an order that nobody can read")
        if work.get(self.acted, name) is not None:
            return
        act(work, self.acted, name)
        key = event.partitionkey
        if order.startswith(CANCELS):
            work.emit("pasokh.conversation.closed", key, Ticket(order=order.removeprefix(CANCELS)))
            return
        for hop in range(3):
            work.emit("pasokh.outbound.message", key, Ticket(order=order, hop=hop))
            work.emit("pasokh.conversation.opened", key, Ticket(order=order, hop=hop))


class Beta(Plain):
    """Answers on two topics, once at once and once after a timer."""

    group = "beta"
    topics = ("outbound", "conversations")
    acted = BETA_ACTED
    collections = (BETA_ACTED, FIRED)
    timers = (ANSWER,)

    def decide(self, work: UnitOfWork, one: Input) -> None:
        name = self.name_of(one)
        act(work, self.acted, name)
        if isinstance(one, TimerFired):
            order = one.name.removeprefix(ANSWER)
            work.put(FIRED, order, Fired(due_at=one.due_at))
            work.emit("pasokh.assignment.assigned", str(one.data["key"]), Ticket(order=order, hop=9))
        elif isinstance(one, ReceivedEvent):
            self._answer(work, one.event)

    def _answer(self, work: UnitOfWork, event: Event) -> None:
        ticket, key = Ticket.model_validate(event.data), event.partitionkey
        if event.type == "pasokh.outbound.message":
            work.emit("pasokh.delivery.sent", key, ticket)
            work.emit("pasokh.assignment.assigned", key, ticket)
        elif event.type == "pasokh.conversation.closed":
            work.cancel_timer(f"{ANSWER}{ticket.order}")
        elif ticket.hop == 0:
            work.set_timer(f"{ANSWER}{ticket.order}", work.now + timedelta(seconds=3), {"key": key})


def expected_alpha(orders: Sequence[str], fired: Set[str]) -> set[str]:
    """Every name that alpha must have acted on once."""
    names = {f"pasokh.inbound.message:{o}:0" for o in orders}
    for order in (o for o in orders if not o.startswith(CANCELS)):
        names |= {f"pasokh.delivery.sent:{order}:{hop}" for hop in range(3)}
        names |= {f"pasokh.assignment.assigned:{order}:{hop}" for hop in range(3)}
    return names | {f"pasokh.assignment.assigned:{o}:9" for o in fired}


def expected_beta(orders: Sequence[str], fired: Set[str]) -> set[str]:
    """Every name that beta must have acted on once."""
    names = {f"wake:{o}" for o in fired}
    for order in (o for o in orders if not o.startswith(CANCELS)):
        names |= {f"pasokh.outbound.message:{order}:{hop}" for hop in range(3)}
        names |= {f"pasokh.conversation.opened:{order}:{hop}" for hop in range(3)}
    return names | {f"pasokh.conversation.closed:{o.removeprefix(CANCELS)}:0" for o in orders if o.startswith(CANCELS)}
