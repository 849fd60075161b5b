"""pickup (queued to with an agent) and public_response (public message to any public answer)."""

import pytest

from schemas.configuration import Policy, Targets
from tests.sla.harness import SlaHarness, at

PICKUP = Policy(id="pickup", targets=Targets(pickup_seconds=30), warn_at=[])
PUBLIC = Policy(id="public", targets=Targets(public_response_seconds=30, first_response_seconds=300), warn_at=[])


async def test_pickup_runs_from_queued_to_assigned() -> None:
    sla = SlaHarness([PICKUP])
    await sla.receive_fact("queued", at(5))
    await sla.receive_fact("assigned", at(20), status="assigned")
    clock = sla.clock(metric="pickup")
    assert (clock.started_at, clock.stopped_at, clock.state) == (at(5), at(20), "fulfilled")


async def test_each_queueing_is_a_run_of_its_own() -> None:
    sla = SlaHarness([PICKUP])
    await sla.receive_fact("queued", at(0))
    await sla.receive_fact("assigned", at(10), status="assigned")
    await sla.receive_fact("queued", at(100), status="waiting")
    await sla.run_until(at(131))
    await sla.receive_fact("assigned", at(140), status="assigned")
    assert sla.names_of_run("pickup", 1) == ["started", "fulfilled"]
    assert sla.names_of_run("pickup", 2) == ["started", "breached", "late"]
    assert sla.clock(metric="pickup", run=2).late_by_seconds == 10


async def test_queued_again_while_it_waits_keeps_its_start() -> None:
    sla = SlaHarness([PICKUP])
    await sla.receive_fact("queued", at(0))
    await sla.receive_fact("queued", at(10))
    assert sla.emitted_names() == ["started"]


async def test_given_to_an_agent_by_hand_is_picked_up() -> None:
    sla = SlaHarness([PICKUP])
    await sla.receive_fact("queued", at(0))
    await sla.receive_fact("transferred", at(10), status="assigned")
    assert sla.clock(metric="pickup").stopped_at == at(10)


async def test_resolved_in_the_queue_cancels() -> None:
    sla = SlaHarness([PICKUP])
    await sla.receive_fact("queued", at(0))
    await sla.receive_fact("resolved", at(10), status="resolved")
    assert sla.emitted_names() == ["started", "cancelled"]


@pytest.mark.parametrize("author", ["agent", "bot", "system"])
async def test_any_public_answer_is_a_public_response(author: str) -> None:
    sla = SlaHarness([PUBLIC])
    await sla.receive_fact("message_received", at(0), message="m", author="customer", surface="public")
    await sla.receive_fact("reply_delivered", at(3), message="n", author=author, surface="public")
    assert sla.names_of_run("public_response") == ["started", "fulfilled"]


async def test_notice_is_no_first_response() -> None:
    sla = SlaHarness([PUBLIC])
    await sla.receive_fact("message_received", at(0), message="m", author="customer", surface="public")
    await sla.receive_fact("replied", at(3), message="n", author="system", surface="public")
    assert sla.clock(metric="public_response").stopped_at == at(3)
    await sla.receive_fact("reply_delivered", at(3), message="n", author="system", surface="public")
    assert sla.names_of_run("public_response") == ["started", "fulfilled"]
    assert sla.names_of_run("first_response") == ["started"]


async def test_private_answer_is_a_first_response_and_no_public_one() -> None:
    sla = SlaHarness([PUBLIC])
    await sla.receive_fact("message_received", at(0), message="m", author="customer", surface="public")
    await sla.receive_fact("replied", at(3), message="r", author="agent", surface="private")
    await sla.receive_fact("reply_delivered", at(3), message="r", author="agent", surface="private")
    assert sla.names_of_run("first_response") == ["started", "fulfilled"]
    await sla.run_until(at(31))
    assert sla.names_of_run("public_response") == ["started", "breached"]


async def test_public_answer_that_failed_is_none() -> None:
    sla = SlaHarness([PUBLIC])
    await sla.receive_fact("message_received", at(0), message="m", author="customer", surface="public")
    await sla.receive_fact("replied", at(3), message="n", author="bot", surface="public")
    await sla.receive_fact("reply_failed", at(3), message="n", author="bot", surface="public")
    await sla.run_until(at(31))
    assert sla.names_of_run("public_response") == ["started", "breached"]


async def test_only_the_first_public_message_starts_a_clock() -> None:
    sla = SlaHarness([PUBLIC])
    await sla.receive_fact("message_received", at(0), message="m", author="customer", surface="public")
    await sla.receive_fact("reply_delivered", at(3), message="n", author="bot", surface="public")
    await sla.receive_fact("message_received", at(50), message="m2", author="customer", surface="public")
    assert sla.names_of_run("public_response", 2) == []


async def test_private_conversation_has_no_public_response() -> None:
    sla = SlaHarness([PUBLIC])
    await sla.receive_message(at(0))
    assert sla.names_of_run("public_response") == []
