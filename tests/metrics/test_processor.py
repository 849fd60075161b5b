"""What is counted from where, exact over restarts and repeats."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.conversation import Status
from schemas.topics import DEDUPE_RETENTION_SECONDS
from services.metrics import counters
from services.platform.store.expiry import purge_expired
from services.records.counters import COUNTED, COUNTERS, METRICS_STATES
from tests.fakes import START
from tests.metrics.harness import MetricsHarness
from tests.sla.harness import conversation


async def test_messages_are_counted_where_they_were_taken_in_and_where_they_arrived() -> None:
    counting = MetricsHarness()
    await counting.batch([counting.activity("message", "a1"), counting.fact("message_received", author="customer")])
    await counting.receive_fact("replied", author="agent")
    await counting.receive_fact("reply_delivered", author="agent")
    await counting.receive_fact("reply_failed", author="agent")
    assert await counting.value("pasokh_messages_total", direction="inbound", workspace="w", channel="telegram") == 1
    assert await counting.value("pasokh_messages_total", direction="outbound") == 1


async def test_message_is_counted_on_its_own_surface() -> None:
    counting = MetricsHarness()
    await counting.receive_fact("message_received", conversation(surface="private"), message_surface="public")
    assert await counting.value("pasokh_messages_total", surface="public") == 1


async def test_first_response_is_observed_from_the_customers_message_to_the_acceptance() -> None:
    counting = MetricsHarness()
    await counting.answered(30)
    await counting.answered(31)
    await counting.receive_fact("reply_delivered", author="agent")
    assert await counting.value("pasokh_first_response_seconds_count") == 2
    assert await counting.value("pasokh_first_response_seconds_sum") == 61
    assert await counting.value("pasokh_first_response_seconds_bucket", le="15") == 0
    assert await counting.value("pasokh_first_response_seconds_bucket", le="30") == 1
    assert await counting.value("pasokh_first_response_seconds_bucket", le="+Inf") == 2


async def test_only_the_first_resolve_counts_for_resolution() -> None:
    counting = MetricsHarness()
    resolved = conversation(status="resolved", resolved_at=START + timedelta(hours=1))
    await counting.receive_fact("resolved", resolved)
    await counting.receive_fact("reopened", conversation(status="assigned"))
    counting.restart()
    await counting.receive_fact("resolved", conversation(status="resolved", resolved_at=START + timedelta(hours=9)))
    assert await counting.value("pasokh_resolution_seconds_count") == 1
    assert await counting.value("pasokh_resolution_seconds_sum") == 3600


async def test_what_is_remembered_of_a_conversation_goes_with_its_end() -> None:
    counting = MetricsHarness()
    await counting.receive_fact("queued")
    assert counting.get(METRICS_STATES, "c1") is not None
    await counting.receive_fact("resolved", conversation(status="resolved", resolved_at=START))
    await counting.receive_fact("reopened", conversation(status="waiting"))
    await counting.receive_fact("resolved", conversation(status="resolved", resolved_at=START))
    await counting.receive_fact("closed", conversation(status="closed"))
    assert counting.get(METRICS_STATES, "c1") is None


async def test_waiting_follows_the_status_however_many_facts_repeat_it() -> None:
    counting = MetricsHarness()
    for name in ("opened", "message_received", "queued"):
        await counting.receive_fact(name)
    assert await counting.value("pasokh_waiting") == 1
    await counting.receive_fact("assigned", conversation(status="assigned"))
    assert await counting.value("pasokh_waiting") == 0


async def test_a_conversation_leaves_the_series_in_which_it_was_counted() -> None:
    counting = MetricsHarness()
    await counting.receive_fact("queued")
    await counting.receive_fact("assigned", conversation(status="assigned", team="vip", priority="high"))
    assert await counting.value("pasokh_waiting", team="default") == 0
    assert await counting.value("pasokh_waiting", team="vip") == 0


async def test_waiting_follows_every_change_of_team_and_priority() -> None:
    counting = MetricsHarness()
    await counting.receive_fact("queued", conversation(team="default"))
    await counting.receive_fact("transferred", conversation(team="vip"))
    await counting.receive_fact("priority_changed", conversation(team="vip", priority="urgent"))
    counting.restart()
    assert await counting.value("pasokh_waiting") == 1
    assert await counting.value("pasokh_waiting", team="vip", priority="urgent") == 1
    await counting.receive_fact("offered", conversation(team="vip", priority="urgent", status="offered"))
    assert await counting.value("pasokh_waiting") == 0


async def test_wait_is_from_queued_to_assigned_through_offers() -> None:
    counting = MetricsHarness()
    await counting.receive_fact("queued")
    await counting.advance(20)
    await counting.receive_fact("offered", conversation(status="offered"))
    await counting.advance(22)
    await counting.receive_fact("assigned", conversation(status="assigned"))
    await counting.receive_fact("pending", conversation(status="pending"))
    assert await counting.value("pasokh_wait_seconds_count") == 1
    assert await counting.value("pasokh_wait_seconds_sum") == 42
    assert await counting.value("pasokh_assignments_total") == 1


async def test_resolved_while_waiting_is_no_wait() -> None:
    counting = MetricsHarness()
    await counting.receive_fact("queued")
    await counting.receive_fact("resolved", conversation(status="resolved", resolved_at=START))
    assert await counting.value("pasokh_wait_seconds_count") == 0
    assert await counting.value("pasokh_withdrawn_seconds_count", by="resolve") == 1
    assert await counting.value("pasokh_waiting") == 0


async def test_clocks_are_counted_by_metric() -> None:
    counting = MetricsHarness()
    await counting.batch([counting.clock_fact(name) for name in ("started", "warned", "breached", "fulfilled")])
    await counting.batch([counting.clock_fact("late", 12.5)])
    assert await counting.value("pasokh_sla_breached_total", metric="first_response") == 1
    assert await counting.value("pasokh_sla_fulfilled_total", metric="first_response") == 1
    assert await counting.value("pasokh_sla_late_seconds_sum") == 12.5


async def test_deliveries_are_counted_by_channel_and_outcome() -> None:
    counting = MetricsHarness()
    await counting.batch([counting.sent_delivery()])
    assert await counting.value("pasokh_deliveries_total", channel="telegram", outcome="sent") == 1


async def test_a_repeated_activity_is_counted_once_also_after_a_restart() -> None:
    counting = MetricsHarness()
    await counting.batch([counting.activity("edit", "a1"), counting.activity("edit", "a1")])
    counting.restart()
    await counting.batch([counting.activity("edit", "a1"), counting.activity("reaction", "a2")])
    assert await counting.value("pasokh_activities_total", kind="edit") == 1
    assert await counting.value("pasokh_activities_total", kind="reaction") == 1


async def test_ids_of_activities_are_deleted_when_no_repeat_can_come() -> None:
    counting = MetricsHarness()
    await counting.batch([counting.activity("edit", "a1")])
    assert await purge_expired(counting.store, [COUNTED], START + DEDUPE_RETENTION_SECONDS) == 0
    assert await purge_expired(counting.store, [COUNTED], START + DEDUPE_RETENTION_SECONDS + timedelta(seconds=1)) == 1


async def test_control_events_are_not_counted() -> None:
    counting = MetricsHarness()
    tick = counting.fact("opened")
    event = tick.event.model_copy(update={"type": "pasokh.control.watermark", "data": {"at": "2026-03-02T09:00:00Z"}})
    await counting.batch([type(tick)(event, "conversations", 1)])
    assert counting.get(COUNTERS, "0/w") is None


async def test_beyond_the_limit_new_teams_are_counted_as_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "MAX_SERIES", 3)
    counting = MetricsHarness()
    for number in range(10):
        await counting.receive_fact("opened", conversation(f"c{number}", status="bot", team=f"team-{number}"))
    assert await counting.value("pasokh_conversations_opened_total") == 10
    assert await counting.value("pasokh_conversations_opened_total", team="team-1") == 1
    assert await counting.value("pasokh_conversations_opened_total", team="other") == 7


async def test_folded_waiting_comes_back_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "MAX_SERIES", 0)
    counting = MetricsHarness()
    await counting.receive_fact("queued", conversation(team="vip"))
    assert await counting.value("pasokh_waiting", team="other") == 1
    await counting.receive_fact("assigned", conversation(team="vip", status="assigned"))
    assert await counting.value("pasokh_waiting", team="other") == 0


@pytest.mark.parametrize(
    ("language", "label"), [("fa", "fa"), ("fa-IR", "fa"), ("de", "other"), (None, "other"), ("LV", "lv")]
)
async def test_languages_are_a_bounded_set(language: str | None, label: str) -> None:
    counting = MetricsHarness()
    await counting.receive_fact("opened", conversation(language=language))
    assert await counting.value("pasokh_conversations_opened_total", language=label) == 1


STATUSES: list[Status] = ["bot", "waiting", "offered", "assigned", "pending", "resolved", "closed"]


@given(st.lists(st.tuples(st.sampled_from(["c1", "c2", "c3"]), st.sampled_from(STATUSES), st.booleans()), max_size=30))
async def test_waiting_is_the_number_of_conversations_that_wait(plan: list[tuple[str, Status, bool]]) -> None:
    counting, last = MetricsHarness(), dict[str, str]()
    for identity, status, restart in plan:
        last[identity] = status
        await counting.receive_fact("any", conversation(identity, status=status, team=f"t-{len(last)}"))
        if restart:
            counting.restart()
    assert await counting.value("pasokh_waiting") == sum(status == "waiting" for status in last.values())


async def test_what_came_lately_is_counted_by_when_it_came_and_what_is_old_is_dropped() -> None:
    counting = MetricsHarness()
    await counting.batch([counting.fact("opened"), counting.fact("message_received", author="customer")])
    counting.restart()
    await counting.batch([counting.fact("message_received", author="customer"), counting.fact("replied")])
    record = counting.get(COUNTERS, "0/w")
    assert record is not None
    assert sum(record.recent_messages.values()) == 2
    assert sum(record.recent_opened.values()) == 1
    for n in range(1, 200):
        counting.now = START + timedelta(minutes=n)
        await counting.receive_fact("message_received", author="customer")
        await counting.receive_fact("opened")
    record = counting.get(COUNTERS, "0/w")
    assert record is not None
    assert len(record.recent_messages) <= 7
    assert len(record.recent_opened) <= 32


async def test_a_message_that_is_read_late_counts_when_it_came() -> None:
    counting = MetricsHarness()
    await counting.receive_fact("message_received", author="customer")
    late = counting.fact("message_received", author="customer")
    counting.now = START + timedelta(minutes=3)
    await counting.receive_fact("message_received", author="customer")
    await counting.batch([late])
    record = counting.get(COUNTERS, "0/w")
    assert record is not None
    assert sorted(record.recent_messages.values()) == [1, 2]
