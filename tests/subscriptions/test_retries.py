"""When webhook calls are tried again, and how long a failing endpoint is paused."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.subscriptions.domain.retries import (
    ASSUME_UNKNOWN_AFTER,
    CALL_TIMEOUT_SECONDS,
    MAX_RETRY_AFTER,
    MAX_WAIT_SECONDS,
    SCHEDULE_SECONDS,
    CallResult,
    classify,
    next_attempt_at,
    pause_after,
)
from tests.fakes import START


@pytest.mark.parametrize(
    ("status", "disposition"), [(200, "delivered"), (299, "delivered"), (301, "again"), (410, "gone"), (None, "again")]
)
def test_status_decides_what_becomes_of_a_delivery(status: int | None, disposition: str) -> None:
    assert classify(CallResult(status=status)) == disposition


@given(st.text(), st.integers(min_value=1, max_value=len(SCHEDULE_SECONDS) - 1))
def test_next_attempt_is_as_scheduled_and_at_most_a_tenth_later(delivery: str, attempts: int) -> None:
    at = next_attempt_at(delivery, attempts, START)
    assert at is not None
    assert SCHEDULE_SECONDS[attempts] <= (at - START).total_seconds() <= 1.1 * SCHEDULE_SECONDS[attempts]


def test_no_attempt_follows_the_last_of_the_schedule() -> None:
    assert next_attempt_at("d", len(SCHEDULE_SECONDS), START) is None


@given(st.floats())
def test_retry_after_makes_a_pause_longer_and_never_longer_than_a_day(after: float) -> None:
    scheduled, asked = next_attempt_at("d", 1, START), next_attempt_at("d", 1, START, after)
    assert scheduled is not None
    assert asked is not None
    assert scheduled <= asked <= START + MAX_RETRY_AFTER


def test_pauses_of_an_endpoint_double_up_to_five_minutes() -> None:
    assert [pause_after(failures).total_seconds() for failures in (1, 2, 3, 8, 9, 10, 100)] == [
        1,
        2,
        4,
        128,
        256,
        300,
        300,
    ]


def test_no_call_runs_any_more_when_its_outcome_is_assumed_unknown() -> None:
    assert timedelta(seconds=MAX_WAIT_SECONDS + CALL_TIMEOUT_SECONDS) < ASSUME_UNKNOWN_AFTER
