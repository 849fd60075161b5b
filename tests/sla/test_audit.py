"""The audit: the clocks of `sla` follow from the facts, and a clock or fact that was changed is found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from schemas.configuration import Policy, SlaBody, SlaMatch, Targets
from schemas.envelope import Event
from schemas.sla import ClockFact
from services.records.clocks import CLOCKS, ClockRecord
from services.sla.audit import EARLIER_RUN, PartlyCompared, audit
from services.sla.comparison import Difference
from services.sla.replay import PolicyVersion, Run
from tests.fakes import START
from tests.sla.harness import SlaHarness, at

TARGETS = Targets(first_response_seconds=60, next_response_seconds=60, resolution_seconds=300, pickup_seconds=30)
USUAL = Policy(id="usual", targets=TARGETS)
URGENT = Policy(id="urgent", when=SlaMatch(priority="urgent"), targets=Targets(resolution_seconds=200))
HISTORY = [PolicyVersion(3, START, 3, SlaBody(policies=[URGENT, USUAL]), "Europe/Riga")]


async def conversation_with_breaches() -> SlaHarness:
    """A late first answer, a pause, another priority, a resolve and a second run that breaks."""
    sla = SlaHarness([URGENT, USUAL])
    await sla.receive_fact("opened", at(0))
    await sla.receive_message(at(0))
    await sla.receive_fact("queued", at(0))
    await sla.run_until(at(70))
    await sla.receive_fact("assigned", at(70), status="assigned")
    await sla.receive_fact("replied", at(80), message="r1", author="agent", status="pending")
    await sla.receive_fact("reply_delivered", at(80), message="r1", author="agent")
    await sla.receive_fact("message_received", at(100), message="m2", author="customer", status="assigned")
    await sla.receive_fact("priority_changed", at(110), priority="urgent")
    await sla.receive_fact("resolved", at(150), status="resolved")
    await sla.receive_fact("reopened", at(400), status="waiting")
    await sla.run_until(at(900))
    return sla


def all_events(sla: SlaHarness) -> list[Event]:
    return [*sla.fact_events, *(e for e in sla.sent if e.type.startswith("pasokh.sla."))]


def differences(
    events: Sequence[Event], clocks: Mapping[Run, ClockRecord], history: Sequence[PolicyVersion], until: datetime
) -> list[Difference]:
    return list(audit(events, clocks, history, until).differences)


def stored_clocks(sla: SlaHarness) -> dict[Run, ClockRecord]:
    found = [CLOCKS.decode(d) for k, d in sla.store.documents.items() if k.collection == CLOCKS.name]
    return {(clock.metric, clock.run): clock for clock in found}


async def test_clocks_of_the_processor_follow_from_the_facts() -> None:
    sla = await conversation_with_breaches()
    assert set(stored_clocks(sla)) == {
        ("first_response", 1),
        ("next_response", 1),
        ("pickup", 1),
        ("resolution", 1),
        ("resolution", 2),
    }
    assert differences(all_events(sla), stored_clocks(sla), HISTORY, at(890)) == []


async def test_longer_target_after_a_breach_is_no_difference() -> None:
    sla = SlaHarness([URGENT, USUAL])
    await sla.receive_fact("opened", at(0), priority="urgent")
    await sla.run_until(at(250))
    await sla.receive_fact("priority_changed", at(260), priority="normal")
    await sla.run_until(at(600))
    assert differences(all_events(sla), stored_clocks(sla), HISTORY, at(590)) == []


async def test_longer_target_before_the_tick_of_a_breach_is_no_difference() -> None:
    sla = SlaHarness([URGENT, USUAL])
    await sla.receive_fact("opened", at(0), priority="urgent")
    await sla.receive_fact("priority_changed", at(260), priority="normal")
    await sla.run_until(at(600))
    assert differences(all_events(sla), stored_clocks(sla), HISTORY, at(590)) == []


@pytest.mark.parametrize(
    ("what", "tampered"),
    [
        ("state", lambda clock: replace(clock, state="fulfilled")),
        ("late_by_seconds", lambda clock: replace(clock, late_by_seconds=1.0)),
        ("due_at", lambda clock: replace(clock, due_at=at(61))),
    ],
)
async def test_clock_that_was_changed_is_found(what: str, tampered: Callable[[ClockRecord], ClockRecord]) -> None:
    sla = await conversation_with_breaches()
    clocks, run = stored_clocks(sla), ("first_response", 1)
    clocks["first_response", 1] = tampered(clocks["first_response", 1])
    [found] = differences(all_events(sla), clocks, HISTORY, at(890))
    assert (found.metric, found.run, found.what) == (*run, what)


async def test_fact_that_was_emitted_twice_is_found() -> None:
    sla = await conversation_with_breaches()
    [breach] = [e for e in sla.sent if e.type == "pasokh.sla.breached" and e.data["metric"] == "pickup"]
    twice = [*all_events(sla), breach.model_copy(update={"id": "again", "seq": 10_000})]
    expected = Difference(
        "c1", "pickup", 1, "told", ["started", "breached", "late"], ["started", "breached", "late", "breached"]
    )
    assert differences(twice, stored_clocks(sla), HISTORY, at(890)) == [expected]


async def test_clock_that_is_lost_is_found() -> None:
    sla = await conversation_with_breaches()
    clocks = stored_clocks(sla)
    del clocks["resolution", 2]
    assert Difference("c1", "resolution", 2, "clock", "breached", None) in differences(
        all_events(sla), clocks, HISTORY, at(890)
    )


async def test_breach_that_was_not_emitted_is_found() -> None:
    sla = SlaHarness([USUAL])
    await sla.receive_message(at(0))
    found = differences(all_events(sla), stored_clocks(sla), HISTORY, at(3600))
    assert Difference("c1", "first_response", 1, "state", "breached", "running") in found


async def test_policies_are_those_that_were_in_force() -> None:
    sla = SlaHarness([USUAL])
    await sla.receive_fact("opened", at(0))
    first = PolicyVersion(3, START, 3, SlaBody(policies=[USUAL]), "UTC")
    later = PolicyVersion(4, at(100), 4, SlaBody(policies=[]), "UTC")
    assert differences(all_events(sla), stored_clocks(sla), [first, later], at(1)) == []


async def test_breach_after_the_last_watermark_is_no_difference() -> None:
    sla = SlaHarness([USUAL])
    await sla.receive_fact("opened", at(0))
    await sla.receive_message(at(0))
    await sla.run_until(at(70))
    assert sla.names_of_run("first_response")[-1] == "breached"
    assert differences(all_events(sla), stored_clocks(sla), HISTORY, at(40)) == []
    early = [e.model_copy(update={"time": at(50)}) if e.type == "pasokh.sla.breached" else e for e in all_events(sla)]
    assert {found.what for found in differences(early, stored_clocks(sla), HISTORY, at(40))} == {
        "state",
        "told",
        "next_at",
    }


async def test_late_tick_of_a_warning_is_no_breach() -> None:
    sla = SlaHarness([USUAL.model_copy(update={"warn_at": [0.8]})])
    await sla.receive_message(at(0))
    await sla.advance_to(at(65))
    await sla.confirm_watermark(at(50))
    await sla.replied(at(59))
    await sla.delivered(at(59))
    assert sla.names_of_run("first_response") == ["started", "warned", "fulfilled"]
    history = [PolicyVersion(3, START, 3, SlaBody(policies=[USUAL.model_copy(update={"warn_at": [0.8]})]), "UTC")]
    assert differences(all_events(sla), stored_clocks(sla), history, at(66)) == []


async def test_breach_before_a_fact_of_an_earlier_time_of_another_clock_is_no_difference() -> None:
    sla = SlaHarness([URGENT, USUAL])
    await sla.receive_fact("opened", at(0), priority="urgent")
    await sla.run_until(at(201))
    sla.now = at(210)
    await sla.receive_fact("priority_changed", at(199), priority="normal")
    events = [
        e.model_copy(update={"time": at(199)}) if e.type.endswith("priority_changed") else e for e in all_events(sla)
    ]
    assert differences(events, stored_clocks(sla), HISTORY, at(900)) == []
    assert sla.clock(metric="resolution").state == "breached"


async def test_breach_long_after_a_fact_that_sla_read_behind_it_is_no_difference() -> None:
    sla = SlaHarness([URGENT, USUAL])
    await sla.receive_fact("opened", at(0), priority="urgent")
    await sla.run_until(at(3800))
    late = [e.model_copy(update={"time": at(3800)}) if e.type == "pasokh.sla.breached" else e for e in sla.sent]
    sla.sent = late
    await sla.receive_fact("priority_changed", at(3900), priority="normal")
    events = [
        e.model_copy(update={"time": at(300)}) if e.type.endswith("priority_changed") else e for e in all_events(sla)
    ]
    assert differences(events, stored_clocks(sla), HISTORY, at(3800)) == []


async def test_due_time_that_no_fact_has_is_found() -> None:
    sla = await conversation_with_breaches()
    events = [event for event in all_events(sla) if event.type != "pasokh.sla.changed"]
    found = differences(events, stored_clocks(sla), HISTORY, at(890))
    assert {(difference.metric, difference.what) for difference in found} == {("resolution", "told")}


async def test_last_fact_of_a_clock_shows_what_it_is() -> None:
    sla = await conversation_with_breaches()
    events = all_events(sla)
    last = next(e for e in reversed(events) if e.type.startswith("pasokh.sla.") and e.data["metric"] == "next_response")
    clock = last.payload_as(ClockFact).clock.model_copy(update={"due_at": at(61)})
    other = last.model_copy(update={"data": {**last.data, "clock": clock.model_dump(mode="json")}})
    [found] = differences([other if e is last else e for e in events], stored_clocks(sla), HISTORY, at(890))
    assert (found.metric, found.what) == ("next_response", "told due_at")


# -- conversations with facts of a version without response runs ---------------------------------------------------------


async def upgraded() -> SlaHarness:
    """Answered in time before the upgrade; after it the customer writes again, and gets a late answer."""
    sla = SlaHarness([URGENT, USUAL])
    sla.gives_runs = False
    await sla.receive_fact("opened", at(0), status="assigned")
    await sla.receive_message(at(0))
    await sla.replied(at(10))
    await sla.delivered(at(10))
    sla.gives_runs = True
    await sla.receive_message(at(100))
    await sla.run_until(at(170))
    await sla.replied(at(180), message="r2")
    await sla.delivered(at(180), message="r2")
    return sla


async def test_only_clocks_of_runs_from_before_the_upgrade_are_partly_compared() -> None:
    sla = await upgraded()
    findings = audit(all_events(sla), stored_clocks(sla), HISTORY, at(190))
    assert findings.differences == []
    assert findings.partly_compared == [PartlyCompared("c1", "first_response", 1, EARLIER_RUN)]
    assert set(stored_clocks(sla)) == {("first_response", 1), ("next_response", 1), ("resolution", 1)}


@pytest.mark.parametrize(
    ("run", "what", "tampered"),
    [
        (("next_response", 1), "stopped_at", lambda clock: replace(clock, stopped_at=at(181))),
        (("next_response", 1), "due_at", lambda clock: replace(clock, due_at=at(161))),
        (("first_response", 1), "due_at", lambda clock: replace(clock, due_at=at(61))),
        (("first_response", 1), "state", lambda clock: replace(clock, stopped_at=at(61))),
        (("first_response", 1), "late_by_seconds", lambda clock: replace(clock, late_by_seconds=3.0)),
        (("resolution", 1), "due_at", lambda clock: replace(clock, due_at=at(999))),
    ],
)
async def test_a_changed_clock_of_an_upgraded_conversation_is_found(
    run: Run, what: str, tampered: Callable[[ClockRecord], ClockRecord]
) -> None:
    sla = await upgraded()
    clocks = stored_clocks(sla)
    clocks[run] = tampered(clocks[run])
    found = differences(all_events(sla), clocks, HISTORY, at(190))
    assert {(difference.metric, difference.run) for difference in found} == {run}
    assert what in {difference.what for difference in found}


@pytest.mark.parametrize("run", [("first_response", 1), ("next_response", 1)])
async def test_a_lost_clock_of_an_upgraded_conversation_is_found(run: Run) -> None:
    sla = await upgraded()
    clocks = stored_clocks(sla)
    lost = clocks.pop(run)
    assert Difference("c1", *run, "clock", lost.state, None) in differences(all_events(sla), clocks, HISTORY, at(190))


@pytest.mark.parametrize("metric", ["first_response", "next_response"])
async def test_a_fact_that_an_upgraded_conversation_lacks_is_found(metric: str) -> None:
    sla = await upgraded()
    first = next(e for e in sla.sent if e.type == "pasokh.sla.started" and e.data["metric"] == metric)
    [found] = differences([e for e in all_events(sla) if e is not first], stored_clocks(sla), HISTORY, at(190))
    assert (found.metric, found.what) == (metric, "told")


async def test_a_run_that_was_open_at_the_upgrade_is_partly_compared_to_its_end() -> None:
    sla = SlaHarness([URGENT, USUAL])
    sla.gives_runs = False
    await sla.receive_fact("opened", at(0))
    await sla.receive_message(at(0))
    sla.gives_runs = True
    await sla.receive_fact("assigned", at(50), status="assigned")
    await sla.run_until(at(70))
    await sla.replied(at(80))
    await sla.delivered(at(80))
    await sla.receive_message(at(100))
    await sla.run_until(at(200))
    findings = audit(all_events(sla), stored_clocks(sla), HISTORY, at(190))
    assert findings.differences == []
    assert [(clock.metric, clock.run) for clock in findings.partly_compared] == [("first_response", 1)]
    overdue = {
        **stored_clocks(sla),
        ("first_response", 1): replace(stored_clocks(sla)["first_response", 1], state="running"),
    }
    assert {one.metric for one in differences(all_events(sla), overdue, HISTORY, at(190))} == {"first_response"}


# Any: keywords of `Sla.tell`.
STORY: tuple[tuple[str, int, dict[str, Any]], ...] = (
    ("opened", 0, {}),
    ("message_received", 0, {"message": "m1", "author": "customer"}),
    ("queued", 0, {}),
    ("assigned", 20, {"status": "assigned"}),
    ("message_received", 30, {"message": "m2", "author": "customer"}),
    ("replied", 70, {"message": "r1", "author": "agent", "status": "pending"}),
    ("reply_failed", 70, {"message": "r1", "author": "agent", "status": "assigned"}),
    ("replied", 90, {"message": "r2", "author": "agent", "status": "pending"}),
    ("message_received", 100, {"message": "m3", "author": "customer", "status": "assigned"}),
    ("reply_delivered", 90, {"message": "r2", "author": "agent"}),
    ("priority_changed", 110, {"priority": "urgent"}),
    ("priority_changed", 120, {"priority": "normal"}),
    ("resolved", 130, {"status": "resolved"}),
    ("reopened", 200, {"status": "waiting"}),
    ("message_received", 200, {"message": "m4", "author": "customer"}),
    ("queued", 200, {}),
    ("assigned", 210, {"status": "assigned"}),
    ("replied", 230, {"message": "r3", "author": "agent", "status": "pending"}),
    ("reply_delivered", 230, {"message": "r3", "author": "agent"}),
)


@pytest.mark.parametrize("upgrade", range(len(STORY) + 1))
async def test_an_upgrade_at_any_fact_of_a_story_makes_no_difference(upgrade: int) -> None:
    sla = SlaHarness([URGENT, USUAL])
    for place, (name, when, fields) in enumerate(STORY):
        sla.gives_runs = place >= upgrade
        await sla.run_until(at(when))
        await sla.receive_fact(name, at(when), **fields)
    await sla.run_until(at(900))
    findings = audit(all_events(sla), stored_clocks(sla), HISTORY, at(890))
    assert findings.differences == []
    assert {clock.metric for clock in findings.partly_compared} <= {"first_response", "next_response"}
    assert bool(findings.partly_compared) == (upgrade > 1)
