"""Days as callers write them: Gregorian, and Jalali where marked."""

from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.business_calendar import Calendar
from schemas.days import Day, is_jalali_leap, to_gregorian
from schemas.values import InputInstant
from schemas.visible import WRITTEN

DAY: TypeAdapter[Any] = TypeAdapter(Day)
HOURS = {"sat": [["09:00", "17:00"]]}


@pytest.mark.parametrize(
    ("jalali", "gregorian"),
    [
        ((1348, 10, 11), date(1970, 1, 1)),
        ((1357, 11, 22), date(1979, 2, 11)),
        ((1375, 1, 1), date(1996, 3, 20)),
        ((1399, 12, 30), date(2021, 3, 20)),
        ((1400, 1, 1), date(2021, 3, 21)),
        ((1403, 12, 30), date(2025, 3, 20)),
        ((1404, 1, 1), date(2025, 3, 21)),
        ((1405, 1, 1), date(2026, 3, 21)),
        ((1405, 9, 7), date(2026, 11, 28)),
        ((1409, 1, 1), date(2030, 3, 21)),
        ((1479, 1, 1), date(2100, 3, 21)),
    ],
)
def test_jalali_dates_are_converted(jalali: tuple[int, int, int], gregorian: date) -> None:
    assert to_gregorian(*jalali) == gregorian


def test_leap_years_are_those_of_the_calendar() -> None:
    leap = [year for year in range(1375, 1420) if is_jalali_leap(year)]
    assert leap == [1375, 1379, 1383, 1387, 1391, 1395, 1399, 1403, 1408, 1412, 1416]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03-21", date(2026, 3, 21)),
        ("1405-01-01 jalali", date(2026, 3, 21)),
        ("jalali:1405-01-01", date(2026, 3, 21)),
        ("۱۴۰۵-۰۱-۰۱ Jalali", date(2026, 3, 21)),
    ],
)
def test_a_day_is_gregorian_or_marked(written: str, day: date) -> None:
    assert DAY.validate_json(f'"{written}"', strict=True, context=WRITTEN) == day


@pytest.mark.parametrize(
    "written",
    [
        "1405-01-01",
        "1969-12-31",
        "2101-01-01",
        "1404-12-30 jalali",
        "1405-13-01 jalali",
        "1600-01-01 jalali",
        "jalali",
        "2026-02-30",
        "tomorrow",
        "2026-03-21T00:00:00",
    ],
)
def test_a_day_out_of_reach_is_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        DAY.validate_python(written, context=WRITTEN)


def test_the_refusal_says_what_the_year_looks_like() -> None:
    with pytest.raises(ValidationError, match="Gregorian; 1405 looks like a Jalali year"):
        Calendar.model_validate({"hours": HOURS, "holidays": ["1405-01-01"]}, context=WRITTEN)


def test_what_rests_since_earlier_versions_is_read() -> None:
    assert Calendar.model_validate({"hours": HOURS, "holidays": ["1405-01-01"]}).holidays == [date(1405, 1, 1)]


@pytest.mark.parametrize("written", ["1405-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2101-01-01T00:00:01Z"])
def test_a_moment_is_within_our_years(written: str) -> None:
    with pytest.raises(ValidationError, match="Gregorian"):
        TypeAdapter(InputInstant).validate_python(written)
