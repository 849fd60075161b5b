"""Business time over nights, weekends, holidays and changes of the clock."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.business_calendar import Calendar
from services.domain.business_hours import (
    MAX_LOOKAHEAD,
    WEEKDAYS,
    add_business_seconds,
    business_seconds_between,
    opening_at,
)

OFFICE = Calendar(
    timezone="Europe/Riga",
    hours={day: [("09:00", "17:00")] for day in WEEKDAYS[:5]},
    holidays=[date(2026, 11, 18)],
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-03-02 08:00", 2, "2026-03-02 10:00"),  # Monday, in winter two hours ahead of UTC
        ("2026-03-02 05:00", 2, "2026-03-02 09:00"),  # before opening
        ("2026-03-02 14:00", 2, "2026-03-03 08:00"),  # over the night
        ("2026-03-06 14:00", 2, "2026-03-09 08:00"),  # over the weekend
        ("2026-03-27 14:00", 2, "2026-03-30 07:00"),  # over the weekend on which summer time begins
        ("2026-11-17 14:00", 2, "2026-11-19 08:00"),  # over a holiday
        ("2026-03-02 07:00", 8, "2026-03-02 15:00"),  # ends with closing, not with the next opening
        ("2026-03-02 07:00", 40, "2026-03-06 15:00"),  # a whole week
    ],
)
def test_opening_hours(start: str, hours: float, due: str) -> None:
    assert add_business_seconds(utc(start), hours * 3600, OFFICE) == utc(due)
    assert business_seconds_between(utc(start), utc(due), OFFICE) == hours * 3600


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_that_is_always_open_has_as_many_hours_as_the_day(day: str, hours: int) -> None:
    always = Calendar(timezone="Europe/Riga", hours={name: [("00:00", "24:00")] for name in WEEKDAYS})
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=12)
    opened = business_seconds_between(start, start + timedelta(days=2), always)
    assert opened == 48 * 3600
    one_day = always.model_copy(update={"hours": {WEEKDAYS[date.fromisoformat(day).weekday()]: [("00:00", "24:00")]}})
    assert business_seconds_between(start, start + timedelta(days=2), one_day) == hours * 3600


def test_an_opening_that_the_spring_skips_begins_with_the_change() -> None:
    night = Calendar(timezone="Europe/Riga", hours={"sun": [("03:30", "05:00")]})
    # 03:00 becomes 04:00 at 01:00 UTC, and 05:00 is 02:00 UTC.
    assert business_seconds_between(utc("2026-03-29 00:00"), utc("2026-03-29 12:00"), night) == 3600


def test_an_opening_that_the_autumn_repeats_is_the_first_one() -> None:
    night = Calendar(timezone="Europe/Riga", hours={"sun": [("03:15", "03:45")]})
    assert business_seconds_between(utc("2026-10-25 00:00"), utc("2026-10-25 00:46"), night) == 1800
    assert business_seconds_between(utc("2026-10-25 00:46"), utc("2026-10-25 12:00"), night) == 0


def test_a_day_that_a_zone_skipped_is_not_open() -> None:
    samoa = Calendar(timezone="Pacific/Apia", hours={name: [("09:00", "17:00")] for name in WEEKDAYS})
    # There was no 30 December 2011 in Samoa.
    assert business_seconds_between(utc("2011-12-29 12:00"), utc("2011-12-31 12:00"), samoa) == 16 * 3600


def test_spans_that_overlap_count_once() -> None:
    twice = Calendar(hours={"mon": [("09:00", "12:00"), ("11:00", "13:00")]})
    assert business_seconds_between(utc("2026-03-02 00:00"), utc("2026-03-03 00:00"), twice) == 4 * 3600


def test_the_zone_decides_which_day_is_a_holiday() -> None:
    tehran = Calendar(timezone="Asia/Tehran", hours={"sat": [("00:00", "24:00")]}, holidays=[date(2026, 3, 21)])
    assert business_seconds_between(utc("2026-03-20 12:00"), utc("2026-03-22 12:00"), tehran) == 0


def test_nothing_is_promised_beyond_the_horizon() -> None:
    minute = Calendar(hours={"mon": [("09:00", "09:01")]})
    start = utc("2026-03-02 00:00")
    assert add_business_seconds(start, 366 * 86400, minute) == start + MAX_LOOKAHEAD


walls = st.integers(0, 24 * 12).map(lambda n: f"{n // 12:02d}:{n % 12 * 5:02d}")
spans = st.tuples(walls, walls).filter(lambda span: span[0] < span[1])
calendars = st.builds(
    Calendar,
    timezone=st.sampled_from(["UTC", "Europe/Riga", "Asia/Tehran", "America/St_Johns", "Australia/Lord_Howe"]),
    hours=st.dictionaries(st.sampled_from(WEEKDAYS), st.lists(spans, min_size=1, max_size=3), min_size=1),
    holidays=st.lists(st.dates(date(2026, 3, 1), date(2026, 11, 30)), max_size=5),
)
moments = st.integers(0, 274 * 86400).map(lambda seconds: utc("2026-03-01") + timedelta(seconds=seconds))
durations = st.integers(0, 20 * 86400)


@given(calendars, moments, st.floats(0.001, 4 * 3600))
def test_what_was_added_is_found_between(calendar: Calendar, start: datetime, seconds: float) -> None:
    due = add_business_seconds(start, seconds, calendar)
    if due < start + MAX_LOOKAHEAD:
        assert business_seconds_between(start, due, calendar) == pytest.approx(seconds, abs=1e-5)
        assert business_seconds_between(start, due - timedelta(microseconds=1), calendar) < business_seconds_between(
            start, due, calendar
        )


@given(calendars, moments, durations, durations)
def test_time_between_adds_up(calendar: Calendar, start: datetime, first: int, second: int) -> None:
    middle = start + timedelta(seconds=first)
    end = middle + timedelta(seconds=second)
    parts = business_seconds_between(start, middle, calendar) + business_seconds_between(middle, end, calendar)
    assert business_seconds_between(start, end, calendar) == pytest.approx(parts, abs=1e-5)
    assert 0 <= parts <= first + second


@given(calendars, moments, st.integers(0, 7200), st.integers(0, 7200))
def test_more_time_is_never_due_earlier(calendar: Calendar, start: datetime, less: int, more: int) -> None:
    assert add_business_seconds(start, less, calendar) <= add_business_seconds(start, less + more, calendar)


@given(calendars, moments, moments)
def test_nothing_lies_between_a_moment_and_an_earlier_one(calendar: Calendar, one: datetime, two: datetime) -> None:
    assert business_seconds_between(max(one, two), min(one, two), calendar) == 0


@pytest.mark.parametrize(
    ("at", "is_open", "opens"),
    [
        ("2026-03-02T10:00", True, None),  # a Monday
        ("2026-03-02T09:00", True, None),
        ("2026-03-02T17:00", False, "2026-03-03T09:00"),
        ("2026-03-02T03:00", False, "2026-03-02T09:00"),
        ("2026-03-06T18:00", False, "2026-03-10T09:00"),  # Monday the 9th is a holiday
    ],
)
def test_when_it_opens_next(at: str, is_open: bool, opens: str | None) -> None:
    week = {day: [("09:00", "17:00")] for day in ("mon", "tue", "wed", "thu", "fri")}
    calendar = Calendar.model_validate({"hours": week, "holidays": [date(2026, 3, 9)]})
    assert opening_at(utc(at), calendar) == (is_open, utc(opens) if opens else None)


def test_a_shop_that_is_open_over_midnight_is_open_at_midnight() -> None:
    calendar = Calendar.model_validate({"hours": {"mon": [["20:00", "24:00"]], "tue": [["00:00", "02:00"]]}})
    assert opening_at(utc("2026-03-03T00:00"), calendar) == (True, None)


def test_the_next_opening_is_a_wall_time_of_the_shops_zone() -> None:
    calendar = Calendar.model_validate({"timezone": "Asia/Tehran", "hours": {"sat": [["09:00", "13:00"]]}})
    assert opening_at(utc("2026-03-06T12:00"), calendar) == (False, utc("2026-03-07T05:30"))
