"""The call centre of `bench.staffing`, small: two skills an agent nearly do what all would, and overload spares the urgent."""

import pytest

from bench import staffing


@pytest.mark.slow
def test_second_skill_answers_far_more_in_time() -> None:
    one, two = staffing.answered(1, 4_000), staffing.answered(2, 4_000)
    assert two > one + 0.3


@pytest.mark.slow
def test_urgent_tasks_are_served_in_time_above_full_load() -> None:
    shares = staffing.overloaded(6_000, agents=40)
    assert shares["urgent"] >= staffing.TIGHT_SHARE
    assert shares["low"] < 0.5, "the queue must have grown, or the test shows nothing"
