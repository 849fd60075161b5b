"""The facts about agents: every change of what is shown of a presence, and exact sums of the time before it."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.routing import AgentFact
from tests.examples import examples
from tests.router.dispatch.harness import DispatchHarness


@pytest.fixture
def dispatch() -> DispatchHarness:
    return DispatchHarness()


def facts(dispatch: DispatchHarness, agent: str = "ann") -> list[AgentFact]:
    made = [e.payload_as(AgentFact) for e in dispatch.sent if e.type == "pasokh.agent.presence_changed"]
    return [fact for fact in made if fact.agent == agent]


async def test_each_change_is_a_fact_with_the_time_before(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann", capacity=2, teams=["default", "sales"])
    dispatch.now += timedelta(seconds=99)
    await dispatch.set_presence("ann", "away", reason="lunch")
    dispatch.now += timedelta(seconds=59)
    await dispatch.set_presence("ann", "online")
    assert [(one.presence, one.presence_reason, one.teams, one.capacity) for one in facts(dispatch)] == [
        ("online", None, ["default", "sales"], 2),
        ("away", "lunch", ["default", "sales"], 2),
        ("online", None, ["default", "sales"], 2),
    ]
    assert [
        one.before and (one.before.presence, one.before.presence_reason, one.before.seconds) for one in facts(dispatch)
    ] == [
        None,
        ("online", None, 100.0),
        ("away", "lunch", 60.0),
    ]


async def test_the_same_again_is_no_fact(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.set_presence("ann", "online")
    await dispatch.beat("ann", renews=True)
    await dispatch.beat("ann", renews=True)
    assert len(facts(dispatch)) == 1


async def test_what_lowers_a_presence_and_what_lifts_it_are_facts(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.beat("ann", renews=True)
    await dispatch.advance(901)
    await dispatch.beat("ann", renews=True)
    assert [(one.presence, one.presence_declared, one.presence_reason) for one in facts(dispatch)] == [
        ("online", "online", None),
        ("away", "online", "connection_lost"),
        ("offline", "online", "connection_lost"),
        ("online", "online", None),
    ]
    assert [one.before.seconds for one in facts(dispatch)[1:] if one.before] == [60.0, 840.0, 1.0]


async def test_finishing_first_is_shown_and_its_end_is_a_fact(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.queue("c1")
    await dispatch.set_presence("ann", "away", after_current=True, reason="lunch")
    await dispatch.close("c1")
    assert [(one.presence, one.presence_next, one.presence_reason) for one in facts(dispatch)[1:]] == [
        ("online", "away", "lunch"),
        ("away", None, "lunch"),
    ]


async def test_a_deleted_agent_leaves(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.delete_agent("ann")
    assert [one.presence for one in facts(dispatch)] == ["online", "offline"]


STEPS = st.lists(
    st.tuples(
        st.floats(0.5, 500),
        st.sampled_from(["queue", "close", "capacity1", "capacity3", "online", "away", "offline", "restart"]),
    ),
    max_size=12,
)


@examples(30)
@given(STEPS)
async def test_sums_are_those_of_a_ledger_of_every_moment(steps: list[tuple[float, str]]) -> None:
    """A ledger that writes down load and capacity after every step, and multiplies only at the end."""
    dispatch = DispatchHarness()
    await dispatch.online("ann", capacity=2)
    ledger: list[tuple[datetime, str, int, int]] = []

    def note() -> None:
        ann = dispatch.agent("ann")
        ledger.append((dispatch.now, ann.presence, ann.load, ann.body.capacity))

    note()
    queued: list[str] = []
    for number, (seconds, step) in enumerate([*steps, (1.0, "online"), (1.0, "away")]):
        dispatch.now += timedelta(seconds=seconds)
        await act(dispatch, step, queued, number)
        note()
    spans = [fact.before for fact in facts(dispatch) if fact.before is not None]
    pairs = list(pairwise(ledger))
    for presence in ("online", "away", "offline"):
        mine = [span for span in spans if span.presence == presence]
        lasting = [(b[0] - a[0], a[2], a[3]) for a, b in pairs if a[1] == presence]
        assert sum(s.seconds for s in mine) == pytest.approx(sum(t.total_seconds() for t, _, _ in lasting))
        assert sum(s.used_unit_seconds for s in mine) == pytest.approx(
            sum(t.total_seconds() * n for t, n, _ in lasting)
        )
        assert sum(s.unit_seconds for s in mine) == pytest.approx(sum(t.total_seconds() * n for t, _, n in lasting))


async def act(dispatch: DispatchHarness, step: str, queued: list[str], number: int) -> Any:
    if step == "queue":
        queued.append(f"c{number}")
        await dispatch.queue(queued[-1])
    elif step == "close" and queued:
        await dispatch.close(queued.pop())
    elif step.startswith("capacity"):
        await dispatch.put_agent("ann", capacity=int(step[-1]))
    elif step in ("online", "away", "offline"):
        await dispatch.set_presence("ann", step, open_work="keep")
    elif step == "restart":
        dispatch.restart()
