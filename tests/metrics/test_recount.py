"""What a report says of what is not final yet, of days, and of facts that an earlier version wrote."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from schemas.envelope import Event
from schemas.kpis import Rate, Report, ReportRow
from services.domain.lifecycle import STATUSES
from services.metrics.domain.earlier_facts import EarlierFacts
from services.metrics.domain.recount.history import PHASES
from services.metrics.domain.recount.local_time import day_start, hour_start
from services.metrics.domain.recount.report import ReportBuilder, ReportRequest, recount
from services.metrics.reports import build_report
from tests.fakes import START
from tests.metrics.strategies import PLANS, Plan, facts_of_plan, without_runs
from tests.metrics.test_report import ALL, counted, final_resolutions, life, live_figures, store_with

DAY = timedelta(days=1)
ANSWERED = [("message", 0), ("assign", 10), ("reply", 10), ("deliver", 1), ("resolve", 9)]


def only_row(report: Report) -> ReportRow:
    [row] = report.rows
    return row


def of_day(number: int, now: timedelta = 30 * DAY) -> ReportRequest:
    """A day from START on, seen at `now` after START."""
    return ReportRequest(START + number * DAY, START + (number + 1) * DAY, now=START + now)


# -- what a later fact may still move ----------------------------------------------------------------------------------


async def test_a_full_resolution_is_provisional_until_the_conversation_is_closed() -> None:
    resolved = store_with(life(*ANSWERED))
    closed = store_with(life(*ANSWERED, ("close", 3 * 86_400)))
    for store, is_provisional in ((resolved, True), (closed, False)):
        resolution = only_row(await build_report(store, "w", of_day(0))).durations["resolution"]
        assert resolution["full"].provisional is is_provisional
        assert resolution["full_less_pending"].provisional is is_provisional
        assert resolution["first"].provisional is False


async def test_a_reopening_moves_the_full_resolution_to_the_later_resolve() -> None:
    store = store_with(life(*ANSWERED, ("message", 86_400), ("assign", 1), ("resolve", 9)))
    first = only_row(await build_report(store, "w", of_day(0))).durations["resolution"]
    assert (first["first"].count, first["full"].count, first["full"].open) == (1, 0, 1)
    second = only_row(await build_report(store, "w", of_day(1))).durations["resolution"]
    assert (second["full"].count, second["full"].mean) == (1, 86_440)
    assert "first" not in second


# -- first contact ----------------------------------------------------------------------------------------------------


def strict(report: Report) -> Rate:
    return only_row(report).rates["first_contact_resolution"]["strict"]


async def test_first_contact_is_open_for_seven_days_and_then_met() -> None:
    store = store_with(life(*ANSWERED))
    young = strict(await build_report(store, "w", of_day(0, now=6 * DAY)))
    assert (young.count, young.of, young.open) == (0, 0, 1)
    old = strict(await build_report(store, "w", of_day(0, now=8 * DAY)))
    assert (old.count, old.of, old.open) == (1, 1, 0)


@pytest.mark.parametrize(("days", "is_met"), [(6, False), (8, True)])
async def test_a_customer_who_comes_back_within_seven_days_was_not_helped(days: int, *, is_met: bool) -> None:
    store = store_with(life(*ANSWERED, ("close", 3 * 86_400), ("message", (days - 3) * 86_400)))
    rate = strict(await build_report(store, "w", of_day(0)))
    assert (rate.count, rate.of) == (int(is_met), 1)


# -- by start ----------------------------------------------------------------------------------------------------------


async def test_by_start_a_later_day_says_what_became_of_what_began() -> None:
    store = store_with(life(("message", 0), ("assign", 90_000), ("reply", 9), ("deliver", 1)))
    by_start = ReportRequest(START, START + DAY, by="start", now=START + 30 * DAY)
    row = only_row(await build_report(store, "w", by_start))
    assert (row.durations["first_response"]["human"].count, row.durations["first_response"]["human"].open) == (1, 0)
    assert row.rates["response_within_24h"]["private"].of == 1
    assert row.rates["response_within_24h"]["private"].count == 0  # 25 hours


# -- days of a place ---------------------------------------------------------------------------------------------------


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "at", "day", "hour"),
    [
        ("Asia/Tehran", "2026-03-02T09:00", "2026-03-01T20:30", "2026-03-02T08:30"),
        # Midnight does not happen on 2018-11-04 in São Paulo: the day begins with the change, at 03:00 in UTC.
        ("America/Sao_Paulo", "2018-11-04T12:00", "2018-11-04T03:00", "2018-11-04T12:00"),
        # The hour from 01:00 happens twice on 2026-10-25 in London.
        ("Europe/London", "2026-10-25T00:30", "2026-10-24T23:00", "2026-10-25T00:00"),
        ("Europe/London", "2026-10-25T01:30", "2026-10-24T23:00", "2026-10-25T01:00"),
    ],
)
def test_days_and_hours_begin_where_the_zone_says(zone: str, at: str, day: str, hour: str) -> None:
    place = ZoneInfo(zone)
    assert day_start(moment(at), place) == moment(day)
    assert hour_start(moment(at), place) == moment(hour)


# -- facts of an earlier version ---------------------------------------------------------------------------------------


def recount_filled(events: list[Event]) -> Report:
    builder = ReportBuilder(ALL, fill=EarlierFacts().fill)
    for event in events:
        builder.add(event)
    return builder.report()


@given(PLANS)
async def test_facts_without_runs_come_to_the_same_report_and_counters(plan: Plan) -> None:
    events = facts_of_plan(plan)
    earlier = without_runs(events)
    assert recount_filled(earlier) == recount(events, ALL)
    assert await build_report(store_with(earlier), "w", ALL) == recount(events, ALL)
    assert final_resolutions(earlier) == final_resolutions(events)
    assert await live_figures(await counted(plan, earlier)) == await live_figures(await counted(plan, events))


@given(PLANS)
def test_an_upgrade_in_the_middle_changes_no_count_of_runs(plan: Plan) -> None:
    events = facts_of_plan(plan)
    half = len(events) // 2
    mixed = [*without_runs(events[:half]), *events[half:]]
    assert recount_filled(mixed) == recount(events, ALL)


def test_every_status_says_whose_move_it_is() -> None:
    assert set(PHASES) == set(STATUSES)
