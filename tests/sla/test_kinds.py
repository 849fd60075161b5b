"""Which clocks run after calls, automatic mail and answers of surveys: the facts of conversations, read by `sla`."""

from typing import Any

import pytest

from schemas.configuration import Policy, Targets
from services.platform.processing.inputs import ReceivedEvent
from services.records.clocks import CLOCKS
from tests.router.conversations.harness import ConversationsHarness
from tests.sla.harness import SlaHarness

ALL = Policy(id="all", targets=Targets(first_response_seconds=60, next_response_seconds=60, resolution_seconds=600))


async def clocks(house: ConversationsHarness) -> dict[str, str]:
    """Metric → state of the clocks that `sla` has after everything that conversations recorded."""
    sla = SlaHarness([ALL])
    for offset, event in enumerate(house.driver.sent):
        if event.type.startswith("pasokh.conversation."):
            sla.now = max(sla.now, event.time)
            await sla.batch([ReceivedEvent(event, "conversations", offset)])
    found = [CLOCKS.decode(document) for key, document in sla.store.documents.items() if key.collection == CLOCKS.name]
    return {clock.metric: clock.state for clock in found}


def call(*states: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"id": "C1", "leg": leg, "state": state} for leg, state in states]


async def calls(house: ConversationsHarness, *states: tuple[str, str]) -> None:
    for number, state in enumerate(call(*states)):
        await house.customer(100 + number, kind="call", message="call-1", text=None, call=state)


async def test_a_missed_call_waits_for_an_answer() -> None:
    house = ConversationsHarness()
    await calls(house, ("customer", "ringing"), ("customer", "ended"))
    assert await clocks(house) == {"first_response": "running", "resolution": "running"}


async def test_a_call_that_was_taken_leaves_no_clock_running() -> None:
    house = ConversationsHarness()
    await calls(house, ("customer", "ringing"), ("agent", "answered"), ("customer", "ended"))
    assert await clocks(house) == {"resolution": "fulfilled"}


@pytest.mark.parametrize("done", [False, True])
async def test_what_a_machine_wrote_and_a_survey_change_no_clock(done: bool) -> None:
    house = ConversationsHarness()
    await house.customer(1)
    await house.assign()
    if done:
        await house.resolve()
    before = await clocks(house)
    await house.customer(2, automatic=True)
    await house.customer(3, kind="echo", author="account", automatic=True)
    answers = [{"ref": "csat", "value": 5}]
    await house.customer(4, kind="survey_answer", text=None, answers=answers, conversation=house.case().id)
    assert await clocks(house) == before
    assert before == {
        "first_response": "cancelled" if done else "running",
        "resolution": "fulfilled" if done else "running",
    }
