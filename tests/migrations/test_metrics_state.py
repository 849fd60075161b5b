"""Metrics states as version 3 of the data has them: counting goes on from them without a gap."""

from datetime import timedelta
from typing import Any

from schemas.conversation import ResponseRun
from services.migrations.m0004_metrics_state import change_state
from services.records.counters import METRICS_STATES
from tests.fakes import START
from tests.metrics.harness import MetricsHarness
from tests.sla.harness import conversation

ASSIGNED: dict[str, Any] = {
    "workspace": "w",
    "waiting": None,
    "waiting_since": None,
    "reopened": False,
    "opened": "2026-03-02T08:00:00.000000Z",
    "status": "assigned",
    "status_since": "2026-03-02T08:50:00.000000Z",
    "pending_seconds": 600.0,
    "handled_seconds": 300.0,
    "handled_since": "2026-03-02T08:05:00.000000Z",
    "turn": {"since": "2026-03-02T08:45:00.000000Z", "begun": "2026-03-02T08:45:01.000000Z"},
    "said": [],
    "answered": True,
    "answered_by_any": True,
}
WAITING = {
    **ASSIGNED,
    "waiting": "pasokh_waiting|telegram|private|default|normal",
    "waiting_since": "2026-03-02T08:55:00.000000Z",
    "status": "waiting",
    "status_since": "2026-03-02T08:55:00.000000Z",
}


def counting_on(state: dict[str, Any]) -> MetricsHarness:
    """A harness whose store has this state of version 3, migrated. The time is 09:00:00."""
    counting = MetricsHarness()
    counting.put(METRICS_STATES, "c1", METRICS_STATES.decode(change_state(state)))
    return counting


def test_a_state_is_migrated_once() -> None:
    once = change_state(ASSIGNED)
    assert change_state(once) == once
    assert not {"turn", "said", "answered", "answered_by_any", "opened"} & once.keys()


async def test_a_run_that_was_open_is_answered_by_facts_without_runs() -> None:
    counting = counting_on(ASSIGNED)
    accepted = START + timedelta(minutes=5)
    pending = conversation(status="pending")
    await counting.receive_fact("replied", pending, author="agent", message="r", at=accepted)
    await counting.receive_fact("reply_delivered", pending, author="agent", message="r", at=accepted)
    assert await counting.value("pasokh_next_response_seconds_sum") == 20 * 60  # 08:45 to 09:05
    assert await counting.value("pasokh_next_response_seconds_count") == 1


async def test_an_answer_that_was_on_its_way_counts_from_the_fact_of_its_delivery() -> None:
    asked = {"since": "2026-03-02T08:58:00.000000Z", "begun": "2026-03-02T08:58:00.000000Z"}
    counting = counting_on({**ASSIGNED, "said": [{"message": "r", "asked": asked}]})
    accepted = START - timedelta(minutes=5)
    await counting.receive_fact(
        "reply_delivered", conversation(status="assigned"), author="agent", message="r", at=accepted
    )
    assert await counting.value("pasokh_next_response_seconds_sum") == 10 * 60  # 08:45 to 08:55
    assert await counting.value("pasokh_unanswered_total") == 0
    await counting.receive_fact("resolved", conversation(status="resolved", resolved_at=START))
    assert await counting.value("pasokh_unanswered_total", metric="next_response") == 1  # what was asked at 08:58


async def test_an_upgraded_run_that_new_facts_know_of_is_counted_once() -> None:
    counting = counting_on(ASSIGNED)
    await counting.answered(60)
    assert await counting.value("pasokh_first_response_seconds_count") == 1
    assert await counting.value("pasokh_next_response_seconds_count") == 0


async def test_a_run_that_a_resolve_left_open_counts_as_unanswered_when_the_conversation_is_reopened() -> None:
    counting = counting_on({**ASSIGNED, "status": "resolved", "answered": False, "answered_by_any": False})
    run = ResponseRun(run=1, kind="first_response", state="waiting", started_at=START)
    reopened = conversation(status="waiting")
    await counting.receive_fact("reopened", reopened, ended_responses=[])
    await counting.receive_fact(
        "message_received", reopened, author="customer", message="m2", response=run, ended_responses=[]
    )
    assert await counting.value("pasokh_unanswered_total", metric="first_response") == 1
    unanswered = run.model_copy(update={"state": "unanswered", "ended_at": START})
    await counting.receive_fact(
        "resolved", conversation(status="resolved", resolved_at=START), ended_responses=[unanswered]
    )
    assert await counting.value("pasokh_unanswered_total", metric="first_response") == 2  # the run of the reopening


async def test_a_run_that_a_resolve_left_open_counts_as_unanswered_once_when_the_conversation_is_closed() -> None:
    counting = counting_on({**ASSIGNED, "status": "resolved", "answered": False, "answered_by_any": False})
    await counting.receive_fact("closed", conversation(status="closed", resolved_at=START), ended_responses=[])
    assert await counting.value("pasokh_unanswered_total", metric="first_response") == 1


async def test_a_run_that_a_resolve_left_open_counts_beside_a_run_that_the_first_fact_gives() -> None:
    counting = counting_on({**ASSIGNED, "status": "resolved", "answered": False, "answered_by_any": False})
    run = ResponseRun(run=1, kind="first_response", state="waiting", started_at=START)
    await counting.receive_fact("message_received", conversation(), author="customer", response=run, ended_responses=[])
    assert await counting.value("pasokh_unanswered_total", metric="first_response") == 1


async def test_an_answer_on_its_way_over_a_resolve_counts_when_it_is_delivered() -> None:
    counting = counting_on({**ASSIGNED, "status": "resolved", "said": [{"message": "r", "asked": None}]})
    accepted = START - timedelta(minutes=5)
    await counting.receive_fact(
        "reply_delivered", conversation(status="resolved"), author="agent", message="r", at=accepted
    )
    assert await counting.value("pasokh_next_response_seconds_sum") == 10 * 60  # 08:45 to 08:55
    assert await counting.value("pasokh_unanswered_total") == 0


async def test_handling_pending_and_waiting_go_on_from_where_they_were() -> None:
    counting = counting_on(ASSIGNED)
    opened = START - timedelta(hours=1)
    resolved = conversation(status="resolved", resolved_at=START, opened_at=opened)
    await counting.receive_fact("resolved", resolved)
    assert await counting.value("pasokh_handle_seconds_sum") == 900  # 300 and 08:50 to 09:00
    await counting.receive_fact("closed", conversation(status="closed", resolved_at=START, opened_at=opened))
    less = await counting.value("pasokh_full_resolution_seconds_sum", variant="full_less_pending")
    assert less == 3000  # 3600 - 600
    assert counting.get(METRICS_STATES, "c1") is None


async def test_a_conversation_that_waited_leaves_the_series_it_was_counted_in() -> None:
    counting = counting_on(WAITING)
    await counting.receive_fact("assigned", conversation(status="assigned"))
    assert await counting.value("pasokh_waiting") == -1  # the gauge of this test began at nothing
    assert await counting.value("pasokh_wait_seconds_sum") == 300  # 08:55 to 09:00


async def test_a_resolution_that_was_noted_nowhere_counts_when_it_is_closed() -> None:
    counting = counting_on({**ASSIGNED, "status": "resolved", "turn": None})
    opened, resolved_at = START - timedelta(hours=2), START - timedelta(hours=1)
    await counting.receive_fact("closed", conversation(status="closed", opened_at=opened, resolved_at=resolved_at))
    assert await counting.value("pasokh_full_resolution_seconds_sum", variant="full") == 3600
