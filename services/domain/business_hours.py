"""Business time: opening hours between two times, over weekends, holidays and summer time. Seconds, and times in UTC.

Opening times are wall times of the calendar's zone. A wall time that happens twice (autumn) is its first occurrence, one
that does not happen (spring) is the moment of the change; so a day that is open from 00:00 to 24:00 has 23 or 25 hours.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schemas.business_calendar import Calendar, Weekday

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_LOOKAHEAD = timedelta(days=3660)
"""No due time is later than this: a calendar that opens one minute a week would lead past the last year of `date`."""

MAX_SPAN = timedelta(days=8)
"""How far a span of opening time is looked at: longer than any week."""
OpenInterval = tuple[int, int]
"""Opening and closing in minutes after midnight, 24:00 being 1440."""


def add_business_seconds(start: datetime, seconds: float, calendar: Calendar | None) -> datetime:
    """When `seconds` of opening time after `start` have passed, in UTC; at the latest `MAX_LOOKAHEAD` after `start`.

    Time that ends with closing ends then, not with the next opening. Zero seconds are `start` itself. `calendar` None:
    around the clock.
    """
    if calendar is None:
        return start + timedelta(seconds=seconds)
    left = timedelta(seconds=seconds)
    if left <= timedelta(0):
        return start.astimezone(UTC)
    end = start.astimezone(UTC) + MAX_LOOKAHEAD
    for opens, closes in _open_intervals(start, end, calendar):
        begins = max(opens, start.astimezone(UTC))
        if begins + left <= closes:
            return begins + left
        left -= closes - begins
    return end


def business_seconds_between(start: datetime, end: datetime, calendar: Calendar | None) -> float:
    """The seconds of opening time from `start` to `end`, 0 when `end` is not after `start`. None: around the clock."""
    if end <= start:
        return 0.0
    if calendar is None:
        return (end - start).total_seconds()
    overlaps = ((max(opens, start), min(closes, end)) for opens, closes in _open_intervals(start, end, calendar))
    return sum((closes - opens for opens, closes in overlaps), timedelta(0)).total_seconds()


def opening_at(at: datetime, calendar: Calendar) -> tuple[bool, datetime | None]:
    """Whether it is open at a time; and when not, when it opens next, in UTC: None where no day within `MAX_LOOKAHEAD` does."""
    moment = at.astimezone(UTC)
    opens = next((opens for opens, _ in _open_intervals(moment, moment + MAX_LOOKAHEAD, calendar)), None)
    is_open = opens is not None and opens <= moment
    return is_open, None if is_open else opens


def open_span(at: datetime, calendar: Calendar) -> tuple[datetime, datetime] | None:
    """The span of opening time that a time is in, in UTC; None: it is closed. Hours that go on over midnight are one span.

    A span is looked at for `MAX_SPAN` to both sides: one that is longer is cut there.
    """
    moment = at.astimezone(UTC)
    start, end = moment, moment
    for opens, closes in _open_intervals(moment - MAX_SPAN, moment + MAX_SPAN, calendar):
        if opens != end:
            if end > moment:
                break
            start = opens
        end = closes
    return (start, end) if start <= moment < end else None


def next_closing(at: datetime, calendar: Calendar) -> datetime | None:
    """When it closes next after a time, in UTC; None where it never opens, or does not close within `MAX_SPAN`."""
    is_open, opens_at = opening_at(at, calendar)
    moment = at if is_open else opens_at
    span = open_span(moment, calendar) if moment is not None else None
    return None if span is None or span[1] - span[0] >= MAX_SPAN else span[1]


def _open_intervals(start: datetime, end: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """The intervals of opening time that overlap `start` to `end`, in UTC: in order, disjoint, not empty."""
    zone = ZoneInfo(calendar.timezone)
    week = [_merge_intervals(calendar, weekday) for weekday in WEEKDAYS]
    holidays = frozenset(calendar.holidays)
    day = start.astimezone(zone).date()
    last = end.astimezone(zone).date()
    while day <= last:
        for interval in week[day.weekday()] if day not in holidays else ():
            opens, closes = (local_to_utc(day, minutes, zone) for minutes in interval)
            # Both may fall into the hour that a change to summer time leaves out: then nothing is open.
            if opens < closes and closes > start and opens < end:
                yield opens, closes
        day += timedelta(days=1)


def _merge_intervals(calendar: Calendar, weekday: Weekday) -> list[OpenInterval]:
    merged: list[OpenInterval] = []
    for opens, closes in sorted((_minutes(a), _minutes(b)) for a, b in calendar.hours.get(weekday, [])):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closes))
        else:
            merged.append((opens, closes))
    return merged


def _minutes(wall: str) -> int:
    return int(wall[:2]) * 60 + int(wall[3:])


def local_to_utc(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """A wall time in UTC. It never falls as wall time rises, so that opening times do not overlap."""
    wall = datetime.combine(day, time.min) + timedelta(minutes=minutes)
    # `fold=0` is the first of two equal wall times; where a wall time does not exist, the way back to it shows that.
    first = wall.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
        return first
    return _next_utc_offset_change(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), first, zone)


def _next_utc_offset_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the zone's clock jumps, between two moments around it."""
    # By bisection: `zoneinfo` does not tell when a zone changes.
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        before, after = (before, middle) if middle.astimezone(zone).utcoffset() == offset else (middle, after)
    return after
