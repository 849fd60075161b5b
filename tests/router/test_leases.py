"""The beats of a page over REST, and what an agent reads of themself."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.records.agents import AGENTS, agent_id
from services.records.leases import LEASES, LeaseRecord
from tests.fakes import START
from tests.rest import Rest, open_rest, problem_of
from tests.router.test_bound_callers import SHOP, bound_key, put_agent

SARA = agent_id("shop", "sara")


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        put_agent(opened, "sara")
        put_agent(opened, "reza", role="lead")
        yield opened


async def configure(rest: Rest, **settings: Any) -> None:
    answer = await rest.request("PUT", SHOP, {"name": "Shop", "settings": settings})
    assert answer.status_code == 200, answer.text


def change(rest: Rest, **fields: Any) -> None:
    record = rest.store.find(AGENTS, SARA)
    assert record is not None
    rest.store.insert(AGENTS, SARA, replace(record, **fields))


def lease(rest: Rest) -> LeaseRecord | None:
    return rest.store.find(LEASES, SARA)


def told(rest: Rest) -> list[str]:
    return [event.type for event in rest.events]


async def beat(rest: Rest, body: dict[str, Any] | None = None, key: str | None = None) -> int:
    sent = await rest.request("POST", f"{SHOP}/agents/me/beat", body, authorization=key or await bound_key(rest))
    return sent.status_code


async def test_first_beat_begins_a_lease_and_the_next_ones_are_a_document_each(rest: Rest) -> None:
    key = await bound_key(rest)
    assert await beat(rest, key=key) == 204
    assert told(rest) == ["pasokh.routing.lease_renewed"]
    change(rest, leased_at=rest.time_source.now(), presence="online", presence_declared="online")
    rest.time_source.at += timedelta(seconds=15)
    assert await beat(rest, {"idle_seconds": 5}, key) == 204
    assert told(rest) == ["pasokh.routing.lease_renewed"], "no event for a beat"
    stored = lease(rest)
    assert stored is not None
    assert (stored.beat_at, stored.input_at) == (
        rest.time_source.now(),
        rest.time_source.now() - timedelta(seconds=5),
    )


@pytest.mark.parametrize(
    ("lowered", "idle", "tells"),
    [
        ({"connection_lost": START}, None, True),
        ({"connection_lost": START, "connection_gone": START}, 100, True),
        ({"idle": START}, 5, True),
        ({"idle": START}, 700, False),
        ({"missed_offers": START}, 5, False),
    ],
)
async def test_a_beat_that_lifts_something_is_told(
    rest: Rest, lowered: dict[str, Any], idle: float | None, tells: bool
) -> None:
    await configure(rest, idle_away_seconds=600)
    change(rest, leased_at=START, presence="away", presence_declared="online", lowered=lowered)
    assert await beat(rest, {} if idle is None else {"idle_seconds": idle}) == 204
    assert bool(told(rest)) == tells


async def test_of_two_pages_the_one_that_was_touched_last_counts(rest: Rest) -> None:
    key = await bound_key(rest)
    await beat(rest, {"idle_seconds": 3}, key)
    await beat(rest, {"idle_seconds": 500}, key)
    await beat(rest, {}, key)
    stored = lease(rest)
    assert stored is not None
    assert stored.input_at == rest.time_source.now() - timedelta(seconds=3)


async def test_nobody_beats_for_somebody_else(rest: Rest) -> None:
    for agent in ("reza", "sara"):
        other = {"reza": "sara", "sara": "reza"}[agent]
        answer = await rest.request("POST", f"{SHOP}/agents/{other}/beat", authorization=await bound_key(rest, agent))
        problem_of(answer, 403)
    problem_of(await rest.request("POST", f"{SHOP}/agents/nobody/beat"), 404)
    problem_of(await rest.request("POST", f"{SHOP}/agents/me/beat"), 409)
    assert (await rest.request("POST", f"{SHOP}/agents/sara/beat")).status_code == 204, "an integrator's desk may"


@pytest.mark.parametrize("body", [{"idle_seconds": -1}, {"idle": 3}, {"push": "perhaps"}])
async def test_bad_beats_are_refused(rest: Rest, body: dict[str, Any]) -> None:
    assert await beat(rest, body) == 422


async def test_an_agent_reads_all_about_themself(rest: Rest) -> None:
    await configure(rest, offer_mode="offer", offer_seconds=20)
    change(
        rest,
        presence="away",
        presence_declared="online",
        presence_reason="connection_lost",
        presence_next="offline",
        load=6,
    )
    key = await bound_key(rest)
    seen = (await rest.request("GET", f"{SHOP}/agents/me", authorization=key)).json()
    named = ("id", "role", "presence", "presence_declared", "presence_reason", "presence_next", "load", "over")
    assert [seen[name] for name in named] == [
        "sara",
        "agent",
        "away",
        "online",
        "connection_lost",
        "offline",
        6,
        6 - seen["capacity"],
    ]
    assert seen["limits"] == {}
    assert (seen["settings"]["offer_mode"], seen["settings"]["offer_seconds"], seen["settings"]["beat_seconds"]) == (
        "offer",
        20,
        15,
    )
    other = (await rest.request("GET", f"{SHOP}/agents/reza", authorization=key)).json()
    assert "settings" not in other


async def test_done_ends_the_wrap_up_of_oneself(rest: Rest) -> None:
    rest.outcome_for = lambda event: rest.outcome(event, result="sara")
    key = await bound_key(rest)
    answer = await rest.request("POST", f"{SHOP}/agents/me/wrap-up/end", {"conversation": "c1"}, authorization=key)
    assert (answer.status_code, answer.json()["id"], answer.json()["wrap_ups"]) == (200, "sara", [])
    [event] = rest.events
    assert (event.type, event.data["agent"], event.data["wrapped_up"]) == (
        "pasokh.routing.wrap_up_end",
        "sara",
        "c1",
    )
    problem_of(await rest.request("POST", f"{SHOP}/agents/reza/wrap-up/end", {}, authorization=key), 403)
