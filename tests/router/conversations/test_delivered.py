"""An answer counts as arrived by whatever says so first: the result of the send, or a receipt."""

import pytest

from schemas.activity import Address
from schemas.outbound import DeliveryFailed, DeliverySent
from schemas.values import Failure
from services.records.conversations import MessageRecord
from tests.router.conversations.harness import ConversationsHarness


async def answered(public: bool = False) -> tuple[ConversationsHarness, str]:
    """A customer with an answer on its way: the message's id."""
    house = ConversationsHarness()
    if public:
        address = Address(chat="-100", thread="7", reply_to="m1")
        await house.customer(surface="public", thread="-100/7", address=address)
    else:
        await house.customer()
    await house.assign()
    await house.driver.advance(5)
    outcome = await house.reply()
    assert outcome.result is not None
    return house, outcome.result


def message_of(house: ConversationsHarness, identity: str) -> MessageRecord:
    return next(message for message in house.messages() if message.id == identity)


async def receipt(house: ConversationsHarness, message: str, state: str, number: int = 50) -> list[str]:
    return await house.customer(number, "receipt", message=message, text=None, details={"state": state})


async def sent(house: ConversationsHarness, message: str, **more: object) -> list[str]:
    case = house.case()
    fact = DeliverySent.model_validate(
        {
            "message": message,
            "conversation": case.id,
            "key": case.key,
            "platform_id": "77",
            "attempts": 1,
            "at": house.driver.now,
            **more,
        }
    )
    return await house.arrives("deliveries", "pasokh.delivery.sent", fact)


async def failed(house: ConversationsHarness, message: str, code: str) -> list[str]:
    case = house.case()
    fact = DeliveryFailed(
        message=message,
        conversation=case.id,
        key=case.key,
        error=Failure(code=code, detail="d", status=None),
        attempts=1,
        at=house.driver.now,
    )
    return await house.arrives("deliveries", "pasokh.delivery.failed", fact)


@pytest.mark.parametrize("state", ["delivered", "read"])
async def test_receipt_before_the_result_counts_as_the_first_response_and_the_result_adds_the_id(state: str) -> None:
    house, message = await answered()
    accepted = house.driver.now
    await house.driver.advance(1)
    assert await receipt(house, message, state) == ["reply_delivered"]
    assert house.case().first_response_at == accepted
    assert await sent(house, message) == []
    (fact,) = house.facts("reply_delivered")
    assert fact.first_response is not None
    assert fact.first_response.stopped_at == accepted
    found = message_of(house, message)
    assert (found.state, found.platform_id, found.error) == (state, "77", None)


async def test_receipt_after_the_result_tells_nothing_again() -> None:
    house, message = await answered()
    assert await sent(house, message) == ["reply_delivered"]
    assert await receipt(house, message, "delivered") == []
    assert await receipt(house, message, "read", 51) == []
    assert (message_of(house, message).state, len(house.facts("reply_delivered"))) == ("read", 1)


async def test_earlier_receipt_that_comes_later_takes_nothing_back() -> None:
    house, message = await answered()
    await receipt(house, message, "read")
    await receipt(house, message, "delivered", 51)
    await sent(house, message)
    assert message_of(house, message).state == "read"


@pytest.mark.parametrize("code", ["outcome_unknown", "blocked"])
async def test_late_failure_does_not_undo_a_receipt(code: str) -> None:
    house, message = await answered()
    await receipt(house, message, "delivered")
    assert await failed(house, message, code) == []
    assert (message_of(house, message).state, house.case().status) == ("delivered", "pending")


async def test_receipt_ends_the_doubt_about_an_unknown_outcome() -> None:
    house, message = await answered()
    accepted = house.driver.now
    assert await failed(house, message, "outcome_unknown") == ["reply_failed", "routing.task_resumed"]
    assert await receipt(house, message, "delivered") == ["reply_delivered", "pending"]
    found = message_of(house, message)
    assert (found.state, found.error, house.case().first_response_at) == ("delivered", None, accepted)


@pytest.mark.parametrize("order", [("blocked", "read"), ("read", "blocked")])
async def test_what_was_read_was_not_refused_whichever_is_known_first(order: tuple[str, str]) -> None:
    house, message = await answered()
    for report in order:
        if report == "blocked":
            await failed(house, message, report)
        else:
            await receipt(house, message, report)
    found = message_of(house, message)
    assert (found.state, found.error) == ("read", None)


async def test_receipt_of_another_person_or_of_a_customers_own_message_changes_nothing() -> None:
    house, message = await answered()
    activity = house.activity(
        60, "receipt", message=message, person="telegram:main:2", text=None, details={"state": "read"}
    )
    assert await house.arrives("inbound", "pasokh.inbound.receipt", activity) == []
    assert await receipt(house, "m1", "read", 61) == []
    assert (message_of(house, message).state, message_of(house, "m1").state) == ("queued", "received")


# -- addresses that are gone -------------------------------------------------------------------------------------------

REPLY_ADDRESS = Address(chat="-100", thread="7", reply_to="m1")


async def test_conversation_answers_from_then_on_where_its_answer_went() -> None:
    house, message = await answered(public=True)
    await sent(house, message, address=Address(chat="-100"), requested_address=REPLY_ADDRESS)
    assert house.case().addresses == {"public": Address(chat="-100")}
    await house.reply(text="again")
    (event,) = [e for e in house.driver.sent if e.type == "pasokh.outbound.message"][1:]
    assert event.data["address"] == Address(chat="-100").model_dump(mode="json")


async def test_group_that_moved_is_answered_under_its_new_id_also_when_a_receipt_was_first() -> None:
    house, message = await answered(public=True)
    await receipt(house, message, "read")
    await sent(house, message, address=Address(chat="-200"), requested_address=REPLY_ADDRESS)
    assert house.case().addresses == {"public": Address(chat="-200")}


async def test_place_that_the_customer_wrote_from_meanwhile_stays() -> None:
    house, message = await answered(public=True)
    moved = Address(chat="-100", thread="8", reply_to="m9")
    await house.customer(9, surface="public", thread="-100/7", address=moved)
    await sent(house, message, address=Address(chat="-100"), requested_address=REPLY_ADDRESS)
    assert house.case().addresses == {"public": moved}


async def test_newer_message_of_the_customer_is_still_answered_when_an_older_one_is_gone() -> None:
    house, message = await answered(public=True)
    newer = Address(chat="-100", thread="7", reply_to="m9")
    await house.customer(9, surface="public", thread="-100/7", address=newer)
    await sent(house, message, address=Address(chat="-100", thread="7"), requested_address=REPLY_ADDRESS)
    assert house.case().addresses == {"public": newer}


async def test_answer_that_went_where_it_should_changes_no_address() -> None:
    house, message = await answered(public=True)
    await sent(house, message)
    assert house.case().addresses == {"public": REPLY_ADDRESS}
