"""What is stored of a customer besides messages: name, language, e-mail address and telephone number."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from schemas.activity import ContactState
from schemas.identity import PersonKey
from services.domain.conversation_state import Contact
from services.records.conversations import PERSONS
from services.router.conversations.domain.contacts import new_contact, updated_contact, with_state
from tests.fakes import START
from tests.router.conversations.harness import EARLIER, ConversationsHarness

KEY = "w/telegram:main:1"


def person(house: ConversationsHarness) -> Contact:
    found = house.driver.get(PERSONS, KEY)
    assert found is not None
    return found


def test_an_activity_without_a_name_keeps_the_known_one() -> None:
    house = ConversationsHarness()
    first = updated_contact(None, house.activity(person_name="Neda", language="fa"), EARLIER)
    after = updated_contact(first, house.activity(person_name=None, language="en"), START)
    assert (after.name, after.language, after.seen_at) == ("Neda", "en", START)
    assert after == replace(first, language="en", seen_at=START)


async def test_a_contact_is_kept_with_the_person_and_opens_nothing() -> None:
    house = ConversationsHarness()
    assert await house.customer(kind="contact", details={"email": "neda@example.com", "consent": True}) == []
    assert person(house).email == "neda@example.com"
    assert house.cases() == []


async def test_an_address_outlives_later_messages_and_a_newer_one_replaces_it() -> None:
    house = ConversationsHarness()
    await house.customer(1, details={"email": "old@example.com", "phone": "+371 2000 0000"})
    await house.customer(2)
    assert (person(house).email, person(house).phone) == ("old@example.com", "+371 2000 0000")
    await house.customer(3, kind="contact", details={"email": "new@example.com"})
    assert (person(house).email, person(house).phone) == ("new@example.com", "+371 2000 0000")


async def test_an_address_that_was_masked_is_none() -> None:
    house = ConversationsHarness()
    await house.customer(1, surface="public", thread="t", details={"email": "[email]"}, masked=["email"])
    assert person(house).email is None


def test_a_person_that_was_stored_before_addresses_were_is_read() -> None:
    before = {"key": KEY, "workspace": "w", "person": "telegram:main:1", "seen_at": "2026-01-01T00:00:00.000000Z"}
    assert PERSONS.decode(before).email is None


DECISIONS: dict[ContactState, int] = {"blocked": 10, "opted_out": 15, "unblocked": 20, "opted_in": 25, "started": 30}


@pytest.mark.parametrize("order", list(permutations(DECISIONS)))
def test_what_a_person_decided_last_counts_in_whatever_order_it_arrives(order: Sequence[ContactState]) -> None:
    contact = new_contact(PersonKey("w", "telegram:main:1"), START)
    for state in order:
        contact = with_state(contact, state, START + timedelta(seconds=DECISIONS[state]))
    assert (contact.blocked, contact.consent) == (False, "opted_in")


async def test_a_message_from_before_the_block_unblocks_nothing() -> None:
    house = ConversationsHarness()
    blocked_at = START + timedelta(minutes=5)
    await house.customer(1, "follow", contact_state="blocked", text=None, sent_at=blocked_at, received_at=blocked_at)
    await house.customer(2, sent_at=START, received_at=blocked_at)
    assert person(house).blocked
    await house.customer(3, sent_at=blocked_at + timedelta(seconds=1), received_at=blocked_at)
    assert not person(house).blocked
