"""Times in opening hours: whose calendar holds, and that reports, a recount and the plain definition agree on them."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.configuration import (
    AccountBody,
    Calendar,
    TeamBody,
    Versioned,
    WorkspaceBody,
    WorkspaceConfiguration,
)
from schemas.envelope import Event
from services.domain.business_hours import WEEKDAYS
from services.metrics.domain.business_hours import ALWAYS_OPEN, Calendars, calendars_from
from services.metrics.domain.report import DurationStats, Report, recount
from services.metrics.reports import build_report
from tests.fakes import START
from tests.metrics.strategies import PLANS
from tests.metrics.strategies import told as told_by
from tests.metrics.test_report import ALL, Plan, facts_of, kept, life

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


@settings(max_examples=40)
@given(PLANS, CALENDARS)
async def test_report_and_recount_say_the_same_in_opening_hours(plan: Plan, calendars: Calendars) -> None:
    events = told_by(plan)
    again = recount(events, ALL, calendars)
    assert (await build_report(kept(events), "w", ALL, calendars)).rows == again.rows


@settings(max_examples=40)
@given(PLANS, CALENDARS)
def test_opening_hours_change_nothing_else_and_make_nothing_longer(plan: Plan, calendars: Calendars) -> None:
    events = told_by(plan)
    plain, counted = recount(events, ALL), recount(events, ALL, calendars)
    for (name, usual, business), (same, again, open_hours) in zip(times(plain), times(counted), strict=True):
        assert (name, usual, business) == (same, again, usual)
        for figure, value in dict(open_hours).items():
            whole = getattr(usual, figure)
            assert (value is None) == (whole is None)
            assert value is None or 0 <= value <= whole + 1e-6


@settings(max_examples=40)
@given(PLANS)
def test_a_calendar_that_never_closes_is_around_the_clock(plan: Plan) -> None:
    for _, usual, business in times(recount(told_by(plan), ALL, Calendars(workspace=ALWAYS))):
        assert dict(business) == pytest.approx(dict(usual), abs=1e-3)


# -- by definition, from the whole history at once ---------------------------------------------------------------------


def overlap(since: datetime, until: datetime, opens: int, closes: int) -> float:
    """Seconds of the opening hours of `office` between two times, added up day by day."""
    total, day = 0.0, since.date()
    while day <= until.date():
        midnight = datetime.combine(day, time.min, since.tzinfo)
        first = max(since, midnight + timedelta(hours=opens))
        last = min(until, midnight + timedelta(hours=closes))
        total += max(0.0, (last - first).total_seconds()) if day != HOLIDAY else 0.0
        day += timedelta(days=1)
    return total


def by_definition(events: Sequence[Event], opens: int, closes: int) -> dict[str, list[float]]:
    """Handle time and full resolution of each conversation, remembering nothing."""
    found: dict[str, list[float]] = {"handle/active": [], "resolution/full": [], "resolution/full_less_pending": []}
    for facts in facts_of(events).values():
        spans = [(a[1].snapshot.status, a[2], b[2]) for a, b in pairwise(facts)]
        resolves, since = [at for word, _, at in facts if word == "resolved"], facts[0][2]
        for at in resolves:
            part = [span for span in spans if since <= span[1] and span[2] <= at]
            handled = [overlap(a, b, opens, closes) for status, a, b in part if status == "assigned"]
            if any(fact.snapshot.status == "assigned" for _, fact, told in facts if since <= told <= at):
                found["handle/active"].append(sum(handled))
            since = at
        if facts[-1][1].snapshot.status == "closed":
            full = overlap(facts[0][1].snapshot.opened_at, resolves[-1], opens, closes)
            pending = sum(overlap(a, b, opens, closes) for s, a, b in spans if s == "pending" and b <= resolves[-1])
            found["resolution/full"].append(full)
            found["resolution/full_less_pending"].append(full - pending)
    return found


def apart(plan: Plan) -> Plan:
    """The same with no two steps at one time, so that times alone tell what came first."""
    return [(who, step, seconds + 1, restarts) for who, step, seconds, restarts in plan]


@settings(max_examples=80)
@given(PLANS, st.integers(0, 11), st.integers(12, 24))
def test_business_times_are_what_their_definitions_say(plan: Plan, opens: int, closes: int) -> None:
    events = told_by(apart(plan))
    defined = by_definition(events, opens, closes)
    report = recount(events, ALL, Calendars(workspace=office(opens, closes)))
    found: dict[str, Any] = {name: business.mean for name, _, business in times(report)}
    for name, seconds in defined.items():
        expected = sum(seconds) / len(seconds) if seconds else None
        assert found.get(name) == (expected if expected is None else pytest.approx(expected, abs=1e-3)), name


# -- examples ----------------------------------------------------------------------------------------------------------


def test_a_night_and_a_holiday_do_not_count() -> None:
    """Asked on Monday an hour before closing, answered on Tuesday an hour after opening."""
    events = life(("hear", 7 * 3600), ("assign", 60), ("reply", 18 * 3600 - 60), ("deliver", 1))
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
        itself=Versioned(body=WorkspaceBody(name="W", calendar=three), version=1, at=at),
        accounts={"telegram/main": Versioned(body=AccountBody(credentials={}, calendar=two), version=1, at=at)},
        teams={
            "vip": Versioned(body=TeamBody(name="V", calendar=one), version=1, at=at),
            "plain": Versioned(body=TeamBody(name="P"), version=1, at=at),
        },
    )
    calendars = calendars_from(configuration)
    assert calendars.of({"team": "vip", "channel": "telegram", "account": "main"}) == one
    assert calendars.of({"team": "plain", "channel": "telegram", "account": "main"}) == two
    assert calendars.of({"team": "plain", "channel": "email", "account": "main"}) == three
    assert ALWAYS_OPEN.of({"team": "vip"}) is None
