"""How long after a customer's last message an answer may go out."""

from datetime import timedelta

import pytest

from schemas.channel import Window
from services.domain.windows import closes_at, open_window
from tests.fakes import START

DAY, WEEK = Window(seconds=86_400), Window(seconds=7 * 86_400, tag="HUMAN_AGENT", people_only=True)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(0), DAY),
        (timedelta(days=1, microseconds=-1), DAY),
        (timedelta(days=1), WEEK),
        (timedelta(days=7, microseconds=-1), WEEK),
        (timedelta(days=7), None),
    ],
)
def test_the_narrowest_window_that_is_open_counts(after: timedelta, expected: Window | None) -> None:
    assert open_window([DAY, WEEK], START, START + after) == expected


def test_a_window_closes_its_length_after_the_message() -> None:
    assert closes_at(DAY, START) == START + timedelta(days=1)
