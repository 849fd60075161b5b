"""A partition of customers in memory: persons prove names, platforms link them, leads decide."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from schemas.activity import IdentityKind, PersonIdentity
from schemas.commands import CommandResult
from schemas.customer import CustomerLinked, IdentityProven, JoinPersons, PartPersons, PersonRecycled, PersonsLinked
from schemas.envelope import Event
from services.domain.customer_state import CustomerRecord, IdentityGraph
from services.platform.processing.inputs import ReceivedEvent
from services.platform.store.collections import OUTCOMES
from services.records.customers import CUSTOMERS, IDENTITY_GRAPHS, IDENTITY_REFERENCES
from services.router.customers.processor import PROCESSOR
from tests.driver import Driver
from tests.fakes import START

TOPIC = "customers"
TELEGRAM, OTHER_TELEGRAM, WHATSAPP, MAIL, CHAT = (
    "telegram:main:1",
    "telegram:main:2",
    "whatsapp:shop:37120000001",
    "email:support:sara@example.com",
    "webchat:site:user-u1",
)
PHONE = "+37120000001"


class CustomersHarness:
    """Does one thing after the other and tells what came of it."""

    def __init__(self, workspace: str = "w") -> None:
        self.driver = Driver(PROCESSOR.bind(None), (CUSTOMERS, IDENTITY_GRAPHS, IDENTITY_REFERENCES, OUTCOMES))
        self.workspace = workspace

    def proven(
        self, person: str, kind: IdentityKind, value: str, *, minute: int = 0, proven: bool = True
    ) -> ReceivedEvent:
        """A person proved a name, so many minutes after the start."""
        data = IdentityProven(
            person=person,
            identities=[PersonIdentity(kind=kind, value=value, proven=proven)],
            at=START + timedelta(minutes=minute),
            source=f"activity {person} {kind}",
        )
        return self.driver.arrived(TOPIC, "pasokh.identity.proven", data, self.workspace)

    def linked(self, person: str, other: str, *, minute: int = 0) -> ReceivedEvent:
        """The second person completed the hand-off of the first."""
        at = START + timedelta(minutes=minute)
        data = PersonsLinked(person=person, other=other, kind="handoff", at=at, source="conversation 1")
        return self.driver.arrived(TOPIC, "pasokh.identity.linked", data, self.workspace)

    def recycled(self, person: str, *, minute: int = 0) -> ReceivedEvent:
        """Somebody else writes under the id of a person who went on under another."""
        data = PersonRecycled(person=person, at=START + timedelta(minutes=minute), source="activity")
        return self.driver.arrived(TOPIC, "pasokh.identity.recycled", data, self.workspace)

    def join(self, *persons: str, by: str | None = "lina") -> ReceivedEvent:
        """A lead says that these persons are one customer."""
        data = JoinPersons(persons=list(persons), agent=by, accepted_at=START, request_hash="h")
        return self.driver.arrived(TOPIC, "pasokh.identity.join", data, self.workspace)

    def part(self, customer: str, *persons: str, by: str | None = "lina") -> ReceivedEvent:
        """A lead says that these persons are not the customer's others."""
        data = PartPersons(customer=customer, persons=list(persons), agent=by, accepted_at=START, request_hash="h")
        return self.driver.arrived(TOPIC, "pasokh.identity.part", data, self.workspace)

    async def happen(self, *inputs: ReceivedEvent) -> list[tuple[str, CustomerLinked]]:
        """One batch; whom it told what, by person."""
        return [_told(event) for event in await self.driver.batch(inputs)]

    def outcome(self, command: ReceivedEvent) -> CommandResult:
        """The outcome of a decision."""
        found = self.driver.get(OUTCOMES, command.event.id)
        assert found is not None
        return found

    def customers(self) -> set[tuple[str, ...]]:
        """The persons of every customer."""
        return {tuple(record.persons) for record in self.records()}

    def records(self) -> Sequence[CustomerRecord]:
        """Every customer."""
        return [CUSTOMERS.decode(document) for document in self._documents("customers").values()]

    def customer_of(self, person: str) -> str:
        """The id of the customer of a person."""
        return next(record.id for record in self.records() if person in record.persons)

    def graphs(self) -> dict[str, IdentityGraph]:
        """Every identity graph, by its id."""
        return {key: IDENTITY_GRAPHS.decode(found) for key, found in self._documents("identity_graphs").items()}

    def _documents(self, collection: str) -> dict[str, Any]:  # Any: JSON
        return {key.id: found for key, found in self.driver.store.documents.items() if key.collection == collection}


def _told(event: Event) -> tuple[str, CustomerLinked]:
    return event.partitionkey.partition("/")[2], event.payload_as(CustomerLinked)
