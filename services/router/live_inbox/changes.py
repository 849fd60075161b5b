"""What facts say has changed in an inbox: which conversations and messages, and who may have seen them before. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from schemas.conversation import Conversation, ConversationFact, Status
from schemas.customer import CustomerFact
from schemas.envelope import Event
from schemas.events import CONVERSATION, CUSTOMER, OFFER, SLA
from schemas.routing import OfferFact
from schemas.sla import ClockFact
from services.domain.conversation_state import ConversationState
from services.domain.inbox import Shelf, shelf
from services.domain.lifecycle import is_offered

log = structlog.get_logger(__name__)
CLOCKS_OVER = frozenset({"late", "fulfilled", "cancelled"})
"""The facts after which a clock is not open any more."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides who may see a conversation, and in which views, at some time (`services.domain.viewer`)."""

    status: Status
    team: str
    agent: str | None = None
    offered_to: str | None = None
    mentioned: tuple[str, ...] = ()
    is_snoozed: bool = False

    @property
    def shelf(self) -> Shelf:
        """Where it stood for the lists."""
        return shelf(self.status, is_snoozed=self.is_snoozed)


def standing_of(case: ConversationState) -> Standing:
    """Who may see a conversation, as it is stored."""
    return Standing(
        case.status,
        case.team,
        case.agent,
        case.offered_to,
        tuple(sorted(case.mentioned)),
        case.snoozed_until is not None,
    )


def standing_shown(shown: Conversation) -> Standing:
    """The same of one that a fact shows."""
    offered = shown.offer.agent if shown.offer is not None and is_offered(shown.status) else None
    return Standing(
        shown.status, shown.team, shown.agent, offered, tuple(sorted(shown.mentioned)), shown.snoozed_until is not None
    )


@dataclass(slots=True)
class CaseChange:
    """A conversation that changed since `since`: how it stood meanwhile. `is_new`: nobody saw it before.

    `message_ids` are those of its messages that changed. `is_quiet`: it is read, but did not change.
    """

    since: datetime
    is_new: bool = False
    is_quiet: bool = False
    standings: set[Standing] = field(default_factory=set)
    message_ids: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OfferNews:
    """An offer was made, or ended for a reason."""

    word: str
    fact: OfferFact


@dataclass(frozen=True, slots=True)
class ClockNews:
    """A clock changed, which the conversation shows once its processor has read the fact. `looks`: how often it did not yet."""

    fact: ClockFact
    is_over: bool
    looks: int = 0


@dataclass(slots=True)
class InboxChanges:
    """What changed since the last look. `asides` are events about conversations for all who may see these.

    `readers` are agents who have read conversations, with these: for them alone the row changed. `customers` are facts of who is one
    customer.
    """

    cases: dict[str, CaseChange] = field(default_factory=dict)
    offers: list[OfferNews] = field(default_factory=list)
    clocks: dict[tuple[str, str], ClockNews] = field(default_factory=dict)
    asides: list[tuple[str, bytes]] = field(default_factory=list)
    readers: list[tuple[str, str]] = field(default_factory=list)
    customers: list[CustomerFact] = field(default_factory=list)

    def note(self, event: Event) -> None:
        """Take in a fact. One about nothing that an inbox shows, or that cannot be read, changes nothing."""
        try:
            self._note(event)
        except ValueError as error:
            log.warning("fact_not_shown", event=event.id, reason=type(error).__name__)

    def _note(self, event: Event) -> None:
        if event.type.startswith(CONVERSATION):
            self._note_case(event)
        elif event.type.startswith(OFFER):
            news = event.payload_as(OfferFact)
            self._case(news.conversation, event.time)
            self.offers.append(OfferNews(event.type.removeprefix(OFFER), news))
        elif event.type.startswith(SLA):
            clock = event.payload_as(ClockFact)
            self._case(clock.conversation, event.time)
            # The latest of a clock says it all: an earlier one is shown no more.
            is_over = event.type.removeprefix(SLA) in CLOCKS_OVER
            self.clocks[clock.conversation, clock.metric] = ClockNews(clock, is_over)
        elif event.type.startswith(CUSTOMER):
            self.customers.append(event.payload_as(CustomerFact))

    def touch(self, conversation: str, at: datetime) -> None:
        """A conversation is to be shown anew."""
        self._case(conversation, at)

    def glance(self, conversation: str, at: datetime) -> None:
        """A conversation is to be read, though it did not change."""
        self.cases.setdefault(conversation, CaseChange(at, is_quiet=True))

    def report(self, conversation: str, messages: Iterable[str], at: datetime) -> None:
        """Messages of a conversation changed, and nothing else of it."""
        self.glance(conversation, at)
        self.cases[conversation].message_ids |= dict.fromkeys(messages)

    def remark(self, conversation: str, event: bytes, at: datetime) -> None:
        """An event about a conversation that did not change, for all who may see it."""
        self.glance(conversation, at)
        self.asides.append((conversation, event))

    def read_by(self, conversation: str, agent: str, at: datetime) -> None:
        """An agent has read a conversation, or made it unread."""
        self.glance(conversation, at)
        self.readers.append((conversation, agent))

    def merge(self, later: "InboxChanges") -> None:
        """Take in what came after."""
        for conversation, change in later.cases.items():
            if change.is_quiet:
                self.report(conversation, change.message_ids, change.since)
                continue
            known = self._case(conversation, change.since)
            known.is_new |= change.is_new
            known.standings |= change.standings
            known.message_ids |= change.message_ids
        self.offers.extend(later.offers)
        self.clocks |= later.clocks
        self.asides.extend(later.asides)
        self.readers.extend(later.readers)
        self.customers.extend(later.customers)

    def message_ids(self) -> Iterable[str]:
        """All messages that changed."""
        return (message for change in self.cases.values() for message in change.message_ids)

    def _note_case(self, event: Event) -> None:
        fact = event.payload_as(ConversationFact)
        change = self._case(fact.conversation, event.time)
        change.is_new |= event.type == f"{CONVERSATION}opened"
        change.standings.add(standing_shown(fact.snapshot))
        if fact.message is not None:
            change.message_ids[fact.message] = None

    def _case(self, conversation: str, at: datetime) -> CaseChange:
        change = self.cases.setdefault(conversation, CaseChange(at))
        change.since, change.is_quiet = min(change.since, at), False
        return change
