"""Times in opening hours: whose calendar holds, and that reports, a recount and the plain definition agree on them."""

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.business_calendar import Calendar
from schemas.configuration import AccountBody, TeamBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.kpis import DurationStats, Report
from services.domain.business_hours import WEEKDAYS
from services.metrics.domain.business_hours import ALWAYS_OPEN, Calendars, calendars_from
from services.metrics.domain.recount.report import recount
from services.metrics.reports import build_report
from tests.examples import examples
from tests.fakes import START
from tests.metrics.strategies import PLANS, Plan, facts_of_plan
from tests.metrics.test_report import ALL, life, store_with

ALWAYS = Calendar(hours={day: [("00:00", "24:00")] for day in WEEKDAYS})
HOLIDAY = date(2026, 3, 4)


def office(opens: int, closes: int) -> Calendar:
    """Open each day but one between two hours, UTC."""
    span = (f"{opens:02}:00", f"{closes:02}:00")
    return Calendar(hours={day: [span] for day in WEEKDAYS}, holidays=[HOLIDAY])


OFFICES = st.tuples(st.integers(0, 23), st.integers(1, 24)).filter(lambda h: h[0] < h[1]).map(lambda h: office(*h))
CALENDARS = st.builds(
    Calendars,
    teams=st.dictionaries(st.sampled_from(["default", "vip"]), OFFICES, max_size=1),
    accounts=st.dictionaries(st.just("telegram/main"), OFFICES, max_size=1),
    workspace=st.none() | OFFICES,
)


def times(report: Report) -> Iterator[tuple[str, DurationStats, DurationStats]]:
    """Each duration around the clock, and in opening hours."""
    for row in report.rows:
        for kpi, variants in row.durations.items():
            for variant, known in variants.items():
                yield (
                    f"{kpi}/{variant}",
                    DurationStats(**{n: getattr(known, n) for n in DurationStats.model_fields}),
                    known.business,
                )


@examples(40)
@given(PLANS, CALENDARS)
async def test_report_and_recount_say_the_same_in_opening_hours(plan: Plan, calendars: Calendars) -> None:
    events = facts_of_plan(plan)
    again = recount(events, ALL, calendars)
    assert (await build_report(store_with(events), "w", ALL, calendars)).rows == again.rows


@examples(40)
@given(PLANS, CALENDARS)
def test_opening_hours_change_nothing_else_and_make_nothing_longer(plan: Plan, calendars: Calendars) -> None:
    events = facts_of_plan(plan)
    plain, counted = recount(events, ALL), recount(events, ALL, calendars)
    for (name, usual, business), (same, again, open_hours) in zip(times(plain), times(counted), strict=True):
        assert (name, usual, business) == (same, again, usual)
        for figure, value in dict(open_hours).items():
            whole = getattr(usual, figure)
            assert (value is None) == (whole is None)
            assert value is None or 0 <= value <= whole + 1e-6


@examples(40)
@given(PLANS)
def test_a_calendar_that_never_closes_is_around_the_clock(plan: Plan) -> None:
    for _, usual, business in times(recount(facts_of_plan(plan), ALL, Calendars(workspace=ALWAYS))):
        assert dict(business) == pytest.approx(dict(usual), abs=1e-3)


# -- examples ----------------------------------------------------------------------------------------------------------


def test_a_night_and_a_holiday_do_not_count() -> None:
    """Asked on Monday an hour before closing, answered on Tuesday an hour after opening."""
    events = life(("message", 7 * 3600), ("assign", 60), ("reply", 18 * 3600 - 60), ("deliver", 1))
    [row] = recount(events, ALL, Calendars(workspace=office(9, 17))).rows
    known = row.durations["first_response"]["human"]
    assert (known.mean, known.business.mean) == (18 * 3600 - 1, 7200 - 1)
    shut = office(9, 17).model_copy(update={"holidays": [date(2026, 3, 2), date(2026, 3, 3)]})
    [row] = recount(events, ALL, Calendars(workspace=shut)).rows
    assert row.durations["first_response"]["human"].business.mean == 0


def test_the_team_comes_before_the_account_and_the_account_before_the_workspace() -> None:
    at, one, two, three = START, office(1, 2), office(2, 3), office(3, 4)
    configuration = WorkspaceConfiguration(
        workspace="w",
        version=1,
        profile=Versioned(body=WorkspaceBody(name="W", calendar=three), version=1, at=at),
        accounts={"telegram/main": Versioned(body=AccountBody(credentials={}, calendar=two), version=1, at=at)},
        teams={
            "vip": Versioned(body=TeamBody(name="V", calendar=one), version=1, at=at),
            "plain": Versioned(body=TeamBody(name="P"), version=1, at=at),
        },
    )
    calendars = calendars_from(configuration)
    assert calendars.calendar_for({"team": "vip", "channel": "telegram", "account": "main"}) == one
    assert calendars.calendar_for({"team": "plain", "channel": "telegram", "account": "main"}) == two
    assert calendars.calendar_for({"team": "plain", "channel": "email", "account": "main"}) == three
    assert ALWAYS_OPEN.calendar_for({"team": "vip"}) is None
