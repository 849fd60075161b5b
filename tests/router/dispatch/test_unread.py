"""What was given to an agent who does not look at it: a miss, and back to its old place."""

import pytest

from schemas.commands import ReturnTask
from services.domain.read_marks import ReadMark
from services.records.read_marks import READ_MARKS, ReadMarks
from tests.router.dispatch.harness import SHOP, DispatchHarness
from tests.router.dispatch.test_presence import asked, returned


@pytest.fixture
async def dispatch() -> DispatchHarness:
    office = DispatchHarness()
    await office.online("ann", capacity=2)
    await office.beat("ann", renews=True)
    return office


async def passes(dispatch: DispatchHarness, seconds: float) -> None:
    """Time, in which ann's page is heard."""
    for _ in range(int(seconds / 10)):
        await dispatch.advance(10)
        await dispatch.beat("ann", idle=0)


def looks(dispatch: DispatchHarness, conversation: str, agent: str = "ann") -> None:
    mark = ReadMark(order="1", received=1, at=dispatch.now)
    marks = ReadMarks(workspace=SHOP, conversation=conversation, marks={agent: mark}, at=dispatch.now)
    dispatch.put(READ_MARKS, conversation, marks)


async def test_unread_for_two_minutes_is_asked_about(dispatch: DispatchHarness) -> None:
    await dispatch.queue("c1")
    given = dispatch.tasks()["c1"].assigned_at
    dispatch.restart()
    await passes(dispatch, 110)
    assert asked(dispatch.sent) == []
    await passes(dispatch, 20)
    (command,) = asked(dispatch.sent)
    assert command == ReturnTask(conversation="c1", agent="ann", reason="unread", unread_since=given)


async def test_it_is_a_miss_and_others_come_first(dispatch: DispatchHarness) -> None:
    await dispatch.queue("c1")
    await dispatch.online("bob")
    await passes(dispatch, 130)
    await returned(dispatch, *asked(dispatch.sent))
    assert (dispatch.holder("c1"), dispatch.agent("ann").missed_offers) == ("bob", 1)


async def test_two_in_a_row_set_the_agent_away(dispatch: DispatchHarness) -> None:
    await dispatch.queue("c1")
    await dispatch.queue("c2")
    await passes(dispatch, 130)
    await returned(dispatch, *asked(dispatch.sent))
    ann = dispatch.agent("ann")
    assert (ann.presence, ann.presence_reason) == ("away", "missed_offers")
    # The first came back to who alone could take it, and leaves as all that waits for an absent agent does.
    assert (dispatch.holder("c1"), dispatch.holder("c2")) == ("ann", None)
    before = len(dispatch.sent)
    await passes(dispatch, 310)
    await returned(dispatch, *asked(dispatch.sent[before:]))
    assert (dispatch.holder("c1"), dispatch.holder("c2")) == (None, None)


async def test_a_look_is_enough_and_ends_the_row_of_misses(dispatch: DispatchHarness) -> None:
    await dispatch.queue("c1")
    await passes(dispatch, 60)
    looks(dispatch, "c1")
    await passes(dispatch, 100)
    assert (asked(dispatch.sent), dispatch.holder("c1")) == ([], "ann")
    # One missed, then one looked at, then one missed: never two in a row.
    await dispatch.queue("c2")
    await passes(dispatch, 130)
    await dispatch.online("bob")
    await returned(dispatch, *asked(dispatch.sent))
    assert dispatch.agent("ann").missed_offers == 1
    await dispatch.set_presence("bob", "offline", open_work="keep")
    await dispatch.queue("c3")
    looks(dispatch, "c3")
    await passes(dispatch, 130)
    assert dispatch.agent("ann").missed_offers == 0


async def test_a_look_before_it_was_given_does_not_count(dispatch: DispatchHarness) -> None:
    looks(dispatch, "c1")
    await passes(dispatch, 10)
    await dispatch.queue("c1")
    await passes(dispatch, 130)
    assert len(asked(dispatch.sent)) == 1


async def test_agents_without_a_lease_are_left_alone(dispatch: DispatchHarness) -> None:
    await dispatch.online("zoe", skills={"fa": 5})
    await dispatch.queue("c1", skills={"fa": 1})
    await dispatch.advance(1000)
    assert (dispatch.holder("c1"), [one.reason for one in asked(dispatch.sent)]) == ("zoe", [])


@pytest.mark.parametrize("kind", ["task_force_assigned", "task_claim"])
async def test_what_people_decided_stays(dispatch: DispatchHarness, kind: str) -> None:
    await dispatch.set_presence("ann", "away")
    await dispatch.queue("c1")
    await dispatch.handle(
        dispatch.event(
            kind,
            {**dispatch.named("c1"), "to_agent": "ann"}
            if kind == "task_force_assigned"
            else {"conversation": "c1", "agent": "ann"},
        )
    )
    await dispatch.set_presence("ann", "online")
    await passes(dispatch, 300)
    assert (asked(dispatch.sent), dispatch.holder("c1")) == ([], "ann")


async def test_it_can_be_switched_off(dispatch: DispatchHarness) -> None:
    dispatch.configure("sales", settings={"unread_return_seconds": None})
    await dispatch.queue("c1")
    await passes(dispatch, 300)
    assert asked(dispatch.sent) == []


async def test_somebody_elses_by_then_is_not_asked_about(dispatch: DispatchHarness) -> None:
    await dispatch.queue("c1")
    await dispatch.online("bob")
    await dispatch.handle(dispatch.event("task_claim", {"conversation": "c1", "agent": "bob", "from_agent": "ann"}))
    await passes(dispatch, 300)
    assert asked(dispatch.sent) == []
