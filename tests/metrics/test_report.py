"""Counters, a recount of the log and reports give the same figures."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from schemas.conversation import ConversationFact
from schemas.envelope import Event
from schemas.kpis import Report
from services.metrics import reports
from services.metrics.domain.recount.report import ReportRequest, recount
from services.metrics.domain.recount.statistics import to_duration
from services.metrics.domain.samples import SERIES, SLA_SERIES
from services.metrics.reports import ReportTooLarge, build_report
from services.platform.processing.inputs import ReceivedEvent
from services.platform.store.collections import FACTS
from services.platform.store.port import Key
from services.records.conversations import CONVERSATIONS
from tests.examples import examples
from tests.fakes import START, MemoryStore
from tests.metrics.harness import MetricsHarness
from tests.metrics.strategies import PLANS, Plan, facts_of_plan

LONG = timedelta(days=80)
ALL = ReportRequest(START, START + LONG)


def store_with(events: Sequence[Event]) -> MemoryStore:
    """The facts as a store keeps them."""
    store = MemoryStore(FACTS, CONVERSATIONS)
    for event in events:
        document = {**event.model_dump(mode="json"), "conversation": event.data["conversation"]}
        store.documents[Key(FACTS.name, event.id)] = document
        if event.type.startswith("pasokh.conversation."):
            snapshot = event.payload_as(ConversationFact).snapshot.model_copy(update={"updated_at": event.time})
            store.documents[Key(CONVERSATIONS.name, snapshot.id)] = snapshot.model_dump(mode="json")
    return store


def figures(report: Report, *, counters_only: bool = True) -> dict[str, tuple[float, float]]:
    """Every figure of a report that has one row, as (how many, their sum in seconds).

    `counters_only` leaves out what becomes final later in counters than in reports: the resolution up to the last
    resolve counts there when the conversation is closed.
    """
    found: dict[str, tuple[float, float]] = {}
    for row in report.rows:
        found |= {name: (float(count), 0.0) for name, count in row.counts.items()}
        for kpi, variants in row.durations.items():
            for variant, known in variants.items():
                if known.count:
                    found[f"{kpi}/{variant}"] = (known.count, known.count * (known.mean or 0.0))
        for metric, names in row.sla.items():
            found |= {f"{metric}/{w}": (getattr(names, w), 0.0) for w in SLA_SERIES if getattr(names, w)}
        sentiments = row.sentiment.values()
        for name in ("positive", "neutral", "negative"):
            if number := sum(getattr(counts, name) for counts in sentiments):
                found[f"sentiment_{name}"] = (float(number), 0.0)
    if counters_only:
        found = {name: figure for name, figure in found.items() if not name.startswith("resolution/full")}
    return found


def final_resolutions(events: Sequence[Event]) -> dict[str, tuple[float, float]]:
    """The resolutions up to the last resolve, of the conversations that are closed."""
    closed = {event.data["conversation"] for event in events if event.type == "pasokh.conversation.closed"}
    report = recount([event for event in events if event.data["conversation"] in closed], ALL)
    found = figures(report, counters_only=False)
    return {name: figure for name, figure in found.items() if name.startswith("resolution/full")}


async def live_figures(counting: MetricsHarness) -> dict[str, tuple[float, float]]:
    """The same, of what the scrape shows."""
    found: dict[str, tuple[float, float]] = {}
    for (kpi, variant), series in SERIES.items():
        for instrument, named in series:
            labels = dict(named)
            if instrument.kind == "histogram":
                count = await counting.value(f"{instrument.name}_count", **labels)
                found[f"{kpi}/{variant}"] = (count, await counting.value(f"{instrument.name}_sum", **labels))
            else:
                name = f"{kpi}_{variant}".rstrip("_")
                found[name] = (await counting.value(instrument.name, **labels), 0.0)
    for word, instrument in SLA_SERIES.items():
        if instrument.kind == "counter":
            found[f"next_response/{word}"] = (await counting.value(instrument.name, metric="next_response"), 0.0)
    return {name: figure for name, figure in found.items() if figure[0]}


async def counted(plan: Plan, events: Sequence[Event]) -> MetricsHarness:
    """The counters after all facts, in batches that end and with owners that change where the plan has it."""
    counting, batch = MetricsHarness(), list[ReceivedEvent]()
    for number, event in enumerate(events):
        topic = "sla" if event.type.startswith("pasokh.sla.") else "conversations"
        batch.append(ReceivedEvent(event, topic, number))
        if plan[number % len(plan)][3]:
            counting.now = event.time
            await counting.batch(batch)
            counting.restart()
            batch = []
    await counting.batch(batch)
    return counting


def approximately(found: dict[str, tuple[float, float]]) -> dict[str, Any]:
    return {name: (count, pytest.approx(total, abs=1e-3)) for name, (count, total) in found.items()}


@examples(30)
@given(PLANS)
async def test_live_counters_and_recount_and_report_say_the_same(plan: Plan) -> None:
    events = facts_of_plan(plan)
    report = recount(events, ALL)
    final = {**figures(report), **final_resolutions(events)}
    assert await live_figures(await counted(plan, events)) == approximately(final)
    assert await build_report(store_with(events), "w", ALL) == report


@examples(30)
@given(PLANS)
async def test_reports_of_the_days_add_up_to_the_report_of_all(plan: Plan) -> None:
    events, whole = facts_of_plan(plan), dict[str, float]()
    store = store_with(events)
    for day in range((events[-1].time - START).days + 1 if events else 0):
        request = ReportRequest(START + timedelta(days=day), START + timedelta(days=day + 1))
        for name, (count, _) in figures(await build_report(store, "w", request)).items():
            whole[name] = whole.get(name, 0.0) + count
    assert whole == {name: count for name, (count, _) in figures(recount(events, ALL)).items()}


@examples(30)
@given(PLANS)
async def test_grouping_by_start_places_everything_that_began_and_splits_nothing(plan: Plan) -> None:
    events = facts_of_plan(plan)
    store = store_with(events)
    middle = START + timedelta(days=1)
    parts = [
        ReportRequest(START, middle, by="start", now=START + LONG),
        ReportRequest(middle, START + LONG, by="start"),
    ]
    found = [figures(await build_report(store, "w", request)) for request in parts]
    names = found[0].keys() | found[1].keys()
    added = {name: sum(part.get(name, (0, 0))[0] for part in found) for name in names}
    assert added == {name: count for name, (count, _) in figures(recount(events, ALL)).items()}


# -- examples ----------------------------------------------------------------------------------------------------------


def life(*steps: tuple[str, int]) -> list[Event]:
    """The facts of one conversation: each step so many seconds after the one before."""
    return facts_of_plan([(0, step, seconds, False) for step, seconds in steps])


def test_an_answer_ends_the_run_of_messages_before_it_and_not_the_one_after() -> None:
    first = [("message", 0), ("assign", 10), ("reply", 10), ("deliver", 1)]
    events = life(
        *first, ("message", 100), ("message", 50), ("reply", 31), ("message", 5), ("deliver", 5), ("reply", 21)
    )
    [row] = recount(events, ALL).rows
    assert (row.durations["next_response"]["human"].count, row.durations["next_response"]["human"].mean) == (1, 80)
    assert row.durations["next_response"]["human"].open == 1
    assert row.durations["first_response"]["human"].mean == 19


def test_an_answer_that_failed_ends_nothing() -> None:
    events = life(("message", 0), ("assign", 10), ("reply", 10), ("fail", 1), ("reply", 40), ("deliver", 1))
    [row] = recount(events, ALL).rows
    assert row.durations["first_response"]["human"].p50 == 60
    assert row.counts["reply_failed"] == 1


def test_a_customer_whose_last_answer_failed_was_not_answered() -> None:
    first = [("message", 0), ("assign", 10), ("reply", 10), ("deliver", 1)]
    [row] = recount(life(*first, ("message", 9), ("reply", 9), ("fail", 1), ("resolve", 9)), ALL).rows
    assert row.counts["unanswered_next_response"] == 1
    [row] = recount(life(*first, ("message", 9), ("reply", 9), ("resolve", 9), ("deliver", 1)), ALL).rows
    assert "unanswered_next_response" not in row.counts
    assert row.durations["next_response"]["human"].p50 == 8


def test_a_notice_is_an_answer_of_somebody_and_not_of_a_person() -> None:
    events = life(("message", 0), ("notice", 5), ("deliver", 1), ("assign", 10), ("reply", 14), ("deliver", 1))
    [row] = recount(events, ALL).rows
    assert row.durations["first_response"]["any"].p50 == 5
    assert row.durations["first_response"]["human"].p50 == 29
    assert (row.counts["notice_delivered"], row.counts["message_outbound"]) == (1, 1)


def test_what_was_resolved_without_an_answer_is_counted_when_it_ends() -> None:
    [row] = recount(life(("message", 0), ("resolve", 5)), ALL).rows
    assert row.counts["unanswered_first_response"] == 1
    assert "first_response" not in row.durations


def test_resolution_less_pending_leaves_out_waiting_for_the_customer() -> None:
    events = life(("message", 0), ("assign", 10), ("reply", 20), ("message", 300), ("resolve", 70), ("close", 9))
    [row] = recount(events, ALL).rows
    assert row.durations["resolution"]["full"].p50 == 400
    assert row.durations["resolution"]["full_less_pending"].p50 == 100
    assert row.durations["handle"]["active"].p50 == 90


def test_attainment_is_fulfilled_of_fulfilled_and_breached() -> None:
    steps = [
        ("start_clock", 1),
        ("fulfil_clock", 1),
        ("start_clock", 1),
        ("breach_clock", 1),
        ("start_clock", 1),
        ("cancel_clock", 1),
        ("start_clock", 1),
    ]
    [row] = recount(life(("message", 0), *steps), ALL).rows
    counts = row.sla["next_response"]
    assert (counts.started, counts.fulfilled, counts.breached, counts.cancelled, counts.open) == (4, 1, 1, 1, 1)
    assert counts.attainment == 0.5


def test_percentiles_are_values_that_occurred() -> None:
    known = to_duration([float(n) for n in range(10, 0, -1)], [0.0] * 9 + [5.0], 2)
    assert (known.p50, known.p90, known.p95, known.mean, known.open) == (5, 9, 10, 5.5, 2)
    assert dict(known.business) == {"mean": 0.5, "p50": 0, "p90": 0, "p95": 5}
    assert to_duration([7.0], [7.0], 0).p50 == 7
    assert to_duration([], [], 3).p50 is None


async def test_what_began_before_the_time_is_known_and_what_ends_after_it_too() -> None:
    events = life(("message", 0), ("assign", 10), ("reply", 90_000), ("deliver", 1))
    store, second = store_with(events), START + timedelta(days=1)
    by_stop = figures(await build_report(store, "w", ReportRequest(second, second + timedelta(days=1))))
    assert by_stop["first_response/human"] == (1, 90_009)
    by_start = await build_report(store, "w", ReportRequest(START, second, by="start", now=START + LONG))
    assert figures(by_start)["first_response/human"] == (1, 90_009)
    assert [r.durations["first_response"]["human"].open for r in by_start.rows] == [0]


async def test_facts_of_one_moment_keep_their_order_over_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    events = life(
        ("message", 0), ("assign", 0), ("reply", 5), ("deliver", 0), ("message", 5), ("resolve", 0), ("close", 9)
    )
    whole = figures(recount(events, ALL))
    for page in (1, 2, 3):
        monkeypatch.setattr(reports, "PAGE_SIZE", page)
        assert figures(await build_report(store_with(events), "w", ALL)) == whole


async def test_a_report_that_would_cost_too_much_is_refused() -> None:
    events = life(*[("message", 1)] * 20)
    assert (await build_report(store_with(events), "w", ALL, max_facts=len(events))).facts == len(events)
    with pytest.raises(ReportTooLarge, match="shorter time"):
        await build_report(store_with(events), "w", ALL, max_facts=len(events) - 1)


def test_groups_are_separate_and_hours_are_in_utc() -> None:
    events = facts_of_plan([(0, "message", 0, False), (1, "message", 10, False), (1, "assign", 3600, False)])
    report = recount(events, ReportRequest(START, START + LONG, ("team", "agent", "hour")))
    assert [tuple(row.group.values()) for row in report.rows if "opened" in row.counts] == [
        ("default", None, "2026-03-02T09:00:00.000000Z"),
        ("vip", None, "2026-03-02T09:00:00.000000Z"),
    ]
    [assigned] = [row for row in report.rows if "assigned" in row.counts]
    assert assigned.group == {"team": "vip", "agent": "agent-1", "hour": "2026-03-02T10:00:00.000000Z"}
    assert assigned.durations["wait"]["total"].p50 == 3599.75
