"""What a conversation stores for the lists of an inbox: who wrote last, since when the customer waits, what failed, what is due."""

from datetime import datetime, timedelta

import pytest

from schemas.sla import Clock, ClockFact, ClockMetric, ClockState
from schemas.values import instant_text
from services.domain.inbox import first_due, inbox_keys, unanswered_since
from tests.router.conversations.harness import ConversationsHarness


async def conversation() -> ConversationsHarness:
    """The customer wrote at the beginning, and an agent has the conversation a minute later."""
    house = ConversationsHarness()
    await house.customer(1)
    await house.driver.advance(60)
    await house.assign()
    return house


def waiting_since(house: ConversationsHarness) -> datetime | None:
    case = house.case()
    assert case.inbox == inbox_keys(case), "the stored positions follow from the conversation"
    return unanswered_since(case)


async def test_customer_waits_until_somebody_answers_and_still_where_the_answer_fails() -> None:
    house = await conversation()
    begun = waiting_since(house)
    assert begun is not None
    await house.customer(2)
    assert waiting_since(house) == begun, "the second message moves nothing"
    answer = (await house.reply()).result or ""
    assert waiting_since(house) is None, "an answer on its way is an answer"
    await house.driver.advance(60)
    await house.customer(3)
    again = waiting_since(house)
    assert again is not None
    assert again > begun
    await house.undelivered(answer)
    assert waiting_since(house) == begun


async def test_order_by_waiting_puts_those_who_wait_first() -> None:
    house = await conversation()
    keys = inbox_keys(house.case())
    assert keys.waiting == f"1{instant_text(waiting_since(house) or house.driver.now)}"
    await house.reply()
    after = inbox_keys(house.case())
    assert after.waiting.startswith("2")
    assert after.newest < keys.newest, "the latest message comes first"


async def test_latest_message_is_the_last_of_a_customer_or_of_an_agent() -> None:
    house = await conversation()
    assert house.case().last_message == "m1"
    answer = (await house.reply()).result
    assert (house.case().last_message, house.case().last_at) == (answer, house.driver.now)
    await house.driver.advance(5)
    await house.delivered(answer or "")
    assert house.case().last_message == answer
    # A thumbs-up asks for no answer, and is the last word all the same.
    await house.customer(2, text={"text": "\U0001f44d"})
    assert house.case().last_message == "m2"
    assert waiting_since(house) is None


async def test_failed_answer_is_shown_until_it_is_dealt_with() -> None:
    house = await conversation()
    first = (await house.reply()).result or ""
    await house.customer(2)
    await house.undelivered(first)
    assert house.case().failed_answer == first, "also behind a newer message of the customer"
    await house.reply()
    assert house.case().failed_answer is None
    await house.undelivered(first)
    assert house.case().failed_answer is None, "a newer answer is on its way"


async def test_failed_answer_is_dealt_with_by_a_resolve_and_by_its_arrival() -> None:
    house = await conversation()
    answer = (await house.reply()).result or ""
    await house.undelivered(answer)
    assert house.case().failed_answer == answer
    await house.resolve()
    assert house.case().failed_answer is None


def fact(
    house: ConversationsHarness, due: int, metric: ClockMetric, state: ClockState = "running", run: int = 1
) -> ClockFact:
    case, now = house.case(), house.driver.now
    at = now + timedelta(seconds=due)
    return ClockFact(
        conversation=case.id,
        key=case.key,
        workspace="w",
        metric=metric,
        run=run,
        clock=Clock(metric=metric, policy="p", target_seconds=due, started_at=now, due_at=at, state=state),
        policy_version=1,
        channel="telegram",
        account="main",
        surface="private",
        team=case.team,
        priority=case.priority,
    )


async def test_due_is_the_first_of_the_open_clocks() -> None:
    house = await conversation()
    assert first_due(house.case()) is None
    assert inbox_keys(house.case()).due.startswith("2")
    await house.arrives("sla", "pasokh.sla.started", fact(house, 600, "resolution"))
    await house.arrives("sla", "pasokh.sla.started", fact(house, 60, "first_response"))
    due = first_due(house.case())
    assert due is not None
    assert (due.metric, due.clock.state) == ("first_response", "running")
    assert inbox_keys(house.case()).due == f"1{instant_text(due.clock.due_at)}"
    waiting_since(house)
    await house.arrives("sla", "pasokh.sla.breached", fact(house, 60, "first_response", "breached"))
    late = first_due(house.case())
    assert late is not None
    assert (late.metric, late.clock.state) == ("first_response", "breached")
    await house.arrives("sla", "pasokh.sla.late", fact(house, 60, "first_response", "breached"))
    rest = first_due(house.case())
    assert rest is not None
    assert rest.metric == "resolution"
    waiting_since(house)


@pytest.mark.parametrize("word", ["fulfilled", "cancelled", "late"])
async def test_word_about_an_earlier_run_ends_no_later_one(word: str) -> None:
    house = await conversation()
    await house.arrives("sla", "pasokh.sla.started", fact(house, 60, "next_response", run=3))
    await house.arrives("sla", f"pasokh.sla.{word}", fact(house, 60, "next_response", "fulfilled", run=2))
    assert first_due(house.case()) is not None
    await house.arrives("sla", f"pasokh.sla.{word}", fact(house, 60, "next_response", "fulfilled", run=3))
    assert first_due(house.case()) is None
