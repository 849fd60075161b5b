"""How time reaches clocks: one timer, one request in flight, and only the watermark fires."""

from dataclasses import replace
from datetime import timedelta

from schemas.sla import WatermarkRequest
from services.platform.processing.inputs import TimerFired
from services.records.clocks import CLOCK_SCHEDULES, CLOCKS, ClockSchedule
from services.sla import documents, schedule
from tests.sla.harness import SlaHarness, at, conversation


async def test_a_clock_arms_the_one_timer_for_its_next_moment_and_a_grace() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    [timer] = sla.timers()
    assert (timer.name, timer.due_at) == ("clocks_due", at(30.2))


async def test_later_moments_leave_the_timer_and_the_schedule_as_they_are() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    before = sla.get(CLOCK_SCHEDULES, "0")
    await sla.batch([sla.fact("message_received", at(5), author="customer", case=conversation("c2"))])
    assert [timer.due_at for timer in sla.timers()] == [at(30.2)]
    assert sla.get(CLOCK_SCHEDULES, "0") == before


async def test_an_earlier_moment_moves_the_timer() -> None:
    sla = SlaHarness()
    sla.now = at(20)
    await sla.receive_message(at(20))
    await sla.batch([sla.fact("message_received", at(10), author="customer", case=conversation("c2"))])
    assert [timer.due_at for timer in sla.timers()] == [at(40.2)]


async def test_no_fact_before_the_watermark() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.advance_to(at(75))
    [request] = sla.watermark_requests()
    assert WatermarkRequest.model_validate(request.data).at == at(30)
    assert sla.emitted_names() == ["started"]
    await sla.confirm_watermark(at(30))
    assert sla.emitted_names() == ["started", "warned"]


async def test_answer_read_before_the_confirmation_is_in_time_although_the_deadline_passed() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.advance_to(at(90))
    await sla.replied(at(59))
    await sla.delivered(at(59))
    await sla.confirm_watermark(at(80))
    assert sla.emitted_names() == ["started", "fulfilled"]


async def test_one_request_is_in_flight_and_it_is_repeated_after_a_while() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.advance_to(at(30.2))
    await sla.batch([TimerFired("clocks_due", at(30.2))])
    assert len(sla.watermark_requests()) == 1
    await sla.advance_to(at(30.2) + schedule.WATERMARK_RETRY)
    assert len(sla.watermark_requests()) == 2


async def test_a_watermark_that_comes_twice_fires_once() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.advance_to(at(130))
    await sla.confirm_watermark(at(30))
    await sla.confirm_watermark(at(100))
    await sla.confirm_watermark(at(100))
    assert sla.emitted_names() == ["started", "warned", "warned", "breached"]


async def test_an_answered_clock_makes_no_request() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.replied(at(5))
    await sla.delivered(at(5))
    await sla.advance_to(at(500))
    assert sla.watermark_requests() == []
    assert sla.timers() == []


async def test_a_restart_loses_no_clock() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    sla.restart()
    await sla.run_until(at(45))
    sla.restart()
    await sla.run_until(at(61))
    sla.restart()
    await sla.run_until(at(600))
    assert sla.emitted_names() == ["started", "warned", "warned", "breached"]


async def test_a_restart_between_request_and_watermark_loses_nothing() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.advance_to(at(70))
    sla.restart()
    await sla.confirm_watermark(at(30))
    await sla.run_until(at(71))
    assert sla.emitted_names() == ["started", "warned", "warned", "breached"]


async def test_a_lost_wake_up_is_healed_by_the_next_clock() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    sla.store.documents = {k: d for k, d in sla.store.documents.items() if k.collection != "timers"}
    sla.now = at(200)
    await sla.batch([sla.fact("message_received", at(199), author="customer", case=conversation("c2"))])
    await sla.run_until(at(230))
    assert sla.emitted_names("c1")[-1] == "breached"


async def test_a_moment_that_has_passed_fires_before_the_later_ones_of_its_batch() -> None:
    sla = SlaHarness()
    sla.now = at(500)
    late = sla.fact("message_received", at(0), author="customer")
    await sla.batch([late, sla.fact("message_received", at(490), author="customer", case=conversation("c2"))])
    assert [timer.due_at for timer in sla.timers()] == [at(30.2)]
    await sla.run_until(at(500))
    assert sla.emitted_names("c1") == ["started", "warned", "warned", "breached"]
    assert sla.emitted_names("c2") == ["started"]


async def test_more_clocks_than_one_round_holds_all_fire() -> None:
    sla = SlaHarness()
    many = 2 * documents.BATCH_SIZE + 7
    for first in range(0, many, 100):
        cases = [conversation(f"c{n}") for n in range(first, min(first + 100, many))]
        await sla.batch([sla.fact("message_received", at(0), author="customer", case=case) for case in cases])
    await sla.run_until(at(61))
    assert len(sla.clock_facts("breached")) == many
    assert len({fact.conversation for fact in sla.clock_facts("breached")}) == many


async def test_pending_clocks_cost_no_query() -> None:
    sla = SlaHarness()
    cases = [conversation(f"c{n}") for n in range(300)]
    await sla.batch([sla.fact("message_received", at(0), author="customer", case=case) for case in cases])
    before = sla.store.queries
    await sla.advance_to(at(30))
    await sla.batch([sla.fact("assigned", at(30), case=case) for case in cases])
    assert sla.store.queries == before


async def test_a_wake_up_with_nothing_due_only_sleeps_again() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.batch([TimerFired("clocks_due", at(0) - timedelta(hours=1))])
    assert sla.watermark_requests() == []
    assert [timer.due_at for timer in sla.timers()] == [at(30.2)]


async def test_requests_go_to_the_partition_itself_and_name_a_workspace_only() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.advance_to(at(31))
    [request] = sla.watermark_requests()
    assert (request.workspace, request.partitionkey) == ("w", "w/control")
    assert CLOCKS.writer == "sla"


# -- plans, without a processor ----------------------------------------------------------------------------------------


def test_watermark_of_an_earlier_request_leaves_the_timer_to_the_later_one() -> None:
    schedule_now = ClockSchedule(timer_at=at(120), in_flight=at(60), watermark=at(10))
    plan = schedule.after_watermark(schedule_now, at(30), [], at(40), at(61))
    assert (plan.schedule, plan.sets_timer) == (replace(schedule_now, watermark=at(30)), False)


def test_watermark_that_comes_behind_a_later_one_moves_nothing_back() -> None:
    plan = schedule.after_watermark(ClockSchedule(watermark=at(50)), at(30), [], at(70), at(61))
    assert plan.schedule == ClockSchedule(timer_at=at(70) + schedule.ALLOWED_LATENESS, watermark=at(50))


def test_timer_that_should_have_fired_is_set_again() -> None:
    plan = schedule.after_change(ClockSchedule(timer_at=at(20), in_flight=at(10)), at(40), at(30))
    assert plan is not None
    assert (plan.schedule.timer_at, plan.schedule.in_flight, plan.sets_timer) == (at(20), at(10), True)


def test_change_that_is_due_later_than_the_timer_plans_nothing() -> None:
    assert schedule.after_change(ClockSchedule(timer_at=at(50)), at(60), at(30)) is None
    assert schedule.after_change(ClockSchedule(timer_at=at(50)), None, at(30)) is None


def test_timer_is_cancelled_when_no_clock_has_a_moment() -> None:
    plan = schedule.after_timer(ClockSchedule(timer_at=at(20), watermark=at(10)), [], None, at(20))
    assert (plan.schedule, plan.sets_timer, plan.requests) == (ClockSchedule(watermark=at(10)), True, ())
