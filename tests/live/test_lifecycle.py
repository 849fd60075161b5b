"""The life of a conversation on a real `pasokh up`: who takes it, what silence and snoozes bring, and who is asked first.

The numbers in the names are those of the acceptance tests of an agent's page.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.demo.telegram import FakeTelegram
from services.domain.business_hours import WEEKDAYS
from tests.live.contract import Desk, problem
from tests.live.waiting import eventually

pytestmark = pytest.mark.usefixtures("stand_in")


async def act(desk: Desk, conversation: str, action: str, **body: Any) -> Any:
    return await desk.request("POST", f"/conversations/{conversation}/{action}", json=body)


async def becomes(desk: Desk, conversation: str, **fields: Any) -> dict[str, Any]:
    """The conversation, once it has these fields."""

    async def look() -> dict[str, Any]:
        return await desk.get(f"/conversations/{conversation}")

    return await eventually(look, holds=lambda shown: {name: shown.get(name) for name in fields} == fields)


async def load(desk: Desk, agent: str, units: int) -> None:
    async def look() -> int:
        return int((await desk.get(f"/agents/{agent}"))["load"])

    await eventually(look, holds=lambda used: used == units)


async def offer_of(desk: Desk, conversation: str, agent: str) -> dict[str, Any]:
    """The offer of a conversation to this agent, once it is made."""
    shown = await eventually(
        lambda: desk.get(f"/conversations/{conversation}"),
        holds=lambda found: (found.get("offer") or {}).get("agent") == agent,
    )
    offer: dict[str, Any] = shown["offer"]
    return offer


async def settings(desk: Desk, **given: Any) -> None:
    await desk.put("", {"name": "Shop", "languages": ["en", "fa"], "settings": given})


async def test_of_two_claims_one_wins_and_the_other_reads_who_has_it(desk: Desk) -> None:
    for agent in ("ann", "bob"):
        await desk.agent(agent, "offline", capacity=1)
    await desk.hears(1)
    conversation = (await desk.waiting(1))["id"]
    answers = await asyncio.gather(*(act(desk, conversation, "claim", agent=agent) for agent in ("ann", "bob")))
    won = [answer for answer in answers if answer.status_code == 200]
    lost = [answer for answer in answers if answer.status_code == 409]
    assert (len(won), len(lost)) == (1, 1)
    winner = won[0].json()["agent"]
    assert problem(lost[0], 409)["params"] == {"assignee": winner}
    # What a colleague has is taken over by naming them; the fact says who lost it.
    other = "bob" if winner == "ann" else "ann"
    taken = await act(desk, conversation, "claim", **{"agent": other, "from": winner})
    assert (taken.status_code, taken.json()["agent"]) == (200, other)
    facts = await desk.items(f"/conversations/{conversation}/events")
    assert [fact["data"].get("previous_agent") for fact in facts if fact["type"].endswith(".assigned")] == [
        None,
        winner,
    ]
    refused = await act(desk, conversation, "replies", agent=winner, text="too late")
    assert problem(refused, 409)["code"] == "not_assignee"
    for agent, units in ((winner, 0), (other, 1)):
        await load(desk, agent, units)


async def test_31_nobody_takes_more_than_they_have_units_for_and_who_finds_all_busy_waits(desk: Desk) -> None:
    await desk.agent("ann", capacity=1)
    await desk.hears(1)
    await desk.assigned(1)
    await desk.hears(2)
    waiting = (await desk.waiting(2))["id"]
    decisions = await desk.items(f"/conversations/{waiting}/decisions")
    assert (decisions[-1]["outcome"], decisions[-1]["excluded"]) == ("waiting", {"capacity": 1})
    refused = problem(await act(desk, waiting, "claim", agent="ann"), 409)
    assert (refused["code"], refused["params"]) == ("no_free_unit", {"agent": "ann", "load": 1, "capacity": 1})
    await settings(desk, claim_over_capacity=True)
    assert (await act(desk, waiting, "claim", agent="ann")).status_code == 200
    await load(desk, "ann", 2)
    decisions = await desk.items(f"/conversations/{waiting}/decisions")
    assert decisions[-1]["summary"].endswith("1 of 1 units in use, and this one above capacity.")


async def test_27_a_customer_who_comes_back_waits_for_nobody_who_is_offline(desk: Desk) -> None:
    await desk.agent("ann")
    await desk.hears(1)
    await desk.hears(2)
    pending, resolved = await desk.assigned(1), await desk.assigned(2)
    await desk.reply(pending["id"], "ann", "hello")
    assert (await desk.resolve(resolved)).status_code == 200
    await desk.put("/agents/ann/presence", {"status": "offline"})
    # Where the customer has the next word it stays with her.
    assert (await becomes(desk, pending["id"], status="pending"))["agent"] == "ann"
    for chat in (1, 2):
        await desk.hears(chat, "are you there?")
        case = pending if chat == 1 else resolved
        await becomes(desk, case["id"], status="waiting", agent=None)
    await eventually(lambda: desk.metric("pasokh_waiting"), holds=lambda waiting: waiting == 2)
    # She comes back, and gets both.
    await desk.put("/agents/ann/presence", {"status": "online"})
    for chat in (1, 2):
        await desk.assigned(chat)


async def test_30_what_one_agent_does_not_accept_goes_to_the_next_and_keeps_its_place(desk: Desk) -> None:
    await settings(desk, offer_mode="offer", offer_seconds=5, missed_offers=9)
    for agent in ("ann", "bob"):
        await desk.agent(agent, capacity=1)
    conversations = []
    for chat in (1, 2, 3, 4):
        await desk.hears(chat)
        [found] = await eventually(lambda chat=chat: desk.of(chat))  # type: ignore[misc]
        conversations.append(found["id"])
    first, second, third, fourth = conversations
    shown = [(await desk.get(f"/conversations/{one}"))["status"] for one in conversations]
    assert shown == ["offered", "offered", "waiting", "waiting"]
    holder = (await desk.get(f"/conversations/{first}"))["offer"]["agent"]
    other = "bob" if holder == "ann" else "ann"
    accepted = await offer_of(desk, second, other)
    assert (await desk.request("POST", f"/offers/{accepted['id']}/accept", json={"agent": other})).status_code == 200
    # Nobody answers the first: its agent is asked about the next in line, and it waits at its old place.
    assert (await offer_of(desk, third, holder))["agent"] == holder
    await becomes(desk, first, status="waiting")
    assert (await desk.resolve({"id": second}, agent=other)).status_code == 200
    # The other one is free now: of those who wait the first comes first.
    assert (await offer_of(desk, first, other))["agent"] == other
    assert (await desk.get(f"/conversations/{fourth}"))["status"] == "waiting"
    kinds = [fact["type"] for fact in await desk.items(f"/conversations/{first}/events")]
    assert kinds.count("pasokh.conversation.offered") == 2


async def test_silence_frees_the_unit_and_then_resolves(desk: Desk) -> None:
    await settings(desk, pending_release_seconds=1, auto_resolve_seconds=4)
    await desk.agent("ann", capacity=1)
    await desk.hears(1)
    silent = await desk.assigned(1)
    await desk.hears(2)
    await desk.waiting(2)
    await desk.reply(silent["id"], "ann", "anything else?")
    # The unit is free for who waits, and she keeps the silent one.
    await desk.assigned(2)
    assert (await desk.get(f"/conversations/{silent['id']}"))["agent"] == "ann"
    await becomes(desk, silent["id"], status="resolved")
    facts = await desk.items(f"/conversations/{silent['id']}/events")
    assert [fact["data"].get("reason") for fact in facts if fact["type"].endswith(".resolved")] == ["no_answer"]


async def test_answering_takes_what_waits_whoever_is_full(desk: Desk, stand_in: FakeTelegram) -> None:
    await desk.agent("ann", capacity=1)
    await desk.hears(1)
    await desk.assigned(1)
    await desk.hears(2)
    waiting = (await desk.waiting(2))["id"]
    assert (await desk.reply(waiting, "ann", "one moment")).status_code == 201
    assert (await becomes(desk, waiting, status="pending"))["agent"] == "ann"
    await load(desk, "ann", 2)
    await eventually(lambda: _texts(stand_in), holds=lambda texts: "one moment" in texts)


async def _texts(stand_in: FakeTelegram) -> list[str]:
    return [str(sent.get("text")) for sent in stand_in.sent]


async def test_33_a_snooze_ends_at_its_time_or_by_the_customer_as_was_said(desk: Desk) -> None:
    await desk.agent("ann", capacity=3)
    for chat in (1, 2, 3):
        await desk.hears(chat)
    wakes, keeps, timed = [(await desk.assigned(chat))["id"] for chat in (1, 2, 3)]
    shown = (await act(desk, wakes, "snooze", agent="ann", for_seconds=3600)).json()
    assert (shown["status"], shown["snoozed_until"] is not None) == ("assigned", True)
    kept = (await act(desk, keeps, "snooze", agent="ann", for_seconds=3600, wake_on_reply=False)).json()
    await act(desk, timed, "snooze", agent="ann", for_seconds=1)
    await becomes(desk, timed, snoozed_until=None)
    await load(desk, "ann", 1)
    for chat in (1, 2):
        await desk.hears(chat, "thanks")
    await becomes(desk, wakes, snoozed_until=None)
    await load(desk, "ann", 2)
    # The time is the one that was given.
    assert (await desk.get(f"/conversations/{keeps}"))["snoozed_until"] == kept["snoozed_until"]
    # Awake, it is hers; with her away it is the queue's.
    await desk.put("/agents/ann/presence", {"status": "away", "open_work": "keep"})
    assert (await act(desk, keeps, "unsnooze", agent="ann")).status_code == 200
    await becomes(desk, keeps, status="waiting", agent=None)


async def test_who_writes_while_it_is_closed_reads_once_when_it_opens(desk: Desk, stand_in: FakeTelegram) -> None:
    opens = (datetime.now(UTC) + timedelta(days=2)).replace(hour=9, minute=0, second=0, microsecond=0)
    hours = {WEEKDAYS[opens.weekday()]: [["09:00", "17:00"]]}
    await desk.put("", {"name": "Shop", "languages": ["en"], "calendar": {"hours": hours}})
    await desk.agent("ann", "offline")
    for text in ("hello, where is my order", "are you there?"):
        await desk.hears(1, text)
    conversation = await desk.waiting(1)
    await eventually(lambda: _texts(stand_in), holds=lambda texts: any("We are closed now" in text for text in texts))
    [told] = [text for text in await _texts(stand_in) if "We are closed now" in text]
    assert f"{opens:%Y-%m-%d} at 09:00" in told
    # It answers nothing: the customer waits, and is counted among those of the night.
    assert (await desk.get(f"/conversations/{conversation['id']}"))["first_response_at"] is None
    night = await desk.get("/inbox/night", agent="ann")
    assert (night["waiting"], night["opened_at"]) == (1, None)
    assert datetime.fromisoformat(night["opens_at"]) == opens
