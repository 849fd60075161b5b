"""resolution: opened to resolved, without the time that waits for the customer; each reopening is a run of its own."""

from datetime import timedelta

from schemas.business_calendar import Calendar
from schemas.configuration import Policy, Targets
from services.records.clocks import SLA_STATES
from tests.sla.harness import SlaHarness, at

HUNDRED = Policy(id="hundred", targets=Targets(resolution_seconds=100), warn_at=[0.5])


async def opened(policy: Policy = HUNDRED) -> SlaHarness:
    sla = SlaHarness([policy])
    await sla.receive_fact("opened", at(0))
    await sla.receive_message(at(0))
    return sla


async def test_it_runs_from_opening_to_resolving() -> None:
    sla = await opened()
    await sla.receive_fact("resolved", at(40), status="resolved")
    clock = sla.clock(metric="resolution")
    assert (clock.started_at, clock.due_at, clock.stopped_at, clock.state) == (at(0), at(100), at(40), "fulfilled")
    assert sla.emitted_names() == ["started", "fulfilled"]


async def test_pending_does_not_count_and_due_moves_when_it_resumes() -> None:
    sla = await opened()
    await sla.receive_fact("pending", at(20), status="pending")
    assert (sla.clock(metric="resolution").state, sla.clock(metric="resolution").due_at) == ("paused", at(100))
    await sla.run_until(at(500))
    await sla.receive_fact("message_received", at(520), author="customer", status="assigned")
    clock = sla.clock(metric="resolution")
    assert (clock.state, clock.due_at) == ("running", at(600))
    assert sla.emitted_names() == ["started", "paused", "resumed", "changed"]
    await sla.run_until(at(601))
    assert sla.emitted_names() == ["started", "paused", "resumed", "changed", "warned", "breached"]
    [warned] = sla.clock_facts("warned")
    assert warned.clock.due_at == at(600)


async def test_many_pauses_add_up() -> None:
    sla = await opened()
    for start in (10, 30, 50):
        await sla.receive_fact("pending", at(start), status="pending")
        await sla.receive_fact("message_received", at(start + 7), author="customer", status="assigned")
    assert sla.clock(metric="resolution").due_at == at(121)


async def test_resolved_while_pending_is_in_time_however_long_it_waited() -> None:
    sla = await opened()
    await sla.receive_fact("pending", at(99), status="pending")
    await sla.receive_fact("resolved", at(9000), status="resolved")
    clock = sla.clock(metric="resolution")
    assert sla.emitted_names()[-4:] == ["paused", "resumed", "changed", "fulfilled"]
    assert (clock.state, clock.due_at) == ("fulfilled", at(9001))


async def test_pause_after_the_deadline_is_a_breach_not_a_pause() -> None:
    sla = await opened()
    await sla.receive_fact("pending", at(130), status="pending")
    assert sla.emitted_names() == ["started", "warned", "breached"]
    await sla.receive_fact("resolved", at(150), status="resolved")
    assert sla.clock_facts("late")[0].late_by_seconds == 50


async def test_answer_that_failed_leaves_no_pause() -> None:
    sla = await opened()
    await sla.receive_fact("replied", at(20), message="r", author="agent", status="pending")
    await sla.receive_fact("reply_failed", at(20), message="r", author="agent", status="assigned")
    assert sla.clock(metric="resolution").due_at == at(100)


async def test_time_of_a_message_before_the_pause_makes_no_negative_pause() -> None:
    sla = await opened()
    await sla.receive_fact("pending", at(20), status="pending")
    await sla.receive_fact("message_received", at(5), author="customer", status="assigned")
    assert sla.clock(metric="resolution").due_at == at(100)


async def test_reply_accepted_before_the_pause_that_ended_counts_no_time_twice() -> None:
    sla = await opened()
    await sla.receive_fact("pending", at(10), status="pending")
    await sla.receive_fact("message_received", at(50), author="customer", status="assigned")
    await sla.receive_fact("replied", at(45), message="r", author="agent", status="pending")
    await sla.receive_fact("message_received", at(60), author="customer", status="assigned")
    assert sla.clock(metric="resolution").due_at == at(150)


async def test_pauses_count_opening_hours_only() -> None:
    # Monday 09:00 UTC is 11:00 in Riga.
    office = Calendar(timezone="Europe/Riga", hours={"mon": [("09:00", "13:00")], "tue": [("09:00", "17:00")]})
    sla = await opened(Policy(id="office", targets=Targets(resolution_seconds=3600), calendar=office))
    hour = timedelta(hours=1)
    await sla.receive_fact("pending", at(0) + hour / 2, status="pending")
    # Back on Tuesday at 08:30 UTC: an hour and a half of Monday and of Tuesday each were spent waiting.
    await sla.receive_fact("message_received", at(0) + 23.5 * hour, author="customer", status="assigned")
    assert sla.clock(metric="resolution").due_at == at(0) + 24 * hour


async def test_reopening_starts_a_new_run() -> None:
    sla = await opened()
    await sla.receive_fact("resolved", at(40), status="resolved")
    await sla.receive_fact("reopened", at(500), status="waiting")
    second = sla.clock(metric="resolution", run=2)
    assert (second.started_at, second.due_at) == (at(500), at(600))
    await sla.run_until(at(601))
    assert sla.names_of_run("resolution", 1) == ["started", "fulfilled"]
    assert sla.names_of_run("resolution", 2) == ["started", "warned", "breached"]


async def test_finished_conversation_waits_for_nothing() -> None:
    sla = await opened()
    await sla.receive_fact("resolved", at(40), status="resolved")
    await sla.receive_fact("closed", at(400), status="closed")
    watch = sla.get(SLA_STATES, "c1")
    assert watch is not None
    assert watch.open_targets == {}
    await sla.advance_to(at(500))
    assert (sla.timers(), sla.watermark_requests()) == ([], [])


async def test_conversation_whose_first_fact_finds_it_finished_starts_no_clock() -> None:
    sla = SlaHarness([HUNDRED])
    await sla.receive_fact("closed", at(40), status="closed")
    assert sla.emitted_names() == []
