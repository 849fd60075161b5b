"""Nothing waits for ever: a task that is larger than the room of every agent gets an agent who is reserved for it."""

import pytest

from tests.router.dispatch.shift import Shift


@pytest.mark.parametrize("priority", ["urgent", "low"])
def test_large_task_is_not_starved_by_small_ones_that_never_end(priority: str) -> None:
    """Small tasks keep every agent at one free unit at most; the large one needs two at once."""
    shift = Shift(fifo_reserve_interval=5)
    shift.agent("ann", capacity=2)
    shift.agent("bob", capacity=2)
    small = [f"s{number}" for number in range(3)]
    for name in small:
        shift.queue(name)
    shift.queue("large", units=2, priority=priority)
    turns = 0
    while shift.holder("large") is None:
        turns += 1
        assert turns < 40, "the large task starves"
        shift.until(turns)
        # The oldest goes and another comes, so that no agent ever has two free units by chance.
        held = next(name for name in small if shift.dispatcher.placement(name) and shift.holder(name))
        shift.close(held)
        small.remove(held)
        small.append(f"n{turns}")
        shift.queue(small[-1], priority="high")
    assert shift.load(str(shift.holder("large"))) == 2
    assert all(agent.reserved_for is None for agent in shift.dispatcher.agent_index.agents.values())


def test_call_that_needs_an_agent_without_chats_gets_one() -> None:
    shift = Shift(fifo_reserve_interval=5)
    shift.agent("ann", capacity=3, call_blocks=True)
    chats = ["c0", "c1"]
    for name in chats:
        shift.queue(name)
    shift.queue("call", work="call")
    for turn in range(40):
        if shift.holder("call") is not None:
            break
        shift.until(turn + 1)
        if shift.holder(chats[0]) is not None:
            shift.close(chats.pop(0))
        chats.append(f"n{turn}")
        shift.queue(chats[-1])
    assert shift.holder("call") == "ann"
    assert shift.dispatcher.agent_index.agents["ann"].in_hand.chat == 0, "a call is the only live work"


def test_reserved_agent_is_free_again_when_the_large_task_is_gone() -> None:
    shift = Shift(fifo_reserve_interval=1)
    shift.agent("ann", capacity=3)
    for name in ("s1", "s2", "s3"):
        shift.queue(name)
    shift.queue("large", units=3)
    shift.close("s1")
    agent = shift.dispatcher.agent_index.agents["ann"]
    assert (agent.reserved_for, agent.in_hand.chat) == ("large", 2)
    shift.queue("s4")
    assert shift.holder("s4") is None, "room is saved"
    shift.close("large")
    assert shift.holder("s4") == "ann"


def test_reservation_falls_when_the_agent_leaves() -> None:
    shift = Shift(fifo_reserve_interval=1)
    shift.agent("ann", capacity=2)
    shift.queue("s1")
    shift.queue("s2")
    shift.queue("large", units=2)
    shift.close("s1")
    assert shift.dispatcher.agent_index.agents["ann"].reserved_for == "large"
    shift.presence("ann", "away")
    assert shift.dispatcher.agent_index.agents["ann"].reserved_for is None
    shift.agent("bob", capacity=2)
    assert shift.holder("large") == "bob"


def test_mail_saves_no_room() -> None:
    shift = Shift(fifo_reserve_interval=1)
    shift.agent("ann", capacity=2)
    shift.queue("m1", work="mail")
    shift.queue("c1")
    shift.queue("m2", work="mail")
    shift.queue("c2")
    assert (shift.holder("m2"), shift.holder("c2")) == (None, "ann"), "live work takes what mail waits for"
