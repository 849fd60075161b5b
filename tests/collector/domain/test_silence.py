"""The rule of silence: what the weeks of an hour say, and how likely a silence is by them."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collector.domain.silence import (
    MAX_WEEKS,
    NO_HISTORY,
    chance_after,
    chance_of_event,
    hour_of_week,
    is_holiday,
    is_silent,
    with_week,
)


@given(st.lists(st.booleans(), max_size=30))
def test_last_eight_weeks_count_and_none_is_ever_certain(weeks: list[bool]) -> None:
    known = 1
    for week in weeks:
        known = with_week(known, had_event=week)
    last = weeks[-MAX_WEEKS:]
    assert chance_of_event(known) == sum(last) / (len(last) + 1)


@pytest.mark.parametrize(("rate", "hours"), [(8, 5), (3, 23), (1, 79)])
def test_the_rarer_events_are_the_longer_a_silence_is_no_alarm(rate: int, hours: int) -> None:
    weeks = 1
    for number in range(MAX_WEEKS):
        weeks = with_week(weeks, had_event=number < rate)
    history, chance, silent_hours = (weeks,) * 168, 1.0, 0
    while not is_silent(chance):
        chance = chance_after(chance, history, silent_hours % 168, had_event=False)
        silent_hours += 1
    assert silent_hours == hours
    assert chance_after(chance, history, 0, had_event=True) == 1.0


def test_hours_in_which_nothing_ever_came_change_nothing() -> None:
    assert chance_after(0.5, NO_HISTORY, 3, had_event=False) == 0.5


def test_hours_and_holidays_are_those_of_the_time_zone() -> None:
    at = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)  # a Sunday; in Tehran it is Monday, 1:30
    assert (hour_of_week(at, "UTC"), hour_of_week(at, "Asia/Tehran")) == (166, 1)
    assert is_holiday(at, "Asia/Tehran", [date(2026, 3, 2)])
    assert not is_holiday(at, "UTC", [date(2026, 3, 2)])
