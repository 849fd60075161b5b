"""Answers to offers over REST."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.commands import CommandResult
from schemas.envelope import Event
from schemas.routing import EndReason
from schemas.values import Problem
from services.records.offers import OFFERS, OfferRecord
from tests.fakes import START
from tests.rest import Rest, open_rest, problem_of

OFFERS_PATH = "/v1/workspaces/shop/offers"
OFFER = OfferRecord(
    id="c1.1",
    workspace="shop",
    conversation="c1",
    agent="sara",
    made_at=START,
    expires_at=START + timedelta(seconds=30),
)


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        opened.store.insert(OFFERS, OFFER.id, OFFER)
        opened.outcome_for = lambda event: obeyed(opened, event)
        yield opened


def obeyed(rest: Rest, event: Event) -> CommandResult:
    """Keep offers as dispatch does."""
    offer = rest.store.find(OFFERS, str(event.data["offer"]))
    assert offer is not None
    if offer.why is not None:
        return rest.outcome(
            event, status="refused", problem=Problem(status=409, title="Offer ended", detail="it expired")
        )
    why: EndReason = "accepted" if event.type == "pasokh.routing.offer_accept" else "declined"
    reason = event.data.get("reason")
    after = replace(offer, why=why, ended_at=START, reason=reason if isinstance(reason, str) else None)
    rest.store.insert(OFFERS, offer.id, after)
    return rest.outcome(event, result="c1")


async def test_accepting_answers_with_the_offer(rest: Rest) -> None:
    answer = await rest.request("POST", f"{OFFERS_PATH}/c1.1/accept", {"agent": "sara"})
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["conversation"], shown["agent"], shown["outcome"]) == ("c1", "sara", "accepted")
    assert [(event.type, event.data["offer"], event.data["agent"]) for event in rest.events] == [
        ("pasokh.routing.offer_accept", "c1.1", "sara")
    ]


async def test_declining_carries_the_words(rest: Rest) -> None:
    answer = await rest.request("POST", f"{OFFERS_PATH}/c1.1/decline", {"agent": "sara", "reason": "lunch"})
    assert (answer.status_code, answer.json()["outcome"], answer.json()["reason"]) == (200, "declined", "lunch")


@pytest.mark.parametrize("reason", ["", " ", "x" * 201])
async def test_decline_needs_words_that_show(rest: Rest, reason: str) -> None:
    answer = await rest.request("POST", f"{OFFERS_PATH}/c1.1/decline", {"agent": "sara", "reason": reason})
    assert answer.status_code == 422


@pytest.mark.parametrize("action", ["accept", "decline"])
@pytest.mark.parametrize(("offer", "agent"), [("c1.1", "reza"), ("c1.2", "sara"), ("none", "sara")])
async def test_foreign_offer_is_unknown(rest: Rest, action: str, offer: str, agent: str) -> None:
    answer = await rest.request("POST", f"{OFFERS_PATH}/{offer}/{action}", {"agent": agent})
    assert (answer.status_code, rest.events) == (404, [])


async def test_ended_offer_is_refused_with_its_code(rest: Rest) -> None:
    rest.store.insert(OFFERS, OFFER.id, replace(OFFER, why="expired", ended_at=START))
    answer = await rest.request("POST", f"{OFFERS_PATH}/c1.1/accept", {"agent": "sara"})
    problem = problem_of(answer, 409)
    assert (problem["code"], problem["detail"]) == ("offer_ended", "it expired")
