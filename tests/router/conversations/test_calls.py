"""Calls: what came of one is decided when the customer's leg ends, and shown in a conversation."""

from dataclasses import replace
from itertools import permutations
from typing import Any, Literal

import pytest

from schemas.activity import Attachment, Call
from schemas.configuration import Versioned, WorkspaceBody, WorkspaceConfiguration
from services.domain.calls import CallOutcome, CallRecord
from services.records.calls import CALLS
from services.records.configuration import CONFIGURATIONS
from services.router.conversations.domain.calls import call_after, text
from tests.fakes import START
from tests.router.conversations.harness import ConversationsHarness

RECORDING = Attachment(kind="audio", url="https://calls.example/1.mp3")


def leg(leg: str, state: str, **more: Any) -> Call:
    return Call.model_validate({"id": "C1", "leg": leg, "state": state, **more})


RINGING, HUNG_UP = leg("customer", "ringing"), leg("customer", "ended", seconds=40)
QUEUED = leg("customer", "answered")
CALLED, TAKEN, LET_RING = leg("agent", "ringing"), leg("agent", "answered"), leg("agent", "missed")
TALKED = leg("agent", "ended", seconds=31)


async def calls(house: ConversationsHarness, *states: Call) -> None:
    for state in states:
        number = len(house.driver.store.documents)
        await house.customer(number, kind="call", message="call-1", text=None, call=state)


def record(house: ConversationsHarness) -> CallRecord:
    found = house.driver.get(CALLS, "call-1")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("states", "outcome"),
    [
        ([RINGING, HUNG_UP], "missed"),
        ([RINGING, leg("customer", "missed")], "missed"),
        ([RINGING, CALLED, HUNG_UP], "abandoned"),
        ([RINGING, QUEUED, CALLED, HUNG_UP], "abandoned"),
        ([RINGING, CALLED, LET_RING, HUNG_UP], "missed"),
        ([RINGING, QUEUED, leg("customer", "abandoned")], "abandoned"),
        ([RINGING, QUEUED, HUNG_UP], "answered"),
        ([RINGING, QUEUED, CALLED, LET_RING, CALLED, TAKEN, TALKED, HUNG_UP], "answered"),
        ([RINGING, CALLED, LET_RING], None),
        ([RINGING, CALLED, TAKEN, TALKED], None),
        ([leg("customer", "failed")], "failed"),
    ],
)
def test_the_end_of_the_customers_leg_decides(states: list[Call], outcome: CallOutcome | None) -> None:
    house = ConversationsHarness()
    found: CallRecord | None = None
    for state in states:
        found = call_after(found, house.activity(kind="call", call=state), state)
    assert found is not None
    assert found.outcome == outcome


@pytest.mark.parametrize("states", list(permutations([RINGING, QUEUED, TAKEN, HUNG_UP])))
def test_a_call_that_was_taken_is_answered_in_whatever_order_its_states_arrive(states: tuple[Call, ...]) -> None:
    house, found = ConversationsHarness(), None
    for state in states:
        found = call_after(found, house.activity(kind="call", call=state), state)
    assert found is not None
    assert found.outcome == "answered"


async def test_a_missed_call_is_a_conversation_that_waits() -> None:
    house = ConversationsHarness()
    await calls(house, RINGING, CALLED, LET_RING)
    assert house.cases() == []
    await calls(house, HUNG_UP)
    (message,) = house.messages()
    assert message.text is not None
    assert (house.case().status, message.text.text) == ("waiting", "Missed call")
    assert message.call is not None
    assert (message.call.state, message.call.seconds, message.direction) == ("missed", 40, "inbound")
    assert house.case().response_tracking.open_run() is not None
    assert (record(house).outcome, record(house).conversation) == ("missed", house.case().id)
    await calls(house, HUNG_UP)
    assert (len(house.messages()), len(house.cases())) == (1, 1)


async def test_a_missed_call_reopens() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    await house.resolve()
    await calls(house, RINGING, HUNG_UP)
    assert (len(house.cases()), house.case().status) == (1, "waiting")


async def test_an_answered_call_stands_in_the_open_conversation_and_changes_no_clock() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    run = house.case().response_tracking.open_run()
    await calls(house, RINGING, CALLED, TAKEN, leg("customer", "ended", seconds=40, recording=RECORDING.model_dump()))
    message = house.messages()[-1]
    assert message.call is not None
    assert (message.conversation, message.call.state, message.attachments) == (house.case().id, "ended", [RECORDING])
    assert (house.case().status, house.case().response_tracking.open_run()) == ("waiting", run)
    await calls(house, TALKED)
    later = house.messages()[-1].call
    assert later is not None
    assert (later.seconds, later.recording) == (31, RECORDING)
    assert [fact.message for fact in house.facts("message_edited")] == ["call-1"]
    await calls(house, TALKED)
    assert len(house.facts("message_edited")) == 1


async def test_an_answered_call_without_a_conversation_has_its_own_which_is_resolved() -> None:
    house = ConversationsHarness()
    await calls(house, RINGING, CALLED, TAKEN, TALKED, HUNG_UP)
    assert (house.case().status, house.case().response_tracking.open_run()) == ("resolved", None)
    facts = [event.type.removeprefix("pasokh.conversation.") for event in house.driver.sent]
    assert [fact for fact in facts if "pasokh" not in fact] == ["opened", "message_received", "resolved"]
    await house.customer(9)
    assert (len(house.cases()), house.case().status) == (1, "waiting")


async def test_calling_back_is_an_answer() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    outbound = {"direction": "outbound"}
    await calls(house, leg("customer", "ringing", **outbound), leg("customer", "missed", **outbound))
    assert (house.case().status, len(house.messages())) == ("waiting", 1)
    await house.customer(108, kind="call", message="call-2", text=None, call=leg("customer", "answered", **outbound))
    await house.customer(109, kind="call", message="call-2", text=None, call=leg("customer", "ended", **outbound))
    assert (house.case().status, house.messages()[-1].author.kind) == ("pending", "account")


@pytest.mark.parametrize(("languages", "sentence"), [(["lv", "en"], "Neatbildēts zvans"), (["de"], "Missed call")])
async def test_the_message_is_in_a_language_of_the_workspace(languages: list[str], sentence: str) -> None:
    house = ConversationsHarness()
    profile = Versioned(body=WorkspaceBody(name="Shop", languages=languages), version=1, at=START)
    house.driver.put(CONFIGURATIONS, "w/3", WorkspaceConfiguration(workspace="w", version=3, profile=profile))
    await calls(house, RINGING, HUNG_UP)
    shown = house.messages()[0].text
    assert shown is not None
    assert shown.text == sentence


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_every_state_of_a_call_has_a_text_in_every_language(direction: Literal["inbound", "outbound"]) -> None:
    begun = CallRecord(workspace="w", key="k", direction=direction, started_at=START)
    talking = replace(begun, agent="mina", answered_by_agent=True, customer_answered=True)
    outcomes: tuple[CallOutcome, ...] = ("answered", "missed", "abandoned", "failed")
    states = [begun, talking, *(replace(begun, outcome=outcome) for outcome in outcomes)]
    for state in states:
        assert len({text(state, [language]) for language in ("en", "fa", "ar", "lv")}) == 4
    assert len({text(state, ["en"]) for state in states}) == len(states) - 1
    assert text(states[-1], ["fa-IR"]) == text(states[-1], ["fa"]) != text(states[-1], ["de"])
