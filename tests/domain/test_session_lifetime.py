"""How long sessions last, with times that are moved."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.domain.session_lifetime import LASTS, LASTS_UNUSED, expiry, is_ended, is_use_due, renewed_end
from tests.fakes import START

HOURS = st.integers(0, 24 * 40).map(lambda hours: timedelta(hours=hours))


def test_a_session_lasts_30_days_and_on_a_shared_computer_12_hours() -> None:
    assert expiry(START, shared_computer=False) == START + timedelta(days=30)
    assert expiry(START, shared_computer=True) == START + timedelta(hours=12)


@given(st.lists(HOURS, max_size=30))
def test_it_ends_seven_days_after_its_last_use_and_30_days_after_its_beginning(pauses: list[timedelta]) -> None:
    now, used, expires = START, START, expiry(START, shared_computer=False)
    ends = renewed_end(expires, now)
    alive = True
    for pause in pauses:
        now += pause
        alive = alive and now - used < LASTS_UNUSED and now - START < LASTS
        assert is_ended(ends, now) == (not alive)
        if alive:
            used, ends = now, renewed_end(expires, now)


def test_a_use_is_recorded_once_an_hour() -> None:
    assert [is_use_due(START, START + timedelta(minutes=m)) for m in (0, 59, 60, 61)] == [False, False, True, True]
