"""next_response: each run of customer messages after an answer, from its earliest to the next human answer."""

import pytest

from schemas.configuration import Policy, Targets
from tests.sla.harness import SlaHarness, at

NEXT = Policy(id="next", targets=Targets(next_response_seconds=60), warn_at=[])
BOTH = Policy(id="both", targets=Targets(first_response_seconds=60, next_response_seconds=60), warn_at=[])


async def answered(policy: Policy = NEXT) -> SlaHarness:
    """A customer who was answered at 10 s."""
    sla = SlaHarness([policy])
    await sla.receive_message(at(0))
    await sla.replied(at(10), "r1")
    await sla.delivered(at(10), "r1")
    return sla


async def test_messages_before_the_first_answer_are_the_first_responses_business() -> None:
    sla = SlaHarness([NEXT])
    await sla.receive_message(at(0))
    await sla.receive_message(at(5))
    assert sla.emitted_names() == []


async def test_each_run_of_messages_starts_at_its_earliest_and_stops_at_the_next_answer() -> None:
    sla = await answered()
    await sla.receive_message(at(100))
    await sla.receive_message(at(120))
    clock = sla.clock(metric="next_response")
    assert (clock.started_at, clock.due_at, clock.run) == (at(100), at(160), 1)
    await sla.replied(at(130), "r2")
    await sla.delivered(at(130), "r2")
    await sla.receive_message(at(200))
    await sla.run_until(at(261))
    assert sla.names_of_run("next_response", 1) == ["started", "fulfilled"]
    assert sla.names_of_run("next_response", 2) == ["started", "breached"]
    assert sla.clock(metric="next_response", run=2).started_at == at(200)


async def test_message_that_comes_while_the_answer_is_on_its_way_waits_for_the_next_answer() -> None:
    sla = SlaHarness([BOTH])
    await sla.receive_message(at(0))
    await sla.replied(at(10), "r1")
    await sla.receive_message(at(12))
    await sla.receive_message(at(14))
    assert sla.names_of_run("next_response") == []
    await sla.delivered(at(10), "r1")
    assert sla.names_of_run("first_response") == ["started", "fulfilled"]
    assert sla.clock(metric="next_response").started_at == at(12)


async def test_message_with_an_early_time_that_came_after_the_answer_is_not_answered_by_it() -> None:
    sla = await answered()
    await sla.receive_message(at(100))
    await sla.replied(at(120), "r2")
    await sla.receive_message(at(90))
    await sla.delivered(at(120), "r2")
    assert sla.clock(metric="next_response", run=2).started_at == at(90)


async def test_when_the_answer_failed_the_later_message_belongs_to_the_same_run() -> None:
    sla = SlaHarness([BOTH])
    await sla.receive_message(at(0))
    await sla.replied(at(10), "r1")
    await sla.receive_message(at(12))
    await sla.failed(at(10), "r1")
    await sla.replied(at(20), "r2")
    await sla.delivered(at(20), "r2")
    assert sla.names_of_run("next_response") == []
    assert sla.names_of_run("first_response") == ["started", "fulfilled"]


async def test_answer_that_is_on_its_way_already_stops_the_run_that_it_answers() -> None:
    sla = SlaHarness([BOTH])
    await sla.receive_message(at(0))
    await sla.replied(at(10), "r1")
    await sla.receive_message(at(12))
    await sla.replied(at(14), "r2")
    await sla.delivered(at(10), "r1")
    assert sla.clock(metric="next_response").stopped_at == at(14)
    await sla.delivered(at(14), "r2")
    assert sla.names_of_run("next_response") == ["started", "fulfilled"]


async def test_answer_accepted_before_the_message_does_not_answer_it() -> None:
    sla = SlaHarness([BOTH])
    await sla.receive_message(at(0))
    await sla.replied(at(10), "r1")
    await sla.replied(at(11), "r2")
    await sla.delivered(at(10), "r1")
    await sla.receive_message(at(20))
    await sla.delivered(at(11), "r2")
    assert sla.names_of_run("next_response") == ["started"]


async def test_message_to_an_agent_who_spoke_first_is_waited_for_as_next() -> None:
    sla = SlaHarness([BOTH])
    await sla.replied(at(0), "r1")
    await sla.delivered(at(0), "r1")
    await sla.receive_message(at(10))
    assert sla.names_of_run("first_response") == []
    assert sla.names_of_run("next_response") == ["started"]


@pytest.mark.parametrize("author", ["bot", "system"])
async def test_bots_and_notices_answer_nothing(author: str) -> None:
    sla = await answered()
    await sla.receive_message(at(100))
    await sla.replied(at(101), "b1", author=author)
    await sla.delivered(at(101), "b1", author=author)
    assert sla.names_of_run("next_response") == ["started"]


async def test_end_cancels_and_the_message_that_reopens_starts_the_next_run() -> None:
    sla = await answered()
    await sla.receive_message(at(100))
    await sla.receive_fact("resolved", at(110), status="resolved")
    await sla.receive_fact("reopened", at(200), status="waiting")
    await sla.receive_message(at(200))
    assert sla.names_of_run("next_response", 1) == ["started", "cancelled"]
    assert sla.names_of_run("next_response", 2) == ["started"]


async def test_end_and_its_answer_that_failed_leave_nothing_open() -> None:
    sla = await answered()
    await sla.receive_message(at(100))
    await sla.replied(at(105), "r2")
    await sla.receive_fact("resolved", at(110), status="resolved")
    await sla.failed(at(105), "r2")
    await sla.receive_fact("reopened", at(150), status="waiting")
    await sla.receive_message(at(150))
    assert sla.names_of_run("next_response", 1) == ["started", "cancelled"]
    assert sla.clock(metric="next_response", run=2).started_at == at(150)
