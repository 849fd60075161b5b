"""What is reported of a person, once, and what their partition is told: the customer of several persons whom they are one of."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.activity import Address, PersonIdentity
from schemas.conversation import UnconfirmedPerson
from schemas.customer import CustomerLinked
from schemas.envelope import Event
from services.platform.core.errors import Unavailable
from services.records.conversations import PERSONS
from services.records.customers import NAME_REPORTS
from services.router.customers.earlier_names import report_earlier_names
from tests.fakes import START, ManualTimeSource, MemoryBus
from tests.router.conversations.harness import ConversationsHarness
from tests.router.conversations.test_claims import case_of, visitor, words_of
from tests.router.conversations.test_claims import house as handed_off  # noqa: F401  # a fixture

PHONE = PersonIdentity(kind="phone", value="+37120000001", proven=True)
TYPED = PersonIdentity(kind="email", value="sara@example.com")
USERNAME = PersonIdentity(kind="username", value="sara", proven=True)
OTHER = "telegram:main:2"


def reported(house: ConversationsHarness) -> list[Event]:
    return [event for event in house.driver.sent if event.type.startswith("pasokh.identity.")]


async def test_message_without_a_new_proven_name_emits_nothing_more() -> None:
    house = ConversationsHarness()
    first = await house.customer(1)
    for number, names in enumerate(([], [TYPED], [USERNAME]), start=2):
        await house.customer(number, identities=names)
    assert reported(house) == []
    assert not [name for name in first if "identity" in name]


async def test_proven_name_is_reported_once_and_to_the_workspace() -> None:
    house = ConversationsHarness()
    for number in (1, 2, 3):
        await house.customer(number, identities=[PHONE, TYPED, USERNAME])
    [event] = reported(house)
    assert (event.type, event.partitionkey, event.data["person"]) == ("pasokh.identity.proven", "w", "telegram:main:1")
    assert event.data["identities"] == [PHONE.model_dump()]


async def test_name_that_was_typed_is_reported_when_it_is_proven() -> None:
    house = ConversationsHarness()
    await house.customer(1, identities=[TYPED])
    await house.customer(2, identities=[TYPED.model_copy(update={"proven": True})])
    [event] = reported(house)
    assert event.data["identities"] == [TYPED.model_copy(update={"proven": True}).model_dump()]


async def test_confirmed_visitor_is_reported_as_the_customer(handed_off: ConversationsHarness) -> None:  # noqa: F811
    house, person = handed_off, "webchat:site:anon-true"
    await house.driver.batch(
        [house.driver.arrived("inbound", "pasokh.inbound.message", visitor(house, 1), f"w/{person}")]
    )
    await house.settle()
    assert reported(house) == []
    handoff = case_of(house).handoff
    assert handoff is not None
    assert isinstance(handoff.unconfirmed[0], UnconfirmedPerson)
    await house.customer(
        7, surface="public", thread="-100/7", address=Address(chat="-100"), text={"text": words_of(house, person)}
    )
    await house.settle()
    [event] = reported(house)
    assert (event.type, event.data["person"], event.data["other"], event.data["kind"]) == (
        "pasokh.identity.linked",
        "telegram:main:1",
        person,
        "handoff",
    )


async def test_successor_is_reported_and_who_writes_under_the_old_id_is_somebody_else() -> None:
    house = ConversationsHarness()
    later: dict[str, Any] = {"received_at": START + timedelta(hours=1), "sent_at": START + timedelta(hours=1)}
    await house.customer(1)
    await house.customer(2, "contact", text=None, successor=OTHER)
    [linked] = reported(house)
    assert (linked.data["other"], linked.data["kind"]) == (OTHER, "successor")
    # What was sent before and arrives late is still theirs.
    await house.customer(3, sent_at=START - timedelta(hours=1))
    assert len(reported(house)) == 1
    await house.customer(4, **later)
    await house.customer(5, **later)
    assert [event.type for event in reported(house)[1:]] == ["pasokh.identity.recycled"]


async def test_person_learns_their_customer_and_keeps_their_address() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    before = house.case()
    for change, customer in (("joined", "cu1"), ("joined", "cu2"), ("conflict_found", "cu2"), ("parted", None)):
        linked = CustomerLinked.model_validate({"change": change, "customer": customer, "at": START})
        assert await house.arrives("commands", "pasokh.command.customer_linked", linked) == [f"customer.{change}"]
        person = house.driver.get(PERSONS, house.key)
        assert person is not None
        assert person.customer == customer
    facts = [event.data for event in house.driver.sent if event.type.startswith("pasokh.customer.")]
    assert [(fact["previous_customer"], fact["customer"]) for fact in facts] == [
        (None, "cu1"),
        ("cu1", "cu2"),
        ("cu2", "cu2"),
        ("cu2", None),
    ]
    assert house.case() == before


async def test_names_that_were_proven_in_earlier_versions_are_reported_once() -> None:
    house = ConversationsHarness()
    await house.customer(1, identities=[PHONE, TYPED])
    store, bus, clock = house.driver.store, MemoryBus(), ManualTimeSource()
    store.collections[NAME_REPORTS.name] = NAME_REPORTS
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        bus.failure = None

    bus.failure = Unavailable("the broker is away")
    for _ in range(2):
        await report_earlier_names(store, bus, clock, pause)
    [record] = bus.published
    assert (record.topic, record.key, len(pauses)) == ("customers", "w", 1)
    done = store.find(NAME_REPORTS, "persons")
    assert done is not None
    assert done.persons == 1


@pytest.mark.parametrize("names", [[], [TYPED], [USERNAME]])
async def test_persons_who_proved_nothing_are_not_reported(names: list[PersonIdentity]) -> None:
    house = ConversationsHarness()
    await house.customer(1, identities=names)
    store, bus = house.driver.store, MemoryBus()
    store.collections[NAME_REPORTS.name] = NAME_REPORTS
    await report_earlier_names(store, bus, ManualTimeSource())
    assert bus.published == []
