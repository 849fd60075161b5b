"""A conversation that is offered to an agent: its status, and the facts about the offer."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.commands import Transfer
from schemas.routing import EndReason, OfferClosed, Offered
from services.domain.conversation_state import conversation_view
from tests.router.conversations.harness import ConversationsHarness

OFFERED, ENDED = "pasokh.assignment.offered", "pasokh.assignment.offer_ended"


@pytest.fixture
async def house() -> ConversationsHarness:
    house = ConversationsHarness()
    await house.customer()
    return house


def offered(house: ConversationsHarness, offer: str = "1", agent: str = "sara") -> Offered:
    case, now = house.case(), house.driver.now
    return Offered(
        conversation=case.id,
        key=case.key,
        workspace="w",
        offer=f"{case.id}.{offer}",
        agent=agent,
        team=case.team,
        at=now,
        expires_at=now + timedelta(seconds=30),
        decision="d1",
    )


def ended(offer: Offered, why: EndReason, **more: Any) -> OfferClosed:
    return OfferClosed(
        conversation=offer.conversation,
        key=offer.key,
        workspace="w",
        offer=offer.offer,
        agent=offer.agent,
        at=offer.expires_at,
        why=why,
        **more,
    )


async def test_offered_conversation_shows_to_whom_and_until_when(house: ConversationsHarness) -> None:
    offer = offered(house)
    await house.arrives("assignments", OFFERED, offer)
    shown = conversation_view(house.case())
    assert (shown.status, shown.agent) == ("offered", None)
    assert shown.offer is not None
    assert (shown.offer.id, shown.offer.agent, shown.offer.expires_at) == (offer.offer, "sara", offer.expires_at)
    assert [(fact.previous_status, fact.decision) for fact in house.facts("offered")] == [("waiting", "d1")]
    made = house.driver.sent[-1]
    assert (made.type, made.data["offer"], made.data["agent"]) == ("pasokh.offer.made", offer.offer, "sara")


async def test_accepted_offer_is_a_fact_and_the_assignment_follows(house: ConversationsHarness) -> None:
    offer = offered(house)
    await house.arrives("assignments", OFFERED, offer)
    await house.arrives("assignments", ENDED, ended(offer, "accepted"))
    assert (house.driver.sent[-1].type, house.case().status) == ("pasokh.offer.accepted", "offered")
    assert await house.assign("sara") == ["assigned"]
    case = house.case()
    assert (case.status, case.agent, case.offer) == ("assigned", "sara", None)


@pytest.mark.parametrize("why", ["declined", "expired", "withdrawn"])
async def test_conversation_waits_again_when_its_offer_ends(house: ConversationsHarness, why: EndReason) -> None:
    offer, before = offered(house), house.case().queued_at
    await house.arrives("assignments", OFFERED, offer)
    await house.arrives("assignments", ENDED, ended(offer, why, reason="lunch", missed=1))
    case = house.case()
    assert (case.status, case.offer, case.queued_at) == ("waiting", None, before)
    fact, queued = house.driver.sent[-2:]
    assert (fact.type, fact.data["reason"], fact.data["missed"]) == (f"pasokh.offer.{why}", "lunch", 1)
    assert (queued.type, queued.data["previous_status"]) == ("pasokh.conversation.queued", "offered")


async def test_offer_that_comes_too_late_changes_nothing(house: ConversationsHarness) -> None:
    offer = offered(house)
    await house.assign("omar")
    assert await house.arrives("assignments", OFFERED, offer) == []
    assert await house.arrives("assignments", ENDED, ended(offer, "withdrawn")) == []
    assert house.case().agent == "omar"


async def test_offer_ends_as_a_fact_when_the_conversation_is_resolved_meanwhile(house: ConversationsHarness) -> None:
    offer = offered(house)
    await house.arrives("assignments", OFFERED, offer)
    await house.resolve()
    assert conversation_view(house.case()).offer is None
    await house.arrives("assignments", ENDED, ended(offer, "withdrawn"))
    assert (house.driver.sent[-1].type, house.case().status) == ("pasokh.offer.withdrawn", "resolved")


async def test_offered_conversation_keeps_its_place_in_another_team(house: ConversationsHarness) -> None:
    before = house.case().queued_at
    await house.arrives("assignments", OFFERED, offered(house))
    moved = Transfer(conversation=house.case().id, to_team="billing", accepted_at=house.driver.now, request_hash="h")
    await house.command("transfer", moved)
    case = house.case()
    assert (case.status, case.team, case.queued_at) == ("waiting", "billing", before)
