"""Who takes a conversation: by a claim, by an answer, from a colleague; who had it hears of it."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.commands import Transfer
from services.records.conversations import CONVERSATIONS
from tests.router.conversations.harness import ConversationsHarness, assigned_to


@pytest.fixture
async def house() -> ConversationsHarness:
    harness = ConversationsHarness()
    await harness.customer(1)
    return harness


async def answered_elsewhere(house: ConversationsHarness) -> None:
    """Somebody of the shop answered by phone: the customer has the next word, and no agent has the conversation."""
    case = replace(house.case(), status="pending", agent=None, queued_at=None)
    house.driver.put(CONVERSATIONS, case.id, case)


def told(house: ConversationsHarness, kind: str) -> list[dict[str, Any]]:
    """What dispatch was told."""
    return [dict(event.data) for event in house.driver.sent if event.type == f"pasokh.routing.{kind}"]


async def test_answering_what_was_answered_elsewhere_takes_it(house: ConversationsHarness) -> None:
    await answered_elsewhere(house)
    before = len(house.driver.sent)
    assert (await house.reply("sara")).status == "applied"
    assert (house.case().status, house.case().agent) == ("pending", "sara")
    sent = [event.type for event in house.driver.sent[before:]]
    assert "pasokh.routing.task_queued" not in sent, "dispatch would give it to somebody else first"
    [forced] = told(house, "task_force_assigned")
    assert (forced["to_agent"], forced["task"]["conversation"]) == ("sara", house.case().id)


async def test_answering_what_waits_gives_dispatch_no_second_task(house: ConversationsHarness) -> None:
    assert (await house.reply("sara")).status == "applied"
    [forced] = told(house, "task_force_assigned")
    assert forced["task"] is None


async def test_a_transfer_of_what_was_answered_elsewhere_has_its_task(house: ConversationsHarness) -> None:
    await answered_elsewhere(house)
    case, now = house.case(), house.driver.now
    moved = Transfer(conversation=case.id, agent="lena", to_agent="sara", accepted_at=now, request_hash="h")
    assert (await house.command("transfer", moved)).status == "applied"
    [forced] = told(house, "task_force_assigned")
    assert forced["task"]["conversation"] == case.id
    assert len(told(house, "task_queued")) == 1, "that of the customer's first message"


@pytest.mark.parametrize(("by_person", "agent"), [(True, "sara"), (False, None)])
async def test_only_a_person_takes_what_was_answered_elsewhere(
    house: ConversationsHarness, by_person: bool, agent: str | None
) -> None:
    await answered_elsewhere(house)
    claimed = assigned_to(house.case(), "sara", house.driver.now).model_copy(update={"by_person": by_person})
    await house.arrives("assignments", "pasokh.assignment.assigned", claimed)
    assert (house.case().status, house.case().agent) == ("pending", agent)
    if by_person:
        # Its customer is silent: the unit is free after a while, as that of any answered conversation.
        await house.driver.advance(600)
        assert [one["agent"] for one in told(house, "task_paused")] == ["sara"]


async def test_who_had_it_stands_in_the_fact_of_the_take_over(house: ConversationsHarness) -> None:
    await house.assign("sara")
    assert house.facts("assigned")[-1].previous_agent is None
    taken = assigned_to(house.case(), "lena", house.driver.now).model_copy(
        update={"previous": "sara", "by_person": True}
    )
    await house.arrives("assignments", "pasokh.assignment.assigned", taken)
    fact = house.facts("assigned")[-1]
    assert (fact.agent, fact.previous_agent) == ("lena", "sara")


async def test_a_claim_that_came_after_the_resolve_keeps_no_unit(house: ConversationsHarness) -> None:
    late = assigned_to(house.case(), "sara", house.driver.now)
    await house.resolve()
    before = len(told(house, "task_closed"))
    await house.arrives("assignments", "pasokh.assignment.assigned", late)
    assert (house.case().status, len(told(house, "task_closed")) - before) == ("resolved", 1)
