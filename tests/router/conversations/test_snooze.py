"""Snoozed conversations: what wakes them, and what they are spared."""

from datetime import timedelta
from typing import Any, Literal

import pytest

from schemas.commands import CommandResult, Snooze, Unsnooze
from schemas.configuration import Versioned, WorkspaceBody, WorkspaceConfiguration, WorkspaceSettings
from services.records.configuration import CONFIGURATIONS
from tests.router.conversations.harness import ConversationsHarness, assigned_to

DAY = 86_400.0


@pytest.fixture
async def house() -> ConversationsHarness:
    harness = ConversationsHarness()
    await harness.customer(1)
    return harness


async def bring_to(house: ConversationsHarness, status: Literal["waiting", "assigned", "pending"]) -> None:
    if status != "waiting":
        await house.assign("sara")
    if status == "pending":
        answered = await house.reply("sara")
        await house.delivered(str(answered.result))


async def snooze(house: ConversationsHarness, seconds: float = 3600, **more: Any) -> CommandResult:
    until = house.driver.now + timedelta(seconds=seconds)
    command = Snooze(conversation=house.case().id, until=until, accepted_at=house.driver.now, request_hash="h", **more)
    return await house.command("snooze", command)


async def unsnooze(house: ConversationsHarness) -> CommandResult:
    command = Unsnooze(conversation=house.case().id, accepted_at=house.driver.now, request_hash="h")
    return await house.command("unsnooze", command)


def told(house: ConversationsHarness) -> list[str]:
    """What dispatch was told of pauses, in order."""
    kinds = [event.type.rpartition(".")[2] for event in house.driver.sent if ".routing." in event.type]
    return [kind for kind in kinds if kind in ("task_paused", "task_resumed")]


@pytest.mark.parametrize("status", ["waiting", "assigned", "pending"])
@pytest.mark.parametrize(
    ("event", "after", "wakes"),
    [
        ("time", 3599, False),
        ("time", 3600, True),
        ("customer", 10, True),
        ("customer without waking", 10, False),
        ("unsnooze", 10, True),
    ],
)
async def test_what_wakes_a_conversation(
    house: ConversationsHarness,
    status: Literal["waiting", "assigned", "pending"],
    event: str,
    after: float,
    wakes: bool,
) -> None:
    await bring_to(house, status)
    assert (await snooze(house, wake_on_reply=event != "customer without waking")).status == "applied"
    assert house.case().status == status
    await house.driver.advance(after)
    if event.startswith("customer"):
        await house.customer(2)
    elif event == "unsnooze":
        await unsnooze(house)
    assert (house.case().snoozed_until is None) == wakes
    assert told(house) == (["task_paused", "task_resumed"] if wakes else ["task_paused"])
    assert len(house.facts("woken")) == int(wakes)
    assert len(house.facts("snoozed")) == 1


async def test_a_snoozed_conversation_is_not_resolved_by_silence(house: ConversationsHarness) -> None:
    await bring_to(house, "pending")
    await snooze(house, 10 * DAY)
    await house.driver.advance(10 * DAY - 1)
    assert house.case().status == "pending"
    await house.driver.advance(1 + 7 * DAY - 1)
    assert (house.case().status, house.case().snoozed_until) == ("pending", None)
    await house.driver.advance(1)
    assert house.case().status == "resolved"


async def test_a_second_snooze_replaces_the_first(house: ConversationsHarness) -> None:
    await bring_to(house, "assigned")
    await snooze(house, 100)
    await snooze(house, 1000)
    await house.driver.advance(999)
    assert house.case().snoozed_until is not None
    await house.driver.advance(1)
    assert house.case().snoozed_until is None


async def test_a_resolve_ends_the_snooze_without_waking(house: ConversationsHarness) -> None:
    await bring_to(house, "assigned")
    await snooze(house)
    await house.resolve("sara")
    assert house.case().snoozed_until is None
    refused = await unsnooze(house)
    assert refused.problem is not None
    assert (refused.problem.status, refused.problem.title) == (409, "Not snoozed")
    assert (await snooze(house)).status == "refused"
    await house.driver.advance(3600)
    assert house.facts("woken") == []


async def test_a_lone_thumbs_up_wakes_nothing(house: ConversationsHarness) -> None:
    await bring_to(house, "pending")
    await snooze(house)
    await house.customer(2, text={"text": "👍"})
    assert house.case().snoozed_until is not None
    assert told(house) == ["task_paused"]


async def test_unsnooze_waits_for_the_agent_as_long_as_the_workspace_says(house: ConversationsHarness) -> None:
    await bring_to(house, "assigned")
    body = WorkspaceBody(name="Shop", settings=WorkspaceSettings(preferred_agent_seconds=7))
    profile = Versioned(body=body, version=2, at=house.driver.now)
    configuration = WorkspaceConfiguration(workspace="w", version=3, profile=profile, teams={})
    house.driver.put(CONFIGURATIONS, "w/3", configuration)
    await snooze(house)
    await unsnooze(house)
    [resumed] = [event for event in house.driver.sent if event.type == "pasokh.routing.task_resumed"]
    assert resumed.data["preferred_seconds"] == 7


async def test_who_takes_a_snoozed_conversation_wakes_it(house: ConversationsHarness) -> None:
    await snooze(house)
    taken = assigned_to(house.case(), "sara", house.driver.now)
    await house.arrives("assignments", "pasokh.assignment.assigned", taken)
    assert house.case().snoozed_until is not None, "dispatch had not heard of the snooze yet"
    claimed = taken.model_copy(update={"agent": "reza", "by_person": True})
    await house.arrives("assignments", "pasokh.assignment.assigned", claimed)
    assert (house.case().agent, house.case().snoozed_until) == ("reza", None)
