"""Which conversations silence resolves, and when: every state that a silent customer may be left in, at each time that matters.

By a shop's table: webchat after a day, other channels after a week; never what is unanswered, snoozed or failed, nor while a hand-off runs.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.commands import Snooze
from schemas.conversation import Handoff
from services.records.conversations import CONVERSATIONS
from tests.fakes import START
from tests.router.conversations.harness import ConversationsHarness

HOUR, DAY = 3600, 86_400
TIMES = (HOUR, DAY - 1, DAY, 2 * DAY, 7 * DAY - 1, 7 * DAY, 8 * DAY)
"""Seconds since the answer, or since the customer's message where there is none."""
DUE = {"webchat": DAY, "telegram": 7 * DAY}
"""When silence resolves. Three days later it is closed for good."""


async def unanswered(house: ConversationsHarness) -> str:
    return "waiting"


async def assigned(house: ConversationsHarness) -> str:
    await house.assign("sara")
    return "assigned"


async def answered(house: ConversationsHarness) -> str:
    await house.assign("sara")
    outcome = await house.reply("sara")
    await house.delivered(str(outcome.result))
    return "pending"


async def answered_and_thanked(house: ConversationsHarness) -> str:
    status = await answered(house)
    channel = house.case().channel
    await house.customer(2, text={"text": "👍"}, channel=channel, person=f"{channel}:main:1")
    return status


async def snoozed(house: ConversationsHarness) -> str:
    status = await answered(house)
    until = house.driver.now + timedelta(days=30)
    command = Snooze(conversation=house.case().id, until=until, accepted_at=house.driver.now, request_hash="h")
    assert (await house.command("snooze", command)).status == "applied"
    return status


async def failed(house: ConversationsHarness) -> str:
    await house.assign("sara")
    outcome = await house.reply("sara")
    await house.undelivered(str(outcome.result))
    return "assigned"


async def handed_off(house: ConversationsHarness) -> str:
    status = await answered(house)
    case = house.case()
    running = Handoff(state="started", started_at=START, reason="card")
    house.driver.put(CONVERSATIONS, case.id, replace(case, handoff=running))
    return status


async def came_back(house: ConversationsHarness) -> str:
    await answered(house)
    channel = house.case().channel
    await house.customer(2, channel=channel, person=f"{channel}:main:1")
    return "assigned"


STATES: dict[Callable[[ConversationsHarness], Awaitable[str]], bool] = {
    unanswered: False,
    assigned: False,
    answered: True,
    answered_and_thanked: True,
    snoozed: False,
    failed: False,
    handed_off: False,
    came_back: False,
}
"""How the customer is left, and whether silence ever resolves that."""


@pytest.mark.parametrize("channel", DUE)
@pytest.mark.parametrize("left_in", STATES, ids=lambda one: one.__name__)
async def test_32_table_of_states_and_times(
    left_in: Callable[[ConversationsHarness], Awaitable[str]], channel: str
) -> None:
    house = ConversationsHarness()
    await house.customer(1, channel=channel, person=f"{channel}:main:1")
    status = await left_in(house)
    began, found = house.driver.now, {}
    for seconds in TIMES:
        await house.driver.advance((began + timedelta(seconds=seconds) - house.driver.now).total_seconds())
        found[seconds] = house.case().status
    resolves, due = STATES[left_in], DUE[channel]

    def expected(seconds: int) -> str:
        if not resolves or seconds < due:
            return status
        return "resolved" if seconds < due + 3 * DAY else "closed"

    assert found == {seconds: expected(seconds) for seconds in TIMES}
    assert [fact.reason for fact in house.facts("resolved")] == (["no_answer"] if resolves else [])
