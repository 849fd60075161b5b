"""Another priority or team selects the policy again, from the original start; and a breach escalates."""

import pytest

from schemas.configuration import Escalation, Policy, SlaMatch, Targets
from schemas.sla import Escalate
from tests.sla.harness import SlaHarness, at

URGENT = Policy(id="urgent", when=SlaMatch(priority="urgent"), targets=Targets(first_response_seconds=20), warn_at=[])
VIP = Policy(id="vip", when=SlaMatch(team="vip"), targets=Targets(first_response_seconds=40, resolution_seconds=400))
USUAL = Policy(id="usual", targets=Targets(first_response_seconds=100), warn_at=[0.5])
POLICIES = [URGENT, VIP, USUAL]


async def test_priority_picks_the_policy_again_and_keeps_the_start() -> None:
    sla = SlaHarness(POLICIES)
    await sla.receive_message(at(0))
    await sla.receive_fact("priority_changed", at(5), priority="urgent")
    clock = sla.clock()
    assert (clock.policy, clock.target_seconds, clock.started_at, clock.due_at) == ("urgent", 20, at(0), at(20))
    [changed] = sla.clock_facts("changed")
    assert (changed.clock.policy, changed.clock.target_seconds, changed.clock.due_at) == ("urgent", 20, at(20))
    await sla.run_until(at(21))
    assert sla.emitted_names() == ["started", "changed", "breached"]


async def test_any_fact_that_shows_another_team_is_a_transfer() -> None:
    sla = SlaHarness(POLICIES)
    await sla.receive_message(at(0))
    await sla.receive_fact("assigned", at(5), team="vip", status="assigned")
    assert (sla.clock().policy, sla.clock().due_at) == ("vip", at(40))
    assert sla.clock(metric="resolution").started_at == at(0)


async def test_changing_back_within_one_batch_changes_nothing() -> None:
    sla = SlaHarness(POLICIES)
    await sla.receive_message(at(0))
    urgent, usual = (sla.case.model_copy(update={"priority": one}) for one in ("urgent", "normal"))
    await sla.batch([sla.fact("priority_changed", at(1), case=case) for case in (urgent, usual)])
    assert (sla.clock().policy, sla.clock().due_at) == ("usual", at(100))


async def test_new_rules_hold_when_the_policy_is_picked_and_not_before() -> None:
    sla = SlaHarness([USUAL])
    await sla.receive_message(at(0))
    sla.configure([Policy(id="new", targets=Targets(first_response_seconds=70))], version=4)
    await sla.receive_fact("assigned", at(1), status="assigned")
    assert sla.clock().policy == "usual"
    await sla.receive_fact("priority_changed", at(2), priority="high")
    assert (sla.clock().policy, sla.clock().policy_version, sla.clock().due_at) == ("new", 4, at(70))


async def test_reapplying_brings_the_policy_of_now_from_the_original_start() -> None:
    sla = SlaHarness([USUAL])
    await sla.receive_fact("opened", at(0))
    await sla.receive_message(at(0))
    sla.configure([Policy(id="new", targets=Targets(first_response_seconds=70, resolution_seconds=300))], version=4)
    await sla.receive_fact("sla_reapplied", at(50))
    first = sla.clock()
    assert (first.policy, first.policy_version, first.started_at, first.due_at) == ("new", 4, at(0), at(70))
    resolution = sla.clock(metric="resolution")
    assert (resolution.started_at, resolution.due_at, resolution.state) == (at(0), at(300), "running")
    await sla.run_until(at(71))
    assert sla.names_of_run("first_response") == ["started", "changed", "warned", "warned", "breached"]


async def test_reapplying_a_target_that_would_be_over_by_now_breaches_at_once() -> None:
    sla = SlaHarness([USUAL])
    await sla.receive_message(at(0))
    sla.configure([Policy(id="short", targets=Targets(first_response_seconds=10), warn_at=[])], version=4)
    await sla.receive_fact("sla_reapplied", at(40))
    await sla.run_until(at(41))
    assert (sla.clock().state, sla.clock().due_at) == ("breached", at(10))


async def test_reapplying_leaves_what_is_over_as_it_was() -> None:
    sla = SlaHarness([Policy(id="old", targets=Targets(first_response_seconds=100, pickup_seconds=5), warn_at=[])])
    await sla.receive_message(at(0))
    await sla.receive_fact("queued", at(0))
    await sla.run_until(at(6))
    await sla.receive_fact("replied", at(8), message="r1", author="agent")
    await sla.receive_fact("reply_delivered", at(8), message="r1", author="agent")
    before = sla.clock(), sla.clock(metric="pickup")
    new = Policy(id="new", targets=Targets(first_response_seconds=7, next_response_seconds=50, pickup_seconds=90))
    sla.configure([new], version=4)
    await sla.receive_fact("sla_reapplied", at(9))
    assert (sla.clock(), sla.clock(metric="pickup")) == before
    await sla.receive_fact("message_received", at(20), message="m2", author="customer")
    assert (sla.clock(metric="next_response").policy, sla.clock(metric="next_response").due_at) == ("new", at(70))


async def test_reapplying_keeps_the_time_that_was_paused_out() -> None:
    sla = SlaHarness([Policy(id="long", targets=Targets(resolution_seconds=100), warn_at=[])])
    await sla.receive_fact("opened", at(0))
    await sla.receive_fact("pending", at(10), status="pending")
    await sla.receive_fact("message_received", at(40), author="customer", status="assigned")
    sla.configure([Policy(id="short", targets=Targets(resolution_seconds=50), warn_at=[])], version=4)
    await sla.receive_fact("sla_reapplied", at(45))
    assert sla.clock(metric="resolution").due_at == at(80)


async def test_clock_is_cancelled_without_a_target_and_starts_again_with_one() -> None:
    sla = SlaHarness([Policy(id="vip", when=SlaMatch(team="vip"), targets=Targets()), USUAL])
    await sla.receive_message(at(0))
    await sla.receive_fact("transferred", at(5), team="vip")
    assert sla.names_of_run("first_response") == ["started", "cancelled"]
    await sla.receive_fact("transferred", at(9), team="default")
    again = sla.clock(run=2)
    assert (again.started_at, again.due_at, again.state) == (at(0), at(100), "running")


async def test_breach_is_not_mended_by_a_longer_target() -> None:
    sla = SlaHarness(POLICIES)
    await sla.receive_fact("message_received", at(0), author="customer", priority="urgent")
    await sla.run_until(at(21))
    await sla.receive_fact("priority_changed", at(30), priority="normal")
    assert (sla.clock().state, sla.clock().due_at) == ("breached", at(20))
    await sla.run_until(at(300))
    assert sla.emitted_names() == ["started", "breached"]


async def test_answer_in_time_on_its_way_is_not_made_late_by_a_shorter_target() -> None:
    sla = SlaHarness(POLICIES)
    await sla.receive_message(at(0))
    await sla.replied(at(30))
    await sla.receive_fact("priority_changed", at(31), priority="urgent")
    await sla.run_until(at(60))
    await sla.delivered(at(30))
    assert sla.emitted_names() == ["started", "fulfilled"]


async def test_paused_time_stays_out_of_the_new_target() -> None:
    long = Policy(id="long", targets=Targets(resolution_seconds=100), warn_at=[])
    short = Policy(id="short", when=SlaMatch(priority="urgent"), targets=Targets(resolution_seconds=50), warn_at=[])
    sla = SlaHarness([short, long])
    await sla.receive_fact("opened", at(0))
    await sla.receive_fact("pending", at(10), status="pending")
    await sla.receive_fact("priority_changed", at(20), priority="urgent")
    assert sla.clock(metric="resolution").state == "paused"
    await sla.receive_fact("message_received", at(40), author="customer", status="assigned")
    assert sla.clock(metric="resolution").due_at == at(80)


def escalating(on: str) -> Policy:
    escalate = Escalation.model_validate({"on": on, "priority": "urgent", "team": "leads"})
    return USUAL.model_copy(update={"escalate": escalate, "warn_at": [0.5, 0.8]})


@pytest.mark.parametrize(("on", "after"), [("warned", 51), ("breached", 101)])
async def test_escalation_is_emitted_once_when_it_is_due(on: str, after: float) -> None:
    sla = SlaHarness([escalating(on)])
    await sla.receive_message(at(0))
    await sla.run_until(at(after - 2))
    assert sla.escalations() == []
    await sla.run_until(at(500))
    reason = f"first_response {on} (policy usual)"
    assert sla.escalations() == [Escalate(conversation="c1", priority="urgent", to_team="leads", reason=reason)]
    [command] = [e for e in sla.sent if e.type == "pasokh.command.escalate"]
    assert command.partitionkey == "w/telegram:main:1"


async def test_breach_without_a_warning_escalates_what_waits_for_warnings() -> None:
    sla = SlaHarness([escalating("warned")])
    await sla.receive_message(at(0))
    await sla.replied(at(120))
    await sla.delivered(at(120))
    assert len(sla.escalations()) == 1


async def test_fulfilled_clock_escalates_nothing() -> None:
    sla = SlaHarness([escalating("breached")])
    await sla.receive_message(at(0))
    await sla.replied(at(20))
    await sla.delivered(at(20))
    await sla.run_until(at(500))
    assert sla.escalations() == []


def test_escalation_that_does_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="priority"):
        Escalation()


async def test_reapplying_cancels_clocks_of_a_policy_that_is_gone() -> None:
    sla = SlaHarness([Policy(id="gone", targets=Targets(first_response_seconds=100, resolution_seconds=300))])
    await sla.receive_fact("opened", at(0))
    await sla.receive_message(at(0))
    sla.configure([], version=4)
    await sla.receive_fact("sla_reapplied", at(50))
    clocks = [sla.clock(metric=metric) for metric in ("first_response", "resolution")]
    assert [(clock.state, clock.stopped_at) for clock in clocks] == [("cancelled", at(50))] * 2
    await sla.run_until(at(1_000))
    assert "breached" not in sla.emitted_names()


async def test_run_whose_clock_was_cancelled_gets_one_when_a_policy_has_a_target_again() -> None:
    sla = SlaHarness([USUAL])
    await sla.receive_message(at(0))
    sla.configure([], version=4)
    await sla.receive_fact("sla_reapplied", at(50))
    sla.configure([USUAL], version=5)
    await sla.receive_fact("sla_reapplied", at(55))
    await sla.replied(at(60))
    await sla.delivered(at(60))
    assert sla.names_of_run("first_response") == ["started", "cancelled"]
    assert sla.names_of_run("first_response", run=2) == ["started", "fulfilled"]
    assert sla.clock(run=2).started_at == at(0)
