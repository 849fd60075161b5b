"""Wrap-up: units stay in use after the end of a conversation, until a time or until its agent is done."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.dispatch.domain.dispatcher import Dispatcher
from services.router.dispatch.domain.requirement import TaskRequirement
from services.router.dispatch.domain.values import Agent, Task
from services.router.dispatch.domain.work import Work
from tests.examples import examples
from tests.fakes import START
from tests.router.dispatch.harness import DispatchHarness

MINUTE = {"wrap_up_seconds": 60}


@pytest.fixture
def dispatch() -> DispatchHarness:
    return DispatchHarness()


async def done(dispatch: DispatchHarness, agent: str, conversation: str | None = None) -> None:
    event = dispatch.event("wrap_up_end", {"agent": agent, "wrapped_up": conversation})
    await dispatch.handle(event)


async def test_units_stay_in_use_until_the_time_is_over(dispatch: DispatchHarness) -> None:
    dispatch.configure("sales", settings=MINUTE)
    await dispatch.online("ann", capacity=1)
    await dispatch.queue("c1")
    await dispatch.queue("c2")
    await dispatch.close("c1")
    ann = dispatch.agent("ann")
    assert (ann.load, ann.idle_since, [one.conversation for one in ann.wrap_ups]) == (1, None, ["c1"])
    assert dispatch.holder("c2") is None
    dispatch.restart()
    await dispatch.advance(59)
    assert dispatch.holder("c2") is None
    await dispatch.advance(1)
    assert (dispatch.holder("c2"), dispatch.agent("ann").wrap_ups) == ("ann", [])


async def test_done_ends_all_or_one(dispatch: DispatchHarness) -> None:
    dispatch.configure("sales", settings=MINUTE)
    await dispatch.online("ann", capacity=2)
    for name in ("c1", "c2"):
        await dispatch.queue(name)
    for name in ("c1", "c2"):
        await dispatch.close(name)
    await dispatch.queue("c3")
    await done(dispatch, "ann", "c2")
    assert (dispatch.holder("c3"), dispatch.agent("ann").load) == ("ann", 2)
    await done(dispatch, "ann")
    assert (dispatch.agent("ann").load, dispatch.agent("ann").wrap_ups) == (1, [])
    await done(dispatch, "ann")
    assert dispatch.timers() == []


async def test_no_wrap_up_by_default_for_mail_for_what_did_not_count_or_for_who_is_not_there(
    dispatch: DispatchHarness,
) -> None:
    await dispatch.online("ann")
    await dispatch.queue("c1")
    await dispatch.close("c1")
    assert dispatch.agent("ann").load == 0
    dispatch.configure("sales", settings=MINUTE)
    await dispatch.queue("mail", channel="email")
    await dispatch.close("mail")
    assert dispatch.agent("ann").load == 0
    await dispatch.queue("paused")
    await dispatch.handle(
        dispatch.event("task_paused", {**dispatch.named("paused"), "agent": "ann", "at": dispatch.now.isoformat()})
    )
    await dispatch.close("paused")
    assert dispatch.agent("ann").load == 0
    await dispatch.queue("left")
    await dispatch.set_presence("ann", "away", open_work="keep")
    await dispatch.close("left")
    assert dispatch.agent("ann").load == 0


async def test_teams_have_their_own(dispatch: DispatchHarness) -> None:
    dispatch.configure("sales", settings=MINUTE, teams_settings={"sales": {"wrap_up_seconds": 0}})
    await dispatch.online("ann", teams=["sales", "default"])
    await dispatch.queue("c1", team="sales")
    await dispatch.close("c1")
    assert dispatch.agent("ann").load == 0


async def test_a_conversation_that_goes_on_is_not_wrapped_up(dispatch: DispatchHarness) -> None:
    dispatch.configure("sales", settings=MINUTE)
    await dispatch.online("ann", capacity=1)
    await dispatch.queue("c1")
    await dispatch.close("c1")
    await dispatch.queue("c1", preferred="ann")
    assert (dispatch.holder("c1"), dispatch.agent("ann").load, dispatch.agent("ann").wrap_ups) == ("ann", 1, [])


async def test_who_finishes_first_wraps_up_too(dispatch: DispatchHarness) -> None:
    dispatch.configure("sales", settings=MINUTE)
    await dispatch.online("ann")
    await dispatch.queue("c1")
    await dispatch.set_presence("ann", "away", after_current=True)
    await dispatch.close("c1")
    assert dispatch.agent("ann").presence == "online"
    await dispatch.advance(60)
    assert dispatch.agent("ann").presence == "away"


async def test_a_deleted_agent_leaves_no_timer(dispatch: DispatchHarness) -> None:
    dispatch.configure("sales", settings=MINUTE)
    await dispatch.online("ann")
    await dispatch.queue("c1")
    await dispatch.close("c1")
    await dispatch.delete_agent("ann")
    assert dispatch.timers() == []


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["queue", "close", "done", "done_one", "tick", "restore"]),
        st.integers(0, 5),
        st.sampled_from([0.0, 10.0, 30.0]),
    ),
    max_size=30,
)


@examples(60)
@given(STEPS, st.integers(1, 3))
def test_units_in_use_are_those_of_a_model_that_counts_anew(steps: list[tuple[str, int, float]], capacity: int) -> None:
    """The model knows what is open, and when each wrap-up ends; it adds up and keeps nothing."""
    dispatcher = Dispatcher()
    dispatcher.put_agent(Agent("ann", "ann", frozenset({"t"}), {}, capacity, presence="online"), START)
    ends: dict[str, datetime] = {}
    for number, (step, which, seconds) in enumerate(steps):
        now = at(number * 7)
        held = [placement.task.id for placement in dispatcher.tasks_of("ann")]
        if step == "queue":
            requirement = TaskRequirement.of("t", {}, Work("chat", 1))
            dispatcher.enqueue(Task(f"c{number}", requirement, "normal", now), now)
        elif step == "close" and held:
            name = held[which % len(held)]
            dispatcher.close(name, now, seconds)
            ends |= {name: now + timedelta(seconds=seconds)} if seconds else {}
        elif step == "done":
            dispatcher.end_wrap_ups("ann", now, early=True)
            ends.clear()
        elif step == "done_one" and ends:
            name = sorted(ends)[which % len(ends)]
            dispatcher.end_wrap_ups("ann", now, name, early=True)
            del ends[name]
        elif step == "tick":
            dispatcher.end_wrap_ups("ann", now)
            ends = {name: until for name, until in ends.items() if until > now}
        elif step == "restore":
            again = Dispatcher()
            again.restore(dispatcher.agent_index.agents.values(), dispatcher.board.placements.values())
            dispatcher = again
        ann, waiting = dispatcher.agent_index.agents["ann"], len(dispatcher.queue.tasks)
        held = [placement.task.id for placement in dispatcher.tasks_of("ann")]
        assert {one.task: one.until for one in ann.wrap_ups} == ends
        assert ann.load == len(held) + len(ends) <= capacity
        assert not waiting or ann.load == capacity, "nobody waits while there is a free unit"
