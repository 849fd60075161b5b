"""Commands that are refused, with the reason and what to do."""

import pytest

from services.router.conversations.domain.refusals import NO_CONVERSATION
from tests.router.conversations.harness import ConversationsHarness


@pytest.fixture
async def house() -> ConversationsHarness:
    harness = ConversationsHarness()
    await harness.customer(1)
    return harness


async def test_who_answers_a_waiting_conversation_takes_it(house: ConversationsHarness) -> None:
    outcome = await house.reply("sara")
    assert outcome.status == "applied"
    case = house.case()
    assert (case.status, case.agent) == ("pending", "sara")
    forced = [event.data for event in house.driver.sent if event.type == "pasokh.routing.task_force_assigned"]
    assert [(data["to_agent"], data["by"]) for data in forced] == [("sara", "sara")]
    assert await house.assign("sara") == ["assigned"]
    assert (house.case().status, house.case().agent) == ("pending", "sara")


async def test_of_two_who_answer_a_waiting_conversation_one_is_told_who_took_it(house: ConversationsHarness) -> None:
    await house.reply("sara")
    outcome = await house.reply("omar")
    assert outcome.problem is not None
    assert (outcome.problem.status, outcome.problem.title) == (409, "Not the assignee")
    assert "It is with sara" in outcome.problem.detail


async def test_an_assignment_that_was_on_its_way_gives_way_to_who_answered(house: ConversationsHarness) -> None:
    """Dispatch decided before it heard of the answer, then confirms who answered."""
    await house.reply("sara")
    await house.assign("omar")
    await house.assign("sara")
    assert (house.case().status, house.case().agent) == ("pending", "sara")


async def test_a_reply_by_another_agent_names_the_assignee(house: ConversationsHarness) -> None:
    await house.assign("sara")
    outcome = await house.reply("omar")
    assert outcome.problem is not None
    assert outcome.problem.status == 409
    assert "It is with sara" in outcome.problem.detail


async def test_a_reply_to_a_resolved_conversation(house: ConversationsHarness) -> None:
    await house.assign()
    await house.resolve()
    outcome = await house.reply()
    assert outcome.problem is not None
    assert (outcome.problem.status, outcome.problem.title) == (409, "Conversation is finished")


async def test_a_reply_to_no_conversation(house: ConversationsHarness) -> None:
    outcome = await house.reply(conversation="none")
    assert outcome.problem is not None
    assert outcome.problem.status == NO_CONVERSATION.status


async def test_a_reply_on_a_surface_where_the_customer_never_was(house: ConversationsHarness) -> None:
    await house.assign()
    outcome = await house.reply(surface="public")
    assert outcome.problem is not None
    assert (outcome.problem.status, outcome.problem.title) == (409, "No address on that surface")


async def test_a_reply_longer_than_the_channel_takes(house: ConversationsHarness) -> None:
    await house.assign()
    outcome = await house.reply(text="x" * 21)
    assert outcome.problem is not None
    assert outcome.problem.status == 422
    assert "at most 20 characters; this has 21" in outcome.problem.detail


async def test_what_was_found_is_refused_in_public_and_sent_in_private(house: ConversationsHarness) -> None:
    """REST judges by where the customer last wrote; the customer may have written elsewhere since."""
    await house.assign()
    assert (await house.reply(text="call 0912 123 4567", sensitive_kinds=["phone"])).status == "applied"
    await house.driver.advance(1)
    await house.customer(2, surface="public", thread="g")
    await house.assign()
    now, earlier_version = (await house.reply(sensitive_kinds=["phone"]), await house.reply(masked=["card"]))
    for outcome in (now, earlier_version):
        assert outcome.problem is not None
        assert outcome.problem.title == "Secret in a public reply"
    confirmed = await house.reply(text="call 0912 123 4567", sensitive_kinds=["phone"], confirmed_by="k1")
    assert confirmed.status == "applied"
    assert house.facts("replied")[-1].confirmed_by == "k1"


async def test_a_public_reply_to_a_sensitive_case(house: ConversationsHarness) -> None:
    await house.driver.advance(1)
    await house.customer(2, surface="public", thread="g", sensitive=True)
    await house.assign()
    outcome = await house.reply()
    assert outcome.problem is not None
    assert outcome.problem.title == "Public reply to a sensitive case"


async def test_a_refused_reply_sends_nothing(house: ConversationsHarness) -> None:
    await house.assign("sara")
    before = len(house.driver.sent)
    await house.reply("omar")
    assert len(house.driver.sent) == before


async def test_resolving_twice(house: ConversationsHarness) -> None:
    await house.resolve()
    outcome = await house.resolve()
    assert outcome.problem is not None
    assert outcome.problem.status == 409


async def test_resolving_somebody_elses_conversation(house: ConversationsHarness) -> None:
    await house.assign("sara")
    outcome = await house.resolve("omar")
    assert outcome.problem is not None
    assert "it is with sara" in outcome.problem.detail
