"""New routing rules and SLA policies reach every task of a workspace, page by page, also over a lost memory."""

from typing import Any

import pytest

from schemas.commands import Reroute
from schemas.envelope import Event
from services.platform.store.collections import OUTCOMES
from services.platform.store.port import Key
from services.router.dispatch import rounds
from tests.router.dispatch.harness import SHOP, DispatchHarness

REPLAN, REAPPLY = "pasokh.command.reroute", "pasokh.command.reapply_sla"


@pytest.fixture
def office() -> DispatchHarness:
    return DispatchHarness()


async def rules(office: DispatchHarness, version: int) -> list[Event]:
    return await office.handle(office.event("rules_changed", {"version": version}))


def requested(events: list[Event], kind: str = REPLAN) -> list[str]:
    return [str(event.data["conversation"]) for event in events if event.type == kind]


async def replanned(office: DispatchHarness, conversation: str, version: int, **change: Any) -> list[Event]:
    """Send the event by which conversations answer `pasokh.command.reroute`."""
    return await office.change(conversation, keeps_agent=True, rule="rule 1", config_version=version, **change)


async def test_waiting_tasks_are_replanned_and_those_with_an_agent_are_not(office: DispatchHarness) -> None:
    await office.online("ali", skills={"fa": 3}, capacity=1)
    await office.queue("c1", skills={"fa": 1})
    await office.queue("c2", skills={"typing-errorr": 1})
    emitted = await rules(office, 2)
    assert requested(emitted) == ["c2"]
    assert [event.partitionkey for event in emitted] == [f"{SHOP}/telegram:main:c2"]
    assert emitted[0].payload_as(Reroute) == Reroute(conversation="c2", version=2)
    assert office.queue_record().rules_version == 2


async def test_rules_announced_twice_or_late_request_nothing_more(office: DispatchHarness) -> None:
    await office.queue("c1", skills={"fa": 1})
    assert requested(await rules(office, 3)) == ["c1"]
    assert requested(await rules(office, 3)) == []
    assert requested(await rules(office, 2)) == []


async def test_a_replanned_task_goes_to_an_agent_who_can_take_it_now(office: DispatchHarness) -> None:
    await office.online("ali", teams=["care"])
    await office.queue("c1", skills={"typing-errorr": 1})
    await rules(office, 2)
    await replanned(office, "c1", 2, team="care", requirement={"skills": {}}, priority="high")
    task = office.tasks()["c1"]
    assert (office.holder("c1"), task.team, task.priority, task.rule, task.config_version) == (
        "ali",
        "care",
        "high",
        "rule 1",
        2,
    )
    assert office.decisions("c1")[-1].rule == "rule 1"


async def test_an_agent_assigned_meanwhile_keeps_the_task(office: DispatchHarness) -> None:
    await office.queue("c1")
    await rules(office, 2)
    await office.online("ali")
    assert office.holder("c1") == "ali"
    await replanned(office, "c1", 2, team="care", requirement={"skills": {"fa": 5}}, priority="low")
    assert (office.holder("c1"), office.tasks()["c1"].team) == ("ali", "default")


async def test_a_task_planned_by_older_rules_is_replanned_when_it_comes(office: DispatchHarness) -> None:
    """It was on its way when the rules changed."""
    await rules(office, 5)
    assert requested(await office.queue("c1", config_version=4)) == ["c1"]
    assert requested(await office.queue("c2", config_version=5)) == []


async def test_a_task_that_returns_to_the_queue_is_replanned(office: DispatchHarness) -> None:
    await office.online("ali", skills={"typing-errorr": 5})
    await office.queue("c1", skills={"typing-errorr": 1})
    await rules(office, 2)
    emitted = await office.handle(office.event("agent_deleted", {"agent": "ali"}))
    assert requested(emitted) == ["c1"]


async def test_pages_follow_by_timers_and_a_new_owner_goes_on(
    office: DispatchHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "PAGE_SIZE", 2)
    for number in range(5):
        await office.queue(f"c{number}", skills={"fa": 1})
    conversations = requested(await rules(office, 2))
    while timers := office.timers():
        office.restart()
        [timer] = timers
        conversations += requested(await office.fire(timer.name, timer.data))
    assert conversations == [f"c{number}" for number in range(5)]


async def test_tasks_of_an_installation_without_a_rules_version_are_replanned_at_the_first_event(
    office: DispatchHarness,
) -> None:
    """The rules were corrected before dispatch stored a rules version; the first event of the workspace starts the round."""
    await office.queue("c1", skills={"typing-errorr": 1}, config_version=0)
    office.configure("sales", rules=True)
    office.restart()
    assert requested(await office.queue("c2", config_version=2)) == ["c1"]


async def test_every_open_task_is_asked_to_apply_the_policies_in_force(office: DispatchHarness) -> None:
    await office.online("ali", capacity=1)
    for conversation in ("c1", "c2"):
        await office.queue(conversation)
    data = {"agent": "ali", "accepted_at": office.now.isoformat(), "request_hash": "hash"}
    event = office.event("reapply_sla", data)
    emitted = await office.handle(event)
    assert requested(emitted, REAPPLY) == ["c1", "c2"]
    outcome = office.store.documents[Key(OUTCOMES.name, event.id)]
    assert (outcome["status"], outcome["result"], outcome["request_hash"]) == ("applied", "2", "hash")
    assert await office.handle(event) == []
