"""Relaxation and overflow as a task waits, and how both show in its decisions."""

import pytest

from schemas.values import Overflow, RelaxStep
from services.router.dispatch.domain.outcomes import Overflowed, Unmatched
from services.router.dispatch.domain.requirement import TaskRequirement
from tests.router.dispatch.shift import Shift


@pytest.fixture
def shift() -> Shift:
    return Shift()


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"skills": {"fa": 1}}, TaskRequirement.of("a", {"fa": 1, "vip": 2})),
        ({"drop_skills": ["vip"]}, TaskRequirement.of("a", {"fa": 3})),
        ({"add_teams": ["b", "a"]}, TaskRequirement.of(("a", "b"), {"fa": 3, "vip": 2})),
        ({"skills": {"fa": 1}, "drop_skills": ["fa", "unknown"]}, TaskRequirement.of("a", {"vip": 2})),
    ],
)
def test_step_of_relaxation(step: dict[str, object], expected: TaskRequirement) -> None:
    requirement = TaskRequirement.of("a", {"fa": 3, "vip": 2})
    assert requirement.relaxed(RelaxStep.model_validate({"after_seconds": 1, **step})) == expected


def test_relaxed_task_of_two_teams_goes_to_the_better_agent_of_both(shift: Shift) -> None:
    shift.agent("ann", {"fa": 5}, teams=["a", "b"])
    shift.agent("bea", {"fa": 2}, teams=["b"])
    steps = (RelaxStep(after_seconds=10, skills={"fa": 2}, add_teams=["b"]),)
    shift.queue("c1", {"fa": 4}, team="c", relax=steps)
    shift.until(10)
    assert shift.holder("c1") == "bea", "the closest fit, of three teams"


def test_relaxing_is_a_decision_that_names_all_teams(shift: Shift) -> None:
    shift.queue("c1", team="a", relax=(RelaxStep(after_seconds=10, add_teams=["b"]),))
    shift.until(10)
    unmatched = shift.log[-1][1]
    assert isinstance(unmatched, Unmatched)
    assert unmatched.explanation.reason.teams == ["a", "b"]


def test_full_queue_opens_a_task_to_the_overflow_team(shift: Shift) -> None:
    overflow = Overflow(to_team="b", max_waiting=2)
    shift.agent("bea", teams=["b"], capacity=9)
    for name in ("c1", "c2", "c3", "c4"):
        shift.queue(name, team="a", overflow=overflow)
    assert [shift.holder(name) for name in ("c1", "c2", "c3", "c4")] == [None, None, "bea", "bea"]
    overflowed = [outcome for _, outcome in shift.log if isinstance(outcome, Overflowed)]
    assert [(outcome.task.id, outcome.to_team, outcome.why) for outcome in overflowed] == [
        ("c3", "b", "max_waiting"),
        ("c4", "b", "max_waiting"),
    ]


def test_overflowed_task_is_still_its_own_teams(shift: Shift) -> None:
    shift.queue("c1", team="a", overflow=Overflow(to_team="b", max_waiting=0))
    shift.agent("ann", teams=["a"])
    assert shift.holder("c1") == "ann"


def test_long_wait_overflows_once(shift: Shift) -> None:
    shift.queue("c1", team="a", overflow=Overflow(to_team="b", max_wait_seconds=600))
    shift.until(5000)
    assert [(at, type(outcome)) for at, outcome in shift.log] == [(0, Unmatched), (600, Overflowed), (600, Unmatched)]
    shift.agent("bea", teams=["b"])
    assert shift.holder("c1") == "bea"
