"""What people decide: claims, taking over, force. And what a case would get, without giving it."""

import pytest

from services.router.dispatch.domain.outcomes import DispatchRefused, OfferEnded, TaskAssigned
from tests.router.dispatch.shift import Shift


@pytest.fixture
def shift() -> Shift:
    return Shift()


def refusal(shift: Shift, task: str, agent: str, taken_from: str | None = None) -> DispatchRefused:
    with pytest.raises(DispatchRefused) as refused:
        shift.dispatcher.claim(task, agent, taken_from, shift.now)
    return refused.value


def test_of_two_claims_one_wins_and_the_other_learns_who(shift: Shift) -> None:
    for name in ("ann", "bob"):
        shift.agent(name, presence="away")
    shift.queue("c1")
    (assigned,) = shift.dispatcher.claim("c1", "ann", None, shift.now)
    assert isinstance(assigned, TaskAssigned)
    assert (assigned.agent, assigned.previous, assigned.explanation.reason.kind) == ("ann", None, "claimed")
    lost = refusal(shift, "c1", "bob")
    assert (lost.code, lost.agent) == ("held", "ann")
    assert shift.dispatcher.claim("c1", "ann", None, shift.now) == [], "again by the same agent"


def test_claim_above_capacity_is_refused_with_the_figures_unless_allowed(shift: Shift) -> None:
    shift.agent("ann", capacity=1)
    shift.queue("c1")
    shift.queue("c2")
    refused = refusal(shift, "c2", "ann")
    assert (refused.code, refused.load, refused.capacity) == ("over_capacity", 1, 1)
    assert shift.holder("c2") is None
    shift.dispatcher.claim("c2", "ann", None, shift.now, over_capacity=True)
    assert (shift.holder("c2"), shift.load("ann")) == ("ann", 2)


def test_taking_over_names_who_had_it_and_frees_their_unit(shift: Shift) -> None:
    shift.agent("ann", capacity=1)
    shift.queue("c1")
    shift.agent("bob", presence="away")
    shift.queue("c2")
    assigned, pulled = shift.dispatcher.claim("c1", "bob", "ann", shift.now)
    assert isinstance(assigned, TaskAssigned)
    assert (assigned.agent, assigned.previous) == ("bob", "ann")
    assert isinstance(pulled, TaskAssigned)
    assert (pulled.agent, pulled.task.id) == ("ann", "c2")


@pytest.mark.parametrize("taken_from", [None, "cyd"])
def test_taking_over_from_somebody_else_is_refused(shift: Shift, taken_from: str | None) -> None:
    for name in ("ann", "bob"):
        shift.agent(name, presence="away")
    shift.queue("c1")
    shift.dispatcher.claim("c1", "ann", None, shift.now)
    assert refusal(shift, "c1", "bob", taken_from).agent == "ann"
    assert shift.holder("c1") == "ann"


def test_offered_task_is_its_agents_to_claim(shift: Shift) -> None:
    shift.agent("ann")
    shift.agent("bob", presence="away")
    shift.queue("c1", offer_seconds=30)
    assert refusal(shift, "c1", "bob").agent == "ann"
    ended, assigned = shift.dispatcher.claim("c1", "ann", None, shift.now)
    assert isinstance(ended, OfferEnded)
    assert ended.why == "accepted"
    assert isinstance(assigned, TaskAssigned)


def test_unknown_task_and_agent_are_refused(shift: Shift) -> None:
    shift.queue("c1")
    assert refusal(shift, "c9", "ann").code == "unknown_task"
    assert refusal(shift, "c1", "ann").code == "unknown_agent"


def test_force_passes_capacity_and_says_so(shift: Shift) -> None:
    shift.agent("ann", capacity=1)
    shift.agent("bob", {"other": 1}, presence="offline", capacity=1)
    shift.queue("c1", offer_seconds=30)
    withdrawn, assigned = shift.dispatcher.force_assign("c1", "bob", "ann", shift.now)
    assert isinstance(withdrawn, OfferEnded)
    assert withdrawn.why == "withdrawn"
    assert isinstance(assigned, TaskAssigned)
    reason = assigned.explanation.reason
    assert (reason.kind, reason.by, reason.load, reason.capacity) == ("forced", "ann", 0, 1)


def test_explaining_changes_nothing(shift: Shift) -> None:
    shift.agent("ann", {"fa": 3}, capacity=1)
    agent, explanation = shift.dispatcher.explain(shift.task("try", {"fa": 2}))
    assert (agent, explanation.reason.kind, explanation.candidates[0].agent) == ("ann", "chosen", "ann")
    agent, explanation = shift.dispatcher.explain(shift.task("try", {"fa": 4}))
    assert (agent, explanation.reason.kind, explanation.excluded) == (None, "waiting", {"skills": 1})
    assert (shift.load("ann"), shift.dispatcher.placement("try"), shift.dispatcher.changed_tasks) == (0, None, {})
