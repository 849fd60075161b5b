"""One truth: what the stage counted as it happened, what a recount of the log says, and what reports say."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings

from schemas.conversation import ConversationFact
from schemas.envelope import Event
from services.metrics import reports
from services.metrics.domain.report import Report, ReportRequest, duration_of, recount
from services.metrics.domain.samples import SERIES, SLA_SERIES
from services.metrics.reports import ReportTooLarge, build_report
from services.platform.processing.processor import ReceivedEvent
from services.platform.store.collections import FACTS
from services.platform.store.port import Key
from tests.fakes import START, MemoryStore
from tests.metrics.harness import MetricsHarness
from tests.metrics.strategies import PLANS, told

LONG = timedelta(days=80)
ALL = ReportRequest(START, START + LONG)
Plan = Sequence[tuple[int, str, int, bool]]


def kept(events: Sequence[Event]) -> MemoryStore:
    """The facts as a store keeps them."""
    store = MemoryStore(FACTS)
    for event in events:
        document = {**event.model_dump(mode="json"), "conversation": event.data["conversation"]}
        store.documents[Key(FACTS.name, event.id)] = document
    return store


def figures(report: Report) -> dict[str, tuple[float, float]]:
    """Every figure of a report that has one row, as (how many, their sum in seconds)."""
    found: dict[str, tuple[float, float]] = {}
    for row in report.rows:
        found |= {name: (float(count), 0.0) for name, count in row.counts.items()}
        for kpi, variants in row.durations.items():
            for variant, known in variants.items():
                if known.count:
                    found[f"{kpi}/{variant}"] = (known.count, known.count * (known.mean or 0.0))
        for metric, words in row.sla.items():
            found |= {f"{metric}/{w}": (getattr(words, w), 0.0) for w in SLA_SERIES if getattr(words, w)}
    return found


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
    """The stage after all of it, in batches that end and owners that change where the plan says so."""
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


@settings(max_examples=60)
@given(PLANS)
async def test_live_counters_and_recount_and_report_say_the_same(plan: Plan) -> None:
    events = told(plan)
    again = figures(recount(events, ALL))
    assert await live_figures(await counted(plan, events)) == approximately(again)
    assert figures(await build_report(kept(events), "w", ALL)) == again


@settings(max_examples=60)
@given(PLANS)
async def test_reports_of_the_days_add_up_to_the_report_of_all(plan: Plan) -> None:
    events, whole = told(plan), dict[str, float]()
    store = kept(events)
    for day in range((events[-1].time - START).days + 1 if events else 0):
        asked = ReportRequest(START + timedelta(days=day), START + timedelta(days=day + 1))
        for name, (count, _) in figures(await build_report(store, "w", asked)).items():
            whole[name] = whole.get(name, 0.0) + count
    assert whole == {name: count for name, (count, _) in figures(recount(events, ALL)).items()}


@settings(max_examples=60)
@given(PLANS)
async def test_grouping_by_start_places_everything_that_began_and_splits_nothing(plan: Plan) -> None:
    events = told(plan)
    store = kept(events)
    middle = START + timedelta(days=1)
    parts = [ReportRequest(START, middle, by="start"), ReportRequest(middle, START + LONG, by="start")]
    found = [figures(await build_report(store, "w", asked)) for asked in parts]
    names = found[0].keys() | found[1].keys()
    added = {name: sum(part.get(name, (0, 0))[0] for part in found) for name in names}
    assert added == {name: count for name, (count, _) in figures(recount(events, ALL)).items()}


# -- by definition, from the whole history at once ---------------------------------------------------------------------


def facts_of(events: Sequence[Event]) -> dict[str, list[tuple[str, ConversationFact, datetime]]]:
    found: dict[str, list[tuple[str, ConversationFact, datetime]]] = {}
    for event in events:
        if event.type.startswith("pasokh.conversation."):
            fact = ConversationFact.model_validate(event.data)
            found.setdefault(fact.conversation, []).append((event.type.rsplit(".", 1)[1], fact, event.time))
    return found


def spent(facts: Sequence[tuple[str, ConversationFact, datetime]], status: str) -> float:
    """Seconds in a status until the last fact given."""
    pairs = pairwise(facts)
    return sum((after[2] - before[2]).total_seconds() for before, after in pairs if before[1].snapshot.status == status)


def by_definition(events: Sequence[Event]) -> dict[str, tuple[float, float]]:
    """Handle time and the resolutions, each from the history of its conversation, remembering nothing."""
    found: dict[str, list[float]] = {"handle/active": [], "resolution/first": [], "resolution/full": []}
    found["resolution/full_less_pending"] = []
    for facts in facts_of(events).values():
        opened, since = facts[0][1].snapshot.opened_at, 0
        resolves = [i for i, (word, _, _) in enumerate(facts) if word == "resolved"]
        for place in resolves:
            part = facts[since : place + 1]
            if any(fact.snapshot.status == "assigned" for _, fact, _ in part):
                found["handle/active"].append(spent(part, "assigned"))
            since = place
        if resolves:
            found["resolution/first"].append((facts[resolves[0]][2] - opened).total_seconds())
        if facts[-1][1].snapshot.status == "closed":
            full = (facts[resolves[-1]][2] - opened).total_seconds()
            found["resolution/full"].append(full)
            found["resolution/full_less_pending"].append(full - spent(facts[: resolves[-1] + 1], "pending"))
    return {name: (len(seconds), sum(seconds)) for name, seconds in found.items() if seconds}


@settings(max_examples=100)
@given(PLANS)
def test_times_are_what_their_definitions_say_over_the_whole_history(plan: Plan) -> None:
    events = told(plan)
    defined = by_definition(events)
    found = {n: f for n, f in figures(recount(events, ALL)).items() if n.startswith(("handle/", "resolution/"))}
    assert found == approximately(defined)


# -- examples ----------------------------------------------------------------------------------------------------------


def life(*steps: tuple[str, int]) -> list[Event]:
    """The facts of one conversation: each step so many seconds after the one before."""
    return told([(0, step, seconds, False) for step, seconds in steps])


def test_an_answer_ends_the_run_of_messages_before_it_and_not_the_one_after() -> None:
    first = [("hear", 0), ("assign", 10), ("reply", 10), ("deliver", 1)]
    events = life(*first, ("hear", 100), ("hear", 50), ("reply", 31), ("hear", 5), ("deliver", 5), ("reply", 21))
    [row] = recount(events, ALL).rows
    assert (row.durations["next_response"]["human"].count, row.durations["next_response"]["human"].mean) == (1, 80)
    assert row.durations["next_response"]["human"].open == 1
    assert row.durations["first_response"]["human"].mean == 19


def test_an_answer_that_failed_ends_nothing() -> None:
    events = life(("hear", 0), ("assign", 10), ("reply", 10), ("fail", 1), ("reply", 40), ("deliver", 1))
    [row] = recount(events, ALL).rows
    assert row.durations["first_response"]["human"].p50 == 60
    assert row.counts["reply_failed"] == 1


def test_a_customer_whose_last_answer_failed_was_not_answered() -> None:
    first = [("hear", 0), ("assign", 10), ("reply", 10), ("deliver", 1)]
    [row] = recount(life(*first, ("hear", 9), ("reply", 9), ("fail", 1), ("resolve", 9)), ALL).rows
    assert row.counts["unanswered_next_response"] == 1
    [row] = recount(life(*first, ("hear", 9), ("reply", 9), ("resolve", 9), ("deliver", 1)), ALL).rows
    assert "unanswered_next_response" not in row.counts
    assert row.durations["next_response"]["human"].p50 == 8


def test_a_notice_is_an_answer_of_somebody_and_not_of_a_person() -> None:
    events = life(("hear", 0), ("notice", 5), ("deliver", 1), ("assign", 10), ("reply", 14), ("deliver", 1))
    [row] = recount(events, ALL).rows
    assert row.durations["first_response"]["any"].p50 == 5
    assert row.durations["first_response"]["human"].p50 == 29
    assert (row.counts["notice_delivered"], row.counts["message_outbound"]) == (1, 1)


def test_what_was_resolved_without_an_answer_is_counted_when_it_ends() -> None:
    [row] = recount(life(("hear", 0), ("resolve", 5)), ALL).rows
    assert row.durations["first_response"]["human"].open == 1
    [row] = recount(life(("hear", 0), ("resolve", 5), ("close", 9)), ALL).rows
    assert row.counts["unanswered_first_response"] == 1
    assert "first_response" not in row.durations


def test_resolution_less_pending_leaves_out_waiting_for_the_customer() -> None:
    events = life(("hear", 0), ("assign", 10), ("reply", 20), ("hear", 300), ("resolve", 70), ("close", 9))
    [row] = recount(events, ALL).rows
    assert row.durations["resolution"]["full"].p50 == 400
    assert row.durations["resolution"]["full_less_pending"].p50 == 100
    assert row.durations["handle"]["active"].p50 == 90


def test_attainment_is_kept_of_judged() -> None:
    steps = [("promise", 1), ("keep", 1), ("promise", 1), ("break_", 1), ("promise", 1), ("cancel", 1), ("promise", 1)]
    [row] = recount(life(("hear", 0), *steps), ALL).rows
    kept_of = row.sla["next_response"]
    assert (kept_of.started, kept_of.fulfilled, kept_of.breached, kept_of.cancelled, kept_of.open) == (4, 1, 1, 1, 1)
    assert kept_of.attainment == 0.5


def test_percentiles_are_values_that_occurred() -> None:
    known = duration_of([float(n) for n in range(10, 0, -1)], [0.0] * 9 + [5.0], 2)
    assert (known.p50, known.p90, known.p95, known.mean, known.open) == (5, 9, 10, 5.5, 2)
    assert dict(known.business) == {"mean": 0.5, "p50": 0, "p90": 0, "p95": 5}
    assert duration_of([7.0], [7.0], 0).p50 == 7
    assert duration_of([], [], 3).p50 is None


async def test_what_began_before_the_time_is_known_and_what_ends_after_it_too() -> None:
    events = life(("hear", 0), ("assign", 10), ("reply", 90_000), ("deliver", 1))
    store, second = kept(events), START + timedelta(days=1)
    by_stop = figures(await build_report(store, "w", ReportRequest(second, second + timedelta(days=1))))
    assert by_stop["first_response/human"] == (1, 90_009)
    by_start = await build_report(store, "w", ReportRequest(START, second, by="start"))
    assert figures(by_start)["first_response/human"] == (1, 90_009)
    assert [r.durations["first_response"]["human"].open for r in by_start.rows] == [0]


async def test_facts_of_one_moment_keep_their_order_over_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    events = life(("hear", 0), ("assign", 0), ("reply", 5), ("deliver", 0), ("hear", 5), ("resolve", 0), ("close", 9))
    whole = figures(recount(events, ALL))
    for page in (1, 2, 3):
        monkeypatch.setattr(reports, "PAGE", page)
        assert figures(await build_report(kept(events), "w", ALL)) == whole


async def test_a_report_that_would_cost_too_much_is_refused() -> None:
    events = life(*[("hear", 1)] * 20)
    assert (await build_report(kept(events), "w", ALL, most=len(events))).facts == len(events)
    with pytest.raises(ReportTooLarge, match="shorter time"):
        await build_report(kept(events), "w", ALL, most=len(events) - 1)


def test_groups_are_told_apart_and_hours_are_in_utc() -> None:
    events = told([(0, "hear", 0, False), (1, "hear", 10, False), (1, "assign", 3600, False)])
    report = recount(events, ReportRequest(START, START + LONG, ("team", "agent", "hour")))
    assert [tuple(row.group.values()) for row in report.rows if "opened" in row.counts] == [
        ("default", None, "2026-03-02T09:00:00.000000Z"),
        ("vip", None, "2026-03-02T09:00:00.000000Z"),
    ]
    [assigned] = [row for row in report.rows if "assigned" in row.counts]
    assert assigned.group == {"team": "vip", "agent": "agent-1", "hour": "2026-03-02T10:00:00.000000Z"}
    assert assigned.durations["wait"]["total"].p50 == 3600
