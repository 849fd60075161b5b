"""The first-response clock from the customer's message to its end, through the processor."""

from datetime import timedelta

import pytest

from schemas.business_calendar import Calendar
from schemas.configuration import Policy, SlaMatch, Targets
from services.platform.store.collections import FACTS
from services.platform.store.port import Key
from services.records.clocks import CLOCKS, clock_id, to_view
from tests.sla.harness import ONE_MINUTE, SlaHarness, at, conversation


async def test_customer_message_starts_a_clock_at_the_time_that_the_fact_says() -> None:
    sla = SlaHarness()
    sla.now = at(4)
    await sla.receive_message(at(0))
    clock = sla.clock()
    assert (clock.started_at, clock.due_at, clock.state) == (at(0), at(60), "running")
    assert (clock.policy, clock.policy_version, clock.target_seconds) == ("minute", 3, 60)
    [started] = sla.clock_facts("started")
    assert started.clock == to_view(clock)
    assert (started.key, started.channel, started.team) == ("w/telegram:main:1", "telegram", "default")


async def test_later_customer_messages_leave_the_clock_as_it_is() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.receive_message(at(30))
    assert sla.clock().started_at == at(0)
    assert sla.emitted_names() == ["started"]


@pytest.mark.parametrize("author", ["bot", "system", "agent"])
async def test_messages_that_are_not_the_customers_start_nothing(author: str) -> None:
    sla = SlaHarness()
    await sla.receive_fact("message_received", at(0), message="m", author=author)
    assert sla.sent == []


async def test_answer_in_time_is_fulfilled_when_it_is_delivered() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.replied(at(20))
    assert sla.emitted_names() == ["started"]
    assert (sla.clock().state, sla.clock().stopped_at) == ("running", at(20))
    await sla.delivered(at(20))
    assert sla.emitted_names() == ["started", "fulfilled"]
    assert (sla.clock().state, sla.clock().stopped_at, sla.clock().late_by_seconds) == ("fulfilled", at(20), None)


async def test_what_a_person_of_ours_says_elsewhere_is_an_answer() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.replied(at(20), author="account")
    await sla.delivered(at(20), author="account")
    assert (sla.clock().state, sla.clock().stopped_at) == ("fulfilled", at(20))


async def test_what_asks_for_nothing_starts_nothing() -> None:
    sla = SlaHarness()
    await sla.batch([sla.fact("message_received", at(0), message="m", author="customer", needs_answer=False)])
    assert sla.sent == []


async def test_answer_in_time_that_is_delivered_after_the_deadline_is_fulfilled() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.replied(at(60))
    await sla.run_until(at(300))
    await sla.delivered(at(60))
    assert "breached" not in sla.emitted_names()
    assert sla.clock().state == "fulfilled"


async def test_silence_is_warned_about_and_breached_at_once() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.run_until(at(29.9))
    assert sla.emitted_names() == ["started"]
    await sla.run_until(at(60.1))
    assert [f.warned_at_fraction for f in sla.clock_facts("warned")] == [0.5, 0.8]
    await sla.run_until(at(60.3))
    [breach] = sla.clock_facts("breached")
    assert (breach.late_by_seconds, breach.clock.late_by_seconds, breach.clock.stopped_at) == (None, None, None)
    assert sla.emitted_names() == ["started", "warned", "warned", "breached"]


async def test_late_answer_tells_how_late_and_the_clock_stays_breached() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.run_until(at(100))
    await sla.replied(at(102.5))
    await sla.delivered(at(102.5))
    [late] = sla.clock_facts("late")
    assert late.late_by_seconds == 42.5
    assert (sla.clock().state, sla.clock().stopped_at, sla.clock().late_by_seconds) == ("breached", at(102.5), 42.5)
    await sla.run_until(at(1000))
    assert sla.emitted_names()[-2:] == ["breached", "late"]


async def test_answer_after_the_deadline_counts_as_breach_before_any_tick() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.replied(at(60.001))
    await sla.delivered(at(60.001))
    assert sla.emitted_names() == ["started", "breached", "late"]
    await sla.run_until(at(1000))
    await sla.confirm_watermark(at(900))
    assert sla.emitted_names() == ["started", "breached", "late"]


async def test_failed_answer_lets_the_clock_run_as_if_it_had_not_been_accepted() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.replied(at(10))
    await sla.run_until(at(40))
    await sla.failed(at(10))
    assert (sla.clock().stopped_at, sla.clock().state) == (None, "running")
    await sla.run_until(at(61))
    assert sla.emitted_names() == ["started", "warned", "warned", "breached"]


async def test_failure_after_the_deadline_is_a_breach() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.replied(at(59))
    await sla.run_until(at(120))
    assert "breached" not in sla.emitted_names()
    await sla.failed(at(59))
    await sla.run_until(at(121))
    assert sla.emitted_names().count("breached") == 1


async def test_failure_of_one_answer_leaves_another_that_is_on_its_way() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.replied(at(10), "r1")
    await sla.replied(at(20), "r2")
    await sla.failed(at(10), "r1")
    assert sla.clock().stopped_at == at(20)
    await sla.run_until(at(200))
    await sla.delivered(at(20), "r2")
    assert sla.clock().state == "fulfilled"


async def test_failure_after_the_breach_is_no_second_breach() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.run_until(at(61))
    await sla.replied(at(70))
    await sla.failed(at(70))
    await sla.run_until(at(200))
    assert sla.emitted_names().count("breached") == 1
    assert sla.clock().stopped_at is None


@pytest.mark.parametrize("author", ["bot", "system"])
async def test_bots_and_notices_stop_no_clock(author: str) -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.replied(at(5), author=author)
    await sla.delivered(at(5), author=author)
    await sla.run_until(at(61))
    assert sla.emitted_names()[-1] == "breached"


@pytest.mark.parametrize("name", ["resolved", "closed"])
async def test_end_without_an_answer_cancels(name: str) -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.receive_fact(name, at(30))
    assert sla.emitted_names() == ["started", "cancelled"]
    assert (sla.clock().state, sla.clock().stopped_at) == ("cancelled", at(30))
    await sla.run_until(at(500))
    assert sla.emitted_names() == ["started", "cancelled"]


async def test_end_waits_for_the_answer_that_is_on_its_way() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.replied(at(10))
    await sla.receive_fact("resolved", at(11))
    assert sla.clock().state == "running"
    await sla.delivered(at(10))
    assert sla.emitted_names() == ["started", "fulfilled"]


async def test_end_whose_answer_failed_cancels_at_the_time_of_the_end() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.replied(at(10))
    await sla.receive_fact("resolved", at(11))
    await sla.failed(at(10))
    assert sla.emitted_names() == ["started", "cancelled"]
    assert sla.clock().stopped_at == at(11)


async def test_end_after_the_deadline_is_a_breach_not_a_cancellation() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.receive_fact("resolved", at(75))
    assert sla.emitted_names() == ["started", "breached"]
    await sla.run_until(at(500))
    assert sla.emitted_names() == ["started", "breached"]


async def test_answer_that_fails_after_a_reopening_leaves_the_clock_ended_by_the_resolve() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.replied(at(10))
    await sla.receive_fact("resolved", at(11))
    await sla.receive_fact("reopened", at(12))
    await sla.failed(at(10))
    assert (sla.clock().state, sla.clock().stopped_at) == ("cancelled", at(11))
    await sla.run_until(at(100))
    assert sla.emitted_names() == ["started", "cancelled"]


async def test_message_after_an_unanswered_resolve_has_a_first_response_clock_of_its_own() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.receive_fact("resolved", at(30))
    await sla.receive_fact("reopened", at(40))
    await sla.receive_message(at(40))
    assert sla.emitted_names() == ["started", "cancelled", "started"]
    assert (sla.clock(run=2).state, sla.clock(run=2).due_at) == ("running", at(100))


async def test_breached_clock_of_an_unanswered_run_stays_breached_and_is_never_late() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.receive_fact("resolved", at(90))
    await sla.receive_fact("reopened", at(100))
    await sla.receive_message(at(100))
    await sla.replied(at(110))
    await sla.delivered(at(110))
    assert (sla.clock().state, sla.clock().stopped_at, sla.clock().late_by_seconds) == ("breached", None, None)
    assert (sla.clock(run=2).state, sla.clock(run=2).stopped_at) == ("fulfilled", at(110))


async def test_earlier_message_that_arrives_second_moves_the_start_of_the_clock() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(30))
    await sla.receive_message(at(10))
    assert (sla.clock().started_at, sla.clock().due_at) == (at(10), at(70))
    [changed] = sla.clock_facts("changed")
    assert (changed.clock.started_at, changed.clock.due_at) == (at(10), at(70))
    await sla.run_until(at(71))
    assert sla.emitted_names() == ["started", "changed", "warned", "warned", "breached"]


async def test_conversation_that_an_agent_started_has_no_clock() -> None:
    sla = SlaHarness()
    await sla.replied(at(0))
    await sla.delivered(at(0))
    await sla.receive_message(at(10))
    await sla.run_until(at(500))
    assert sla.emitted_names() == []


async def test_policy_is_that_of_the_start() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    sla.configure([Policy(id="slow", targets=Targets(first_response_seconds=6000))], version=4)
    await sla.run_until(at(61))
    [breach] = sla.clock_facts("breached")
    assert (breach.clock.policy, breach.policy_version) == ("minute", 3)


async def test_conversation_without_a_target_gets_no_clock() -> None:
    sla = SlaHarness([Policy(id="vip", when=SlaMatch(team="vip"), targets=Targets(first_response_seconds=5))])
    await sla.receive_message(at(0))
    sla.configure([ONE_MINUTE], version=4)
    await sla.receive_message(at(10))
    assert sla.emitted_names() == []


async def test_due_time_respects_the_calendar_of_the_policy() -> None:
    office = Calendar(timezone="Europe/Riga", hours={"mon": [("09:00", "11:30")], "tue": [("09:00", "17:00")]})
    sla = SlaHarness([Policy(id="office", targets=Targets(first_response_seconds=3600), calendar=office)])
    # Monday 09:00 UTC is 11:00 in Riga: half an hour today, the other half on Tuesday from 07:00 UTC.
    await sla.receive_message(at(0))
    assert sla.clock().due_at == at(0) + timedelta(hours=22, minutes=30)


async def test_defaults_hold_only_where_sla_was_never_written() -> None:
    sla = SlaHarness(None)
    await sla.receive_message(at(0))
    assert (sla.clock().policy, sla.clock().target_seconds, sla.clock().policy_version) == (
        "default-messengers",
        1800,
        0,
    )
    written = SlaHarness([])
    await written.receive_message(at(0))
    assert written.emitted_names() == []


async def test_facts_describe_the_conversation_as_it_is_by_then() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.batch([sla.fact("assigned", at(1), case=conversation(team="vip", priority="high"))])
    await sla.run_until(at(61))
    [breach] = sla.clock_facts("breached")
    assert (breach.team, breach.priority) == ("vip", "high")


async def test_facts_are_stored_and_watermark_requests_are_not() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.run_until(at(61))
    stored = {key.id for key in sla.store.documents if key.collection == FACTS.name}
    assert stored == {event.id for event in sla.sent if event.type.startswith("pasokh.sla.")}


async def test_one_batch_may_hold_a_whole_life() -> None:
    sla = SlaHarness()
    sla.now = at(80)
    await sla.batch(
        [
            sla.fact("message_received", at(0), message="m", author="customer"),
            sla.fact("replied", at(70), message="r", author="agent"),
            sla.fact("reply_delivered", at(70), message="r", author="agent"),
        ]
    )
    assert sla.emitted_names() == ["started", "breached", "late"]
    assert Key(CLOCKS.name, clock_id("c1", "first_response", 1)) in sla.store.documents


async def test_an_answer_that_fails_after_it_was_sent_starts_another_clock_with_the_first_start() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.replied(at(10), "r1")
    await sla.delivered(at(10), "r1")
    assert sla.names_of_run("first_response") == ["started", "fulfilled"]
    sla.now = at(30)
    await sla.failed(at(10), "r1")
    clock = sla.clock(run=2)
    assert (clock.started_at, clock.due_at, clock.state) == (at(0), at(60), "running")
    await sla.replied(at(40), "r2")
    await sla.delivered(at(40), "r2")
    assert sla.names_of_run("first_response", run=2) == ["started", "fulfilled"]
