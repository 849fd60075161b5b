"""Pauses between attempts double up to their maximum, and start anew after an attempt that worked."""

import pytest

from services.platform.core.backoff import Backoff, doubled, spread


def test_pauses_double_up_to_the_maximum() -> None:
    backoff = Backoff(first=0.5, maximum=3.0)

    assert [backoff.next() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_an_attempt_that_worked_starts_the_pauses_anew() -> None:
    backoff = Backoff(first=0.5, maximum=3.0)
    backoff.next()
    backoff.next()

    backoff.reset()

    assert backoff.next() == 0.5


@pytest.mark.parametrize(("failures", "seconds"), [(0, 1.0), (1, 1.0), (2, 2.0), (4, 8.0), (7, 60.0), (10_000, 60.0)])
def test_the_pause_follows_from_the_number_of_failures(failures: int, seconds: float) -> None:
    assert doubled(1.0, 60.0, failures) == seconds


def test_a_first_pause_over_the_maximum_is_the_maximum() -> None:
    assert Backoff(first=5.0, maximum=2.0).next() == 2.0


def test_what_is_due_at_one_time_for_all_is_spread() -> None:
    assert len({int(10 * spread(f"account {number}")) for number in range(200)}) == 10
