"""Offers: accepted once, in time; else the task goes back to its old place, and to somebody else."""

from datetime import timedelta

import pytest

from services.router.dispatch.domain.outcomes import (
    AgentSetAway,
    DispatchRefused,
    OfferEnded,
    TaskAssigned,
    TaskOffered,
)
from tests.router.dispatch.shift import Shift


@pytest.fixture
def shift() -> Shift:
    return Shift()


def test_offer_uses_the_units_of_its_task(shift: Shift) -> None:
    shift.agent("ann", capacity=1)
    shift.queue("c1", offer_seconds=30)
    shift.queue("c2", offer_seconds=30)
    assert (shift.holder("c1"), shift.holder("c2"), shift.load("ann")) == ("ann", None, 1)
    offer = shift.place("c1").offer
    assert offer is not None
    assert (offer.id, offer.agent, offer.expires_at) == ("c1.1", "ann", shift.at(30))


def test_accepted_offer_is_an_assignment(shift: Shift) -> None:
    shift.agent("ann")
    shift.queue("c1", offer_seconds=30)
    ended, assigned = shift.accept("c1")
    assert isinstance(ended, OfferEnded)
    assert ended.why == "accepted"
    assert isinstance(assigned, TaskAssigned)
    assert assigned.explanation.reason.kind == "accepted"
    assert (shift.place("c1").offer, shift.load("ann")) == (None, 1)
    shift.until(1000)
    assert shift.holder("c1") == "ann", "an accepted offer never expires"


def test_second_accept_is_refused(shift: Shift) -> None:
    shift.agent("ann")
    shift.queue("c1", offer_seconds=30)
    shift.accept("c1")
    with pytest.raises(DispatchRefused) as refused:
        shift.dispatcher.accept("c1.1", "ann", shift.now, shift.now)
    assert (refused.value.code, refused.value.agent) == ("offer_ended", "ann")


@pytest.mark.parametrize("late", [0, 5])
def test_accept_at_or_after_the_end_is_refused(shift: Shift, late: float) -> None:
    shift.agent("ann")
    shift.queue("c1", offer_seconds=30)
    # The timer has not fired yet: the time decides, not who comes first.
    now = shift.at(30 + late)
    with pytest.raises(DispatchRefused) as refused:
        shift.dispatcher.accept("c1.1", "ann", now, now)
    assert (refused.value.code, refused.value.why) == ("offer_ended", "expired")
    assert shift.holder("c1") == "ann"


def test_accept_in_time_counts_although_it_is_read_late(shift: Shift) -> None:
    shift.agent("ann")
    shift.queue("c1", offer_seconds=30)
    shift.dispatcher.accept("c1.1", "ann", shift.at(29), shift.at(31))
    assert shift.place("c1").offer is None


@pytest.mark.parametrize(("offer", "agent"), [("c1.1", "bob"), ("c1.2", "ann"), ("c9.1", "ann"), ("nonsense", "ann")])
def test_offer_of_another_agent_or_time_is_refused(shift: Shift, offer: str, agent: str) -> None:
    shift.agent("ann")
    shift.queue("c1", offer_seconds=30)
    with pytest.raises(DispatchRefused):
        shift.dispatcher.accept(offer, agent, shift.now, shift.now)
    with pytest.raises(DispatchRefused):
        shift.dispatcher.decline(offer, agent, "busy", shift.now)
    assert shift.place("c1").offer is not None


def test_30_expired_offer_goes_to_the_next_agent_and_keeps_its_place(shift: Shift) -> None:
    shift.agent("ann", capacity=1)
    shift.queue("c1", offer_seconds=30)
    shift.until(1)
    shift.queue("c2")
    shift.until(10)
    shift.agent("bob", capacity=1)
    assert shift.holder("c2") == "bob"
    shift.until(29)
    shift.close("c2")
    shift.until(31)
    assert shift.story("c1") == [(0, "offered", "ann"), (30, "expired", "ann"), (30, "offered", "bob")]
    assert shift.place("c1").task.queued_at == shift.at(0)


def test_who_passed_it_on_is_not_asked_for_five_minutes(shift: Shift) -> None:
    shift.agent("ann")
    shift.agent("bob", capacity=1)
    shift.queue("held")
    shift.queue("c1", offer_seconds=30)
    assert (shift.holder("held"), shift.holder("c1")) == ("ann", "bob")
    shift.decline("c1")
    assert shift.holder("c1") == "ann"
    shift.until(30)
    assert shift.story("c1")[-1] == (30, "offered", "bob"), "both passed it on, so that nobody else is left"


def test_busy_colleague_is_waited_for_before_who_passed_it_on(shift: Shift) -> None:
    shift.agent("ann")
    shift.agent("bob", capacity=1)
    shift.queue("held", {"none": 0})
    shift.queue("full", preferred="bob")
    shift.queue("c1", offer_seconds=30)
    shift.decline("c1")
    assert shift.holder("c1") is None, "bob is online and may take it"
    shift.until(299)
    assert shift.holder("c1") is None
    shift.until(300)
    assert shift.holder("c1") == "ann", "five minutes are over"


def test_when_the_last_colleague_leaves_who_passed_it_on_is_asked_again(shift: Shift) -> None:
    shift.agent("ann")
    shift.agent("bob", capacity=1)
    shift.queue("full", preferred="bob")
    shift.queue("c1", offer_seconds=30)
    shift.decline("c1")
    assert shift.holder("c1") is None
    shift.presence("bob", "away")
    assert shift.holder("c1") == "ann"


def test_missed_offers_in_a_row_set_the_agent_away(shift: Shift) -> None:
    shift.agent("ann", max_missed_offers=2)
    shift.queue("c1", offer_seconds=30)
    shift.until(30)
    assert shift.dispatcher.agent_index.agents["ann"].missed_offers == 1
    shift.until(60)
    assert shift.dispatcher.agent_index.agents["ann"].presence == "away"
    assert [outcome for _, outcome in shift.log if isinstance(outcome, AgentSetAway)] == [
        AgentSetAway("ann", 2, shift.at(60))
    ]
    assert (shift.holder("c1"), shift.load("ann")) == (None, 0)


@pytest.mark.parametrize(("reason", "missed"), [("busy", 0), (None, 1)])
def test_decline_with_a_reason_is_no_miss(shift: Shift, reason: str | None, missed: int) -> None:
    shift.agent("ann", max_missed_offers=2)
    shift.queue("c1", offer_seconds=30)
    ended = shift.decline("c1", reason)[0]
    assert isinstance(ended, OfferEnded)
    assert (ended.why, ended.reason, ended.missed) == ("declined", reason, missed)
    assert shift.dispatcher.agent_index.agents["ann"].missed_offers == missed


def test_accept_starts_the_count_again(shift: Shift) -> None:
    shift.agent("ann", max_missed_offers=2)
    shift.queue("c1", offer_seconds=30)
    shift.until(30)
    shift.accept("c1")
    shift.queue("c2", offer_seconds=30)
    shift.until(60)
    agent = shift.dispatcher.agent_index.agents["ann"]
    assert (agent.missed_offers, agent.presence) == (1, "online")


def test_closed_task_ends_its_offer_and_frees_the_agent(shift: Shift) -> None:
    shift.agent("ann", capacity=1)
    shift.queue("c1", offer_seconds=30)
    shift.queue("c2", offer_seconds=30)
    ended, offered = shift.close("c1")
    assert isinstance(ended, OfferEnded)
    assert ended.why == "withdrawn"
    assert isinstance(offered, TaskOffered)
    assert shift.holder("c2") == "ann"


def test_offer_in_hand_of_an_absent_agent_ends_at_its_own_time(shift: Shift) -> None:
    shift.agent("ann")
    shift.queue("c1", offer_seconds=30)
    shift.presence("ann", "away")
    shift.until(29)
    assert shift.holder("c1") == "ann"
    shift.until(30)
    assert shift.holder("c1") is None


def test_deleted_agents_offer_is_withdrawn(shift: Shift) -> None:
    shift.agent("ann")
    shift.agent("bob", presence="offline")
    shift.queue("c1", offer_seconds=30)
    shift.presence("bob", "online")
    outcomes = shift.dispatcher.remove_agent("ann", shift.now)
    assert [type(outcome) for outcome in outcomes] == [OfferEnded, TaskOffered]
    assert shift.holder("c1") == "bob"


def test_restored_offer_expires_at_the_same_time(shift: Shift) -> None:
    shift.agent("ann")
    shift.queue("c1", offer_seconds=30)
    before = shift.dispatcher
    shift.dispatcher = type(before)()
    shift.dispatcher.restore(before.agent_index.agents.values(), before.board.placements.values())
    assert shift.load("ann") == 1, "what agents have in hand is counted from the tasks"
    assert shift.place("c1").next_change == shift.at(30) == shift.now + timedelta(seconds=30)
