"""An erased person leaves their customer: nothing of what they proved is left, and the others stay joined by what is."""

from schemas.erasure import PersonForgotten
from services.platform.processing.inputs import ReceivedEvent
from services.records.customers import IDENTITY_REFERENCES, reference_id
from tests.router.customers.harness import CHAT, MAIL, PHONE, TELEGRAM, TOPIC, WHATSAPP, CustomersHarness

ADDRESS = "sara@example.com"


def forgotten(house: CustomersHarness, person: str) -> ReceivedEvent:
    return house.driver.arrived(TOPIC, "pasokh.identity.forgotten", PersonForgotten(person=person), house.workspace)


def stored(house: CustomersHarness) -> str:
    return str(house.driver.store.documents)


async def joined() -> CustomersHarness:
    """Telegram and WhatsApp have a number, WhatsApp and mail an address, chat and Telegram a hand-off."""
    house = CustomersHarness()
    await house.happen(
        house.proven(TELEGRAM, "phone", PHONE, minute=1), house.proven(WHATSAPP, "phone", PHONE, minute=2)
    )
    await house.happen(
        house.proven(WHATSAPP, "email", ADDRESS, minute=3), house.proven(MAIL, "email", ADDRESS, minute=4)
    )
    await house.happen(house.linked(TELEGRAM, CHAT, minute=5))
    assert house.customers() == {tuple(sorted((TELEGRAM, WHATSAPP, MAIL, CHAT)))}
    return house


async def test_the_others_stay_a_customer_where_something_else_connects_them() -> None:
    house = await joined()
    told = await house.happen(forgotten(house, MAIL))
    assert house.customers() == {tuple(sorted((TELEGRAM, WHATSAPP, CHAT)))}
    assert (told, MAIL in stored(house)) == ([], False)


async def test_the_others_are_parted_where_the_person_was_what_connected_them() -> None:
    house = await joined()
    told = await house.happen(forgotten(house, WHATSAPP))
    assert house.customers() == {tuple(sorted((TELEGRAM, CHAT)))}
    assert [(person, one.change) for person, one in told] == [(MAIL, "parted")]
    assert (WHATSAPP in stored(house), ADDRESS in stored(house)) == (False, True)


async def test_who_gave_the_customer_its_id_leaves_no_hash_of_theirs() -> None:
    house = await joined()
    before, graphs = house.customer_of(TELEGRAM), set(house.graphs())
    told = await house.happen(forgotten(house, TELEGRAM))
    assert TELEGRAM not in stored(house)
    assert (before in stored(house), graphs & set(house.graphs())) == (False, set())
    assert {person for person, one in told if one.change == "joined"} == {WHATSAPP, MAIL}


async def test_a_name_that_nobody_else_proved_is_gone() -> None:
    house = CustomersHarness()
    await house.happen(house.proven(TELEGRAM, "phone", PHONE))
    await house.happen(forgotten(house, TELEGRAM))
    assert (house.graphs(), house.driver.get(IDENTITY_REFERENCES, reference_id("w", "phone", PHONE))) == ({}, None)
    assert stored(house) == "{}"


async def test_a_repeat_and_a_stranger_change_nothing() -> None:
    house = await joined()
    await house.happen(forgotten(house, MAIL))
    before = stored(house)
    assert await house.happen(forgotten(house, MAIL), forgotten(house, "telegram:main:9")) == []
    assert stored(house) == before


async def test_who_proves_the_number_again_is_joined_anew() -> None:
    house = await joined()
    await house.happen(forgotten(house, TELEGRAM))
    await house.happen(house.proven(TELEGRAM, "phone", PHONE, minute=9))
    assert house.customers() == {tuple(sorted((TELEGRAM, WHATSAPP, MAIL)))}
