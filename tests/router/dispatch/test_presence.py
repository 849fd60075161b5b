"""What agents declare: away, offline, after the work in hand, and what becomes of their open conversations."""

from dataclasses import replace

import pytest

from schemas.commands import ReturnTask
from schemas.envelope import Event
from schemas.routing import Unassigned, WorkReturned
from services.router.dispatch.domain.presence import Presence
from services.router.dispatch.presence import presence_of
from services.router.dispatch.returns import PAGE_SIZE
from tests.router.dispatch.harness import DispatchHarness


@pytest.fixture
def dispatch() -> DispatchHarness:
    return DispatchHarness()


def asked(events: list[Event]) -> list[ReturnTask]:
    """The conversations that were asked what becomes of them."""
    return [event.payload_as(ReturnTask) for event in events if event.type == "pasokh.command.return_task"]


async def returned(dispatch: DispatchHarness, *commands: ReturnTask) -> list[Event]:
    """Every conversation that was asked answers that its customer waits."""
    events = []
    for command in commands:
        data = {
            **dispatch.named(command.conversation),
            "agent": command.agent,
            "reason": command.reason,
            "preferred_seconds": command.preferred_seconds,
        }
        events += await dispatch.handle(dispatch.event("task_returned", data), seconds=0)
    return events


@pytest.mark.parametrize(("status", "reason"), [("offline", "signed_off"), ("away", "not_online")])
async def test_who_goes_gives_back_what_waits_to_its_old_place(
    dispatch: DispatchHarness, status: str, reason: str
) -> None:
    await dispatch.online("ann", capacity=2)
    await dispatch.queue("old")
    await dispatch.queue("older", priority="high")
    assert dispatch.agent("ann").load == 2
    await dispatch.queue("later")
    before = len(dispatch.sent)
    await dispatch.set_presence("ann", status)
    commands = asked(dispatch.sent[before:])
    assert [(one.conversation, one.agent, one.reason, one.keeps) for one in commands] == [
        ("old", "ann", reason, False),
        ("older", "ann", reason, False),
    ]
    events = await returned(dispatch, *commands)
    unassigned = [event.payload_as(Unassigned) for event in events if event.type == "pasokh.assignment.unassigned"]
    assert [(one.conversation, one.reason) for one in unassigned] == [("old", reason), ("older", reason)]
    assert dispatch.agent("ann").load == 0
    # The old places: by priority, then by time of queueing. The one that came last waits longest.
    await dispatch.online("bob", capacity=2)
    assert (dispatch.holder("older"), dispatch.holder("old"), dispatch.holder("later")) == ("bob", "bob", None)


async def test_leads_are_told_how_many(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann", capacity=3)
    for name in ("c1", "c2"):
        await dispatch.queue(name)
    await dispatch.set_presence("ann", "offline")
    told = [e.payload_as(WorkReturned) for e in dispatch.sent if e.type == "pasokh.agent.work_returned"]
    assert [(one.agent, one.teams, one.reason, one.conversations) for one in told] == [
        ("ann", ["default"], "signed_off", 2)
    ]
    await dispatch.online("bob")
    await dispatch.set_presence("bob", "offline")
    assert len([e for e in dispatch.sent if e.type == "pasokh.agent.work_returned"]) == 1, "nothing, so no word"


async def test_kept_work_stays(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.queue("c1")
    before = len(dispatch.sent)
    await dispatch.set_presence("ann", "offline", open_work="keep")
    assert [(one.conversation, one.keeps) for one in asked(dispatch.sent[before:])] == [("c1", True)]
    assert dispatch.holder("c1") == "ann"


async def test_offers_in_hand_go_to_others_at_once(dispatch: DispatchHarness) -> None:
    dispatch.configure("sales", settings={"offer_mode": "offer"})
    await dispatch.online("ann")
    await dispatch.queue("c1")
    await dispatch.online("bob")
    assert dispatch.tasks()["c1"].offer == "c1.1"
    await dispatch.set_presence("ann", "away", open_work="keep")
    assert dispatch.offer("c1.1").why == "withdrawn"
    assert (dispatch.tasks()["c1"].state, dispatch.holder("c1")) == ("offered", "bob")


async def test_who_is_back_before_the_answer_keeps_what_they_have(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.queue("c1")
    await dispatch.set_presence("ann", "offline")
    commands = asked(dispatch.sent)
    await dispatch.set_presence("ann", "online")
    await returned(dispatch, *commands)
    assert dispatch.holder("c1") == "ann"


async def test_repeat_or_late_return_takes_nothing_from_the_next_agent(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.queue("c1")
    await dispatch.set_presence("ann", "offline")
    (command,) = asked(dispatch.sent)
    await dispatch.online("bob")
    await returned(dispatch, command)
    assert dispatch.holder("c1") == "bob"
    assert await returned(dispatch, command) == []
    await dispatch.close("c1")
    assert await returned(dispatch, command) == []


async def test_what_does_not_count_is_not_asked_about(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.queue("c1")
    await dispatch.handle(
        dispatch.event("task_paused", {**dispatch.named("c1"), "agent": "ann", "at": dispatch.now.isoformat()})
    )
    await dispatch.set_presence("ann", "offline")
    assert asked(dispatch.sent) == []
    # Its customer writes: queue, never the absent agent.
    await dispatch.online("bob")
    await dispatch.handle(dispatch.event("task_resumed", {**dispatch.named("c1"), "at": dispatch.now.isoformat()}))
    assert dispatch.holder("c1") == "bob"


async def test_many_are_asked_page_by_page_over_a_restart(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann", capacity=100)
    names = [f"c{number:03}" for number in range(PAGE_SIZE + 50)]
    for name in names:
        await dispatch.queue(name)
        forced = {**dispatch.named(name), "to_agent": "ann"}
        await dispatch.handle(dispatch.event("task_force_assigned", forced))
    await dispatch.set_presence("ann", "offline")
    assert len(asked(dispatch.sent)) == PAGE_SIZE
    dispatch.restart()
    await dispatch.advance(1)
    assert [one.conversation for one in asked(dispatch.sent)] == names


async def test_finish_first_gets_nothing_new_and_goes_with_the_last(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann", capacity=3)
    await dispatch.queue("c1")
    await dispatch.queue("c2")
    await dispatch.set_presence("ann", "away", after_current=True, reason="lunch")
    ann = dispatch.agent("ann")
    assert (ann.presence, ann.presence_next, ann.presence_reason) == ("online", "away", "lunch")
    await dispatch.queue("c3")
    assert dispatch.holder("c3") is None
    await dispatch.close("c1")
    assert (dispatch.agent("ann").presence, dispatch.holder("c3")) == ("online", None)
    dispatch.restart()
    await dispatch.close("c2")
    ann = dispatch.agent("ann")
    assert (ann.presence, ann.presence_declared, ann.presence_next, ann.presence_reason) == (
        "away",
        "away",
        None,
        "lunch",
    )


async def test_finish_first_without_work_is_at_once(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.set_presence("ann", "offline", after_current=True)
    assert dispatch.agent("ann").presence == "offline"


async def test_online_again_ends_finishing(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.queue("c1")
    await dispatch.set_presence("ann", "away", after_current=True)
    await dispatch.queue("c2")
    await dispatch.set_presence("ann", "online")
    assert (dispatch.holder("c2"), dispatch.agent("ann").presence_next) == ("ann", None)
    await dispatch.close("c1")
    await dispatch.close("c2")
    assert dispatch.agent("ann").presence == "online"


async def test_what_waits_for_who_missed_offers_goes_back_after_five_minutes(dispatch: DispatchHarness) -> None:
    dispatch.configure("sales", settings={"missed_offers": 1}, teams_settings={"sales": {"offer_mode": "offer"}})
    await dispatch.online("ann", teams=["default", "sales"])
    await dispatch.queue("kept")
    await dispatch.queue("offered", team="sales")
    await dispatch.advance(31)
    ann = dispatch.agent("ann")
    assert (ann.presence, ann.presence_reason, list(ann.lowered)) == ("away", "missed_offers", ["missed_offers"])
    dispatch.restart()
    await dispatch.advance(290)
    assert asked(dispatch.sent) == []
    await dispatch.advance(20)
    assert [(one.conversation, one.reason) for one in asked(dispatch.sent)] == [("kept", "not_online")]
    await dispatch.advance(10_000)
    assert len(asked(dispatch.sent)) == 1
    await dispatch.set_presence("ann", "online")
    assert (dispatch.agent("ann").presence, dispatch.agent("ann").lowered) == ("online", {})


async def test_presence_of_the_version_before_is_understood(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    ann = replace(dispatch.agent("ann"), presence="away", presence_reason="missed_offers", presence_since=dispatch.now)
    assert presence_of(ann) == Presence("online", None, None, {"missed_offers": dispatch.now})
