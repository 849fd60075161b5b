"""When an account is silent: nothing comes in, and by its own weeks before that is no chance.

Each hour of the week has its own history: in how many of the last eight weeks did something come in then? An hour in which
nothing comes in makes the silence less likely by the chance that such an hour had anything. Nights and weekends in which
the account never hears anything count for nothing, whatever the calendar says; so do hours of a day that the calendar
names as a holiday.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

HOURS_OF_WEEK = 168
MAX_WEEKS = 8
NO_HISTORY: tuple[int, ...] = (1,) * HOURS_OF_WEEK
ALARM_CHANCE = 1 / 10_000
"""A silence that is less likely than this is reported: that of an account which hears something in every hour after 5 hours
(it has eight weeks of history), that of one which hears something in every third hour after a day."""


def hour_of_week(at: datetime, timezone: str) -> int:
    """The hour of the week at a time, from Monday 0:00 on in this time zone."""
    local = at.astimezone(ZoneInfo(timezone))
    return local.weekday() * 24 + local.hour


def is_holiday(at: datetime, timezone: str, holidays: Iterable[date]) -> bool:
    """Whether a time is on one of these days in this time zone."""
    return at.astimezone(ZoneInfo(timezone)).date() in set(holidays)


def chance_of_event(weeks: int) -> float:
    """How likely something comes in during an hour with these weeks (see `AccountHistory.hours`); 0 without any."""
    # One week more than there were, in which nothing came: so no number of weeks makes it certain.
    begins = weeks.bit_length() - 1
    return (weeks & ~(1 << begins)).bit_count() / (begins + 1)


def with_week(weeks: int, *, had_event: bool) -> int:
    """The weeks of an hour after one more; the oldest of nine is dropped."""
    longer = weeks << 1 | had_event
    is_full = longer.bit_length() - 1 > MAX_WEEKS
    return (longer & ((1 << MAX_WEEKS) - 1)) | 1 << MAX_WEEKS if is_full else longer


def chance_after(chance: float, hours: Sequence[int], hour: int, *, had_event: bool) -> float:
    """How likely a silence is after one more hour; 1 when something came in."""
    return 1.0 if had_event else chance * (1.0 - chance_of_event(hours[hour]))


def is_silent(chance: float) -> bool:
    """Whether a silence of this chance is to be reported."""
    return chance < ALARM_CHANCE
