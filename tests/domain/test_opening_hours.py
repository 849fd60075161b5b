"""Which hours hold, the span of opening that a time is in, and when it closes next."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.business_calendar import Calendar
from schemas.configuration import AccountBody, TeamBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from services.domain.business_hours import WEEKDAYS, business_seconds_between, next_closing, open_span
from services.domain.opening_hours import calendar_of
from tests.examples import examples
from tests.fakes import START

EARLY, LATE, LONG = (Calendar(hours={"mon": [(opens, "18:00")]}) for opens in ("08:00", "09:00", "10:00"))
ALWAYS: dict[Any, Any] = {day: [("00:00", "24:00")] for day in WEEKDAYS}


def versioned(body: Any) -> Any:
    return Versioned(body=body, version=1, at=START)


@pytest.mark.parametrize(
    ("team", "account", "expected"),
    [
        ("sales", "telegram/main", EARLY),
        ("care", "telegram/main", LATE),
        ("care", "telegram/other", LONG),
        ("gone", "gone/gone", LONG),
    ],
)
def test_the_team_comes_before_the_account_and_this_before_the_workspace(
    team: str, account: str, expected: Calendar
) -> None:
    configuration = WorkspaceConfiguration(
        workspace="shop",
        version=1,
        profile=versioned(WorkspaceBody(name="Shop", calendar=LONG)),
        teams={"sales": versioned(TeamBody(name="S", calendar=EARLY)), "care": versioned(TeamBody(name="C"))},
        accounts={"telegram/main": versioned(AccountBody(credentials={}, calendar=LATE))},
    )
    assert calendar_of(configuration, team, account) == expected
    assert calendar_of(None, team, account) is None


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of March 2026; the 2nd is a Monday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "now", "span", "closing"),
    [
        ({"mon": [("09:00", "12:00"), ("13:00", "17:00")]}, at(2, 9), (at(2, 9), at(2, 12)), at(2, 12)),
        ({"mon": [("09:00", "12:00"), ("13:00", "17:00")]}, at(2, 12), None, at(2, 17)),
        ({"mon": [("09:00", "12:00"), ("13:00", "17:00")]}, at(2, 16, 59), (at(2, 13), at(2, 17)), at(2, 17)),
        ({"mon": [("09:00", "17:00")]}, at(2, 17), None, at(9, 17)),
        # Over midnight it is one span.
        ({"mon": [("20:00", "24:00")], "tue": [("00:00", "02:00")]}, at(3, 1), (at(2, 20), at(3, 2)), at(3, 2)),
        ({"mon": [("20:00", "24:00")], "tue": [("00:00", "02:00")]}, at(2, 21), (at(2, 20), at(3, 2)), at(3, 2)),
        (ALWAYS, at(2, 12), None, None),
    ],
)
def test_spans_and_closings(
    hours: dict[Any, Any], now: datetime, span: tuple[datetime, datetime] | None, closing: datetime | None
) -> None:
    calendar = Calendar(hours=hours)
    if hours is ALWAYS:
        found = open_span(now, calendar)
        assert found is not None
        assert found[0] <= now - timedelta(days=8) < now + timedelta(days=8) <= found[1]
    else:
        assert open_span(now, calendar) == span
    assert next_closing(now, calendar) == closing


spans = st.lists(st.integers(0, 23), min_size=2, max_size=6, unique=True).map(sorted)
weeks = st.dictionaries(st.sampled_from(WEEKDAYS), spans, min_size=1, max_size=5)


@examples(60)
@given(week=weeks, minutes=st.integers(0, 7 * 24 * 60 - 1))
def test_a_span_is_open_throughout_and_closed_on_both_sides(week: dict[Any, list[int]], minutes: int) -> None:
    hours = {day: [(f"{a:02}:00", f"{b:02}:00") for a, b in list(pairwise(marks))[::2]] for day, marks in week.items()}
    calendar, now = Calendar(hours=hours), START + timedelta(minutes=minutes)
    span, second = open_span(now, calendar), timedelta(seconds=1)
    is_open = business_seconds_between(now, now + second, calendar) > 0
    assert (span is not None) == is_open
    closing = next_closing(now, calendar)
    assert closing is not None
    if span is None:
        span = open_span(closing - second, calendar)
        assert span is not None
        assert business_seconds_between(now, span[0], calendar) == 0
    opens, closes = span
    assert closing == closes
    assert business_seconds_between(opens, closes, calendar) == (closes - opens).total_seconds()
    assert business_seconds_between(opens - second, opens, calendar) == 0
    assert business_seconds_between(closes, closes + second, calendar) == 0
