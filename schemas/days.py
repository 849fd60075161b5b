"""Days in requests: Gregorian dates, or Jalali ones with the word `jalali`."""

from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, ValidationInfo

from schemas.visible import is_written

FIRST_YEAR, LAST_YEAR = 1970, 2100
NOWRUZ_1348 = date(1969, 3, 21)
FIRST_JALALI, LAST_JALALI = 1348, 1479
"""The Jalali years within `FIRST_YEAR` and `LAST_YEAR`."""
MARK = "jalali"
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "0123456789" * 2)


def is_jalali_leap(year: int) -> bool:
    """Whether the last month of a Jalali year has 30 days. The cycle of 33 years holds from 1210 to 1634."""
    position = (year - 1210 + 1) % 33
    return position != 0 and (position - 1) % 4 == 0


def to_gregorian(year: int, month: int, day: int) -> date:
    """Convert a Jalali date to a Gregorian one.

    Raises ValueError for a day that does not exist or a year out of range.
    """
    if not FIRST_JALALI <= year <= LAST_JALALI:
        raise ValueError(f"a Jalali year from {FIRST_JALALI} to {LAST_JALALI} is needed")
    lengths = [31] * 6 + [30] * 5 + [30 if is_jalali_leap(year) else 29]
    if not (1 <= month <= 12 and 1 <= day <= lengths[month - 1]):
        raise ValueError(f"the Jalali calendar has no day {year:04}-{month:02}-{day:02}")
    years = sum(366 if is_jalali_leap(earlier) else 365 for earlier in range(FIRST_JALALI, year))
    return NOWRUZ_1348 + timedelta(days=years + sum(lengths[: month - 1]) + day - 1)


def to_jalali(day: date) -> tuple[int, int, int]:
    """Year, month and day of a date in the Jalali calendar. Raises ValueError for a date out of range."""
    year = FIRST_JALALI + (day - NOWRUZ_1348).days // 366
    if not FIRST_JALALI <= year <= LAST_JALALI:
        raise ValueError(f"a date from {FIRST_JALALI} to {LAST_JALALI} in the Jalali calendar is needed")
    while year < LAST_JALALI and to_gregorian(year + 1, 1, 1) <= day:
        year += 1
    left = (day - to_gregorian(year, 1, 1)).days
    month = left // 31 if left < 186 else 6 + (left - 186) // 30
    return year, month + 1, left - (31 * month if month < 6 else 186 + 30 * (month - 6)) + 1


def require_year_in_range(year: int) -> None:
    """Raise ValueError for a year before `FIRST_YEAR` or after `LAST_YEAR`."""
    if FIRST_YEAR <= year <= LAST_YEAR:
        return
    # A Jalali year without the word `jalali` is the common mistake; the margins catch years near the range.
    hint = f"; {year} looks like a Jalali year" if FIRST_JALALI - 48 <= year <= LAST_JALALI + 20 else ""
    raise ValueError(f"a year from {FIRST_YEAR} to {LAST_YEAR} is needed, Gregorian{hint}")


def _read(value: object, info: ValidationInfo) -> object:
    if not is_written(info) or not isinstance(value, str):
        return value
    plain = value.translate(_DIGITS).strip().lower()
    if MARK in plain:
        day = to_gregorian(*_parts(plain.replace(MARK, "").strip(" :()")))
        require_year_in_range(day.year)
        return day
    year, *_ = _parts(plain)
    require_year_in_range(year)
    return date.fromisoformat(plain)


def _parts(text: str) -> tuple[int, int, int]:
    # A part that is no number becomes 0, which no date has, so that one test below refuses it.
    year, month, day = (
        int(part) if part.isascii() and part.isdigit() else 0 for part in [*text.split("-"), "", "", ""][:3]
    )
    if text.count("-") != 2 or not (len(str(year)) == 4 and month and day):
        raise ValueError("write it as a date such as 2026-03-21, or `1405-01-01 jalali`")
    return year, month, day


Day = Annotated[date, BeforeValidator(_read)]
"""A date.

In a request, `1405-01-01 jalali` is converted to Gregorian and the year is checked; stored dates are not checked.
"""


def within_our_years(at: datetime) -> datetime:
    """Return the time unchanged. Raises ValueError for a year out of range."""
    require_year_in_range(at.year)
    return at
