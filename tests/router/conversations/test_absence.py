"""What a conversation answers when its agent is not there: the customer who waits goes back to the queue, others stay."""

from typing import Any

import pytest

from schemas.commands import ReturnTask
from schemas.routing import TaskPaused, TaskReturned
from tests.router.conversations.harness import ConversationsHarness


@pytest.fixture
def harness() -> ConversationsHarness:
    return ConversationsHarness()


async def ask(harness: ConversationsHarness, **more: Any) -> list[str]:
    command = ReturnTask(
        **{
            "conversation": harness.case().id,
            "agent": "sara",
            "reason": "signed_off",
            "preferred_seconds": 60.0,
            **more,
        }
    )
    return await harness.arrives("commands", "pasokh.command.return_task", command)


def returned(harness: ConversationsHarness) -> list[TaskReturned]:
    return [
        event.payload_as(TaskReturned) for event in harness.driver.sent if event.type == "pasokh.routing.task_returned"
    ]


async def test_unanswered_one_goes_back(harness: ConversationsHarness) -> None:
    await harness.customer()
    await harness.assign()
    assert await ask(harness) == ["routing.task_returned"]
    (one,) = returned(harness)
    assert (one.agent, one.reason, one.preferred_seconds) == ("sara", "signed_off", 60.0)


async def test_pending_one_stays_without_counting(harness: ConversationsHarness) -> None:
    await harness.customer()
    await harness.assign()
    await harness.reply()
    assert await ask(harness) == ["routing.task_paused"]
    paused = next(event for event in harness.driver.sent if event.type == "pasokh.routing.task_paused").payload_as(
        TaskPaused
    )
    assert (paused.agent, harness.case().agent) == ("sara", "sara")
    # The customer writes: dispatch decides, and an absent agent loses it there.
    assert "routing.task_resumed" in await harness.customer(2)


async def test_assignment_that_is_still_on_its_way_is_given_back(harness: ConversationsHarness) -> None:
    await harness.customer()
    assert await ask(harness) == ["routing.task_returned"]


async def test_kept_one_goes_back_when_the_customer_writes_again(harness: ConversationsHarness) -> None:
    await harness.customer()
    await harness.assign()
    assert await ask(harness, keeps=True) == []
    assert harness.case().agent == "sara"
    assert "routing.task_returned" in await harness.customer(2)
    (one,) = returned(harness)
    assert (one.agent, one.reason) == ("sara", "not_online")
    assert "routing.task_returned" not in await harness.customer(3), "once"


async def test_kept_one_of_somebody_else_by_now_stays(harness: ConversationsHarness) -> None:
    await harness.customer()
    await harness.assign()
    await ask(harness, keeps=True)
    await harness.assign("reza")
    assert "routing.task_returned" not in await harness.customer(2)


@pytest.mark.parametrize("keeps", [True, False])
async def test_resolved_one_is_left_alone(harness: ConversationsHarness, keeps: bool) -> None:
    await harness.customer()
    await harness.assign()
    await harness.resolve("sara")
    assert await ask(harness, keeps=keeps) == []


async def test_unread_goes_back_only_if_it_still_waits_for_this_agent(harness: ConversationsHarness) -> None:
    await harness.customer()
    assert await ask(harness, reason="unread", unread_since=harness.driver.now) == [], (
        "not theirs yet: a later timer asks"
    )
    await harness.assign()
    assert await ask(harness, reason="unread", unread_since=harness.driver.now) == ["routing.task_returned"]
    await harness.reply()
    assert await ask(harness, reason="unread", unread_since=harness.driver.now) == [], "who answers has looked"
