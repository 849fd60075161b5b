"""What waiting changes, through the processor: documents, timers and events, also over a lost memory."""

from datetime import timedelta

import pytest

from schemas.routing import Assigned, OfferClosed, Offered
from services.router.dispatch.recording import TASK_TIMER
from tests.router.dispatch.harness import DispatchHarness


@pytest.fixture
def office() -> DispatchHarness:
    return DispatchHarness()


async def due(office: DispatchHarness, conversation: str) -> list[str]:
    """The timer of a conversation fires at its time, after a restart. Returns the types of the events."""
    (timer,) = [timer for timer in office.timers() if timer.name == f"{TASK_TIMER}{conversation}"]
    assert timer.due_at == office.tasks()[conversation].next_change_at
    office.restart()
    before = len(office.sent)
    await office.advance_to(timer.due_at)
    return [event.type.rsplit(".", 1)[1] for event in office.sent[before:]]


async def test_offer_is_an_event_and_a_document_and_expires_by_its_timer(office: DispatchHarness) -> None:
    await office.online("ali")
    (event,) = await office.queue("c1", offer_seconds=30)
    offered = Offered.model_validate(event.data)
    task, decision = office.tasks()["c1"], office.decisions("c1")[0]
    assert (event.type, offered.agent, offered.offer) == ("pasokh.assignment.offered", "ali", "c1.1")
    assert offered.expires_at == office.now + timedelta(seconds=30) == task.offer_expires_at
    assert (task.state, task.agent, task.assigned_at, office.agent("ali").load) == ("offered", "ali", None, 1)
    assert (decision.outcome, decision.id) == ("offered", offered.decision)
    assert decision.summary.startswith("Offered to ali: ")
    await office.put_agent("zoe")
    await office.set_presence("zoe", "online")
    assert await due(office, "c1") == ["offer_ended", "offered"]
    assert (office.holder("c1"), office.agent("ali").missed_offers, office.agent("ali").load) == ("zoe", 1, 0)
    assert list(office.tasks()["c1"].passed) == ["ali"]


async def test_relaxed_task_is_restored_as_it_was(office: DispatchHarness) -> None:
    await office.online("ali", skills={"fa": 2})
    steps = [{"after_seconds": 10, "skills": {"fa": 3}}, {"after_seconds": 20, "skills": {"fa": 2}}]
    await office.queue("c1", skills={"fa": 5}, relax=steps)
    assert await due(office, "c1") == []
    assert (office.tasks()["c1"].relaxed, office.holder("c1")) == (1, None)
    assert await due(office, "c1") == ["assigned"]
    assert (office.tasks()["c1"].relaxed, office.holder("c1"), office.tasks()["c1"].next_change_at) == (2, "ali", None)
    assert office.timers() == []


async def test_preferred_agent_is_waited_for_over_a_restart(office: DispatchHarness) -> None:
    await office.online("ali", capacity=1)
    await office.queue("held")
    await office.online("zoe")
    assert await office.queue("c1", preferred="ali", preferred_seconds=60) == []
    assert office.decisions("c1")[0].summary == (
        "Waiting for ali, who had this conversation last, is online and has no free unit."
    )
    office.restart()
    await office.queue("c2")
    assert (office.holder("c1"), office.holder("c2")) == (None, "zoe")
    assert await due(office, "c1") == ["assigned"]
    assert office.holder("c1") == "zoe"


async def test_overflow_is_restored(office: DispatchHarness) -> None:
    overflow = {"to_team": "care", "max_wait_seconds": 600}
    await office.queue("c1", team="sales", overflow=overflow)
    assert await due(office, "c1") == []
    assert office.tasks()["c1"].overflowed
    office.restart()
    await office.online("ali", teams=["care"])
    assert office.holder("c1") == "ali"
    assert Assigned.model_validate(office.sent[-1].data).team == "sales"


async def test_closed_offer_is_withdrawn_and_its_timer_is_gone(office: DispatchHarness) -> None:
    await office.online("ali")
    await office.queue("c1", offer_seconds=30)
    (event,) = await office.close("c1")
    ended = OfferClosed.model_validate(event.data)
    assert (ended.why, ended.agent, ended.offer) == ("withdrawn", "ali", "c1.1")
    assert (office.tasks(), office.timers(), office.agent("ali").load) == ({}, [], 0)


async def test_new_steps_count_from_the_time_of_queueing(office: DispatchHarness) -> None:
    await office.online("ali", skills={"fa": 1})
    await office.queue("c1", skills={"fa": 5})
    office.now += timedelta(seconds=100)
    steps = [{"after_seconds": 60, "skills": {"fa": 3}}, {"after_seconds": 300, "skills": {"fa": 1}}]
    await office.change("c1", relax=steps)
    assert (office.tasks()["c1"].relaxed, office.holder("c1")) == (1, None)
    assert await due(office, "c1") == ["assigned"]


async def test_classes_of_work_show_on_the_agent(office: DispatchHarness) -> None:
    await office.online("ali", limits={"mail": 1})
    for name in ("m1", "m2"):
        await office.queue(name, work_class="mail")
    await office.queue("c1", units=2)
    assert (office.holder("m2"), office.agent("ali").loads, office.agent("ali").load) == (
        None,
        {"mail": 1, "chat": 2},
        3,
    )
    office.restart()
    await office.queue("c2")
    assert office.agent("ali").load == 4


async def test_class_of_a_task_goes_by_its_channel(office: DispatchHarness) -> None:
    await office.online("ali", capacity=1)
    await office.queue("mail", channel="email")
    await office.queue("chat")
    await office.queue("comment", surface="public")
    assert [office.tasks()[name].work_class for name in ("mail", "chat", "comment")] == ["mail", "chat", "public"]
    assert (office.holder("mail"), office.holder("chat"), office.holder("comment")) == ("ali", "ali", None)
