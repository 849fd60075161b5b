"""Tasks that stop counting and count again; what an absent agent has; preferred agents; live work before mail."""

import pytest

from services.router.dispatch.domain.outcomes import AgentSetAway, Requeued, Resumed
from tests.router.dispatch.shift import Shift


@pytest.fixture
def shift() -> Shift:
    return Shift()


def test_paused_task_stays_with_its_agent_and_the_next_comes(shift: Shift) -> None:
    shift.agent("ann", capacity=1)
    shift.queue("c1")
    shift.queue("c2")
    shift.dispatcher.pause("c1", shift.now)
    assert (shift.holder("c1"), shift.holder("c2"), shift.load("ann")) == ("ann", "ann", 1)
    assert shift.dispatcher.pause("c1", shift.now) == []
    shift.close("c1")
    assert shift.load("ann") == 1, "what does not count frees nothing"


def test_returning_customers_are_taken_above_capacity_and_said_so(shift: Shift) -> None:
    shift.agent("ann", capacity=1)
    for name in ("c1", "c2"):
        shift.queue(name)
        shift.dispatcher.pause(name, shift.now)
    shift.queue("c3")
    (resumed,) = shift.dispatcher.resume("c1", shift.now)
    assert resumed == Resumed(shift.place("c1").task, "ann", 2, 1)
    assert isinstance(resumed, Resumed)
    assert resumed.is_above_capacity
    shift.queue("c4")
    shift.close("c1")
    assert shift.holder("c4") is None, "no new work until below capacity"
    shift.close("c3")
    assert shift.holder("c4") == "ann"


def test_above_twice_the_capacity_they_go_back_to_the_queue(shift: Shift) -> None:
    shift.agent("ann", capacity=1)
    for name in ("c1", "c2", "c3"):
        shift.queue(name)
        shift.dispatcher.pause(name, shift.now)
    for name in ("c1", "c2"):
        shift.dispatcher.resume(name, shift.now)
    returned, _ = shift.dispatcher.resume("c3", shift.now, 60)
    assert isinstance(returned, Requeued)
    assert (returned.reason, returned.agent, shift.load("ann")) == ("over_capacity", "ann", 2)
    assert shift.place("c3").task.preferred == "ann"
    shift.agent("bob")
    assert shift.holder("c3") is None, "it waits a while for ann"
    shift.until(60)
    assert shift.holder("c3") == "bob"


@pytest.mark.parametrize("presence", ["away", "offline"])
def test_customer_of_an_absent_agent_is_queued(shift: Shift, presence: str) -> None:
    shift.agent("ann")
    shift.queue("c1")
    shift.dispatcher.pause("c1", shift.now)
    shift.presence("ann", presence)
    shift.agent("bob")
    returned = shift.dispatcher.resume("c1", shift.now, 60)[0]
    assert isinstance(returned, Requeued)
    assert returned.reason == "not_online"
    assert shift.holder("c1") == "bob"


def test_task_set_aside_waits_outside_the_queue(shift: Shift) -> None:
    shift.queue("c1")
    shift.dispatcher.pause("c1", shift.now)
    shift.agent("ann")
    assert shift.holder("c1") is None
    shift.dispatcher.resume("c1", shift.now)
    assert shift.holder("c1") == "ann"


def test_absent_agents_tasks_go_back_to_their_old_places(shift: Shift) -> None:
    shift.agent("ann", capacity=2)
    for second, name in enumerate(("c1", "c2", "c3")):
        shift.until(second)
        shift.queue(name)
    shift.presence("ann", "away")
    shift.dispatcher.give_back(["c2", "c1"], "connection_lost", shift.now, 60)
    assert [shift.holder(name) for name in ("c1", "c2", "c3")] == [None] * 3
    shift.agent("bob", capacity=1)
    assert shift.holder("c1") == "bob", "the oldest first, and nobody waits for ann"
    shift.presence("ann", "online")
    assert (shift.holder("c2"), shift.holder("c3")) == ("ann", "ann")


def test_unread_task_goes_to_somebody_else(shift: Shift) -> None:
    shift.agent("ann")
    shift.queue("c1")
    shift.agent("bob")
    shift.dispatcher.give_back(["c1"], "unread", shift.now, missed=True)
    assert shift.holder("c1") == "bob"
    assert shift.dispatcher.agent_index.agents["ann"].missed_offers == 1


def test_agent_who_reads_nothing_is_set_away(shift: Shift) -> None:
    shift.agent("ann", max_missed_offers=2)
    for name in ("c1", "c2"):
        shift.queue(name)
    outcomes = shift.dispatcher.give_back(["c1", "c2"], "unread", shift.now, missed=True)
    assert [outcome.missed for outcome in outcomes if isinstance(outcome, AgentSetAway)] == [2]
    assert shift.dispatcher.agent_index.agents["ann"].presence == "away"
    assert (shift.holder("c1"), shift.holder("c2")) == ("ann", None), "c1 came back to her, for want of others"


def test_preferred_agent_who_is_full_is_waited_for_and_nobody_else_takes_it(shift: Shift) -> None:
    shift.agent("ann", capacity=1)
    shift.queue("c1")
    shift.agent("bob")
    shift.queue("c2", preferred="ann", preferred_seconds=60)
    assert shift.holder("c2") is None
    assert shift.dispatcher.explain(shift.place("c2").task)[1].reason.waits_for == "ann"
    shift.until(59)
    shift.close("c1")
    assert shift.holder("c2") == "ann"


def test_wait_for_the_preferred_agent_is_bounded(shift: Shift) -> None:
    shift.agent("ann", capacity=1)
    shift.queue("c1")
    shift.agent("bob")
    shift.queue("c2", preferred="ann", preferred_seconds=60)
    shift.until(60)
    assert shift.holder("c2") == "bob"


@pytest.mark.parametrize("leaves", ["away", "offline", "deleted", "moved"])
def test_preferred_agent_who_leaves_is_not_waited_for(shift: Shift, leaves: str) -> None:
    shift.agent("ann", capacity=1)
    shift.queue("c1")
    shift.agent("bob")
    shift.queue("c2", preferred="ann", preferred_seconds=60)
    if leaves == "deleted":
        shift.dispatcher.remove_agent("ann", shift.now)
    elif leaves == "moved":
        shift.agent("ann", teams=["elsewhere"], capacity=1)
    else:
        shift.presence("ann", leaves)
    assert shift.holder("c2") == "bob"


def test_live_work_comes_before_mail_of_the_same_priority(shift: Shift) -> None:
    shift.agent("ann", capacity=1)
    shift.queue("held")
    shift.queue("mail", work="mail")
    shift.queue("urgent-mail", work="mail", priority="urgent")
    shift.until(1)
    shift.queue("chat")
    shift.close("held")
    assert shift.holder("urgent-mail") == "ann"
    assert shift.holder("chat") == "ann", "mail yields: ann has room for live work beside it"
    shift.close("chat", "urgent-mail")
    assert shift.holder("mail") == "ann"


def test_agent_full_of_mail_takes_a_chat(shift: Shift) -> None:
    shift.agent("ann", capacity=2)
    for name in ("m1", "m2", "m3"):
        shift.queue(name, work="mail")
    shift.queue("c1")
    assert (shift.holder("m3"), shift.holder("c1"), shift.load("ann")) == (None, "ann", 2)
    shift.close("m1")
    assert shift.holder("m3") is None, "one chat and one mail use the two units"
    shift.close("c1")
    assert shift.holder("m3") == "ann"
