"""When the next attempt is due."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.collector.domain.schedule import (
    FIRST_POLL_RETRY,
    MAX_POLL_RETRY,
    MAX_RETRY_AFTER,
    next_judgement,
    pause_after,
    refresh_due,
)
from tests.fakes import START


@given(st.integers(1, 10_000), st.none() | st.floats(0, 1e9))
def test_pause_grows_to_the_longest_and_keeps_what_the_platform_asks_for_up_to_an_hour(
    failures: int, requested: float | None
) -> None:
    pause = pause_after(failures, FIRST_POLL_RETRY, MAX_POLL_RETRY, requested)
    assert FIRST_POLL_RETRY <= pause <= max(MAX_POLL_RETRY, MAX_RETRY_AFTER)
    assert pause.total_seconds() >= min(requested or 0, MAX_RETRY_AFTER.total_seconds())


@given(st.text(), st.floats(0, 1e8))
def test_token_is_refreshed_in_the_last_third_of_its_life_and_never_after_it(name: str, seconds: float) -> None:
    life = timedelta(seconds=seconds)
    due = refresh_due(name, START, START + life)
    assert due is not None
    assert START + 0.69 * life <= due <= START + life


def test_token_that_has_expired_is_refreshed_now_and_one_without_expiry_never() -> None:
    assert refresh_due("a", START, START - timedelta(days=1)) == START
    assert refresh_due("a", START, None) is None


@given(st.text())
def test_each_account_has_hours_of_its_own(name: str) -> None:
    first = next_judgement(name, START)
    assert timedelta(0) < first - START <= timedelta(hours=1)
    assert next_judgement(name, first) == first + timedelta(hours=1)
