"""What a machine wrote: it opens and reopens nothing, keeps its text, and no clock starts or stops."""

from schemas.values import EncryptedText
from tests.router.conversations.harness import ConversationsHarness

OUT_OF_OFFICE = EncryptedText(text="I am away until Monday")


async def test_an_automatic_message_opens_nothing_and_stands_in_the_next_conversation() -> None:
    house = ConversationsHarness()
    assert await house.customer(1, automatic=True, text=OUT_OF_OFFICE) == []
    assert house.cases() == []
    assert [(m.text, m.conversation) for m in house.messages()] == [(OUT_OF_OFFICE, "")]
    await house.customer(1, automatic=True, text=OUT_OF_OFFICE)
    await house.customer(2)
    assert [(m.id, m.conversation) for m in house.messages()] == [("m1", house.case().id), ("m2", house.case().id)]
    run = house.case().response_tracking.open_run()
    assert run is not None
    assert run.messages == 1
    await house.customer(3)
    assert len(house.messages()) == 3


async def test_an_automatic_message_in_an_open_conversation_starts_no_clock() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    await house.assign()
    await house.reply()
    assert await house.customer(2, automatic=True, text=OUT_OF_OFFICE) == ["message_received"]
    (fact,) = [fact for fact in house.facts("message_received") if fact.message == "m2"]
    assert (fact.needs_answer, house.case().status) == (False, "pending")
    assert [m.automatic for m in house.messages() if m.id == "m2"] == [True]


async def test_an_automatic_message_reopens_nothing() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    await house.resolve()
    await house.customer(2, automatic=True, text=OUT_OF_OFFICE)
    assert (house.case().status, house.facts("reopened")) == ("resolved", [])
    assert [m.text for m in house.messages() if m.id == "m2"] == [OUT_OF_OFFICE]
    await house.customer(3)
    assert house.case().status == "waiting"


async def test_an_automatic_message_of_our_side_stops_no_clock() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    await house.customer(2, kind="echo", author="account", automatic=True)
    assert house.case().status == "waiting"
    run = house.case().response_tracking.open_run()
    assert run is not None
    assert run.state == "waiting"
    assert [m.author.kind for m in house.messages()] == ["customer", "bot"]
