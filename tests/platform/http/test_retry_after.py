"""`Retry-After` is read as seconds or as a date; anything else asks for nothing."""

from datetime import UTC, datetime

import pytest

from services.platform.http.retry_after import retry_after_seconds

NOW = datetime(2026, 11, 28, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("9" * 40, 999_999_999.0),
        ("Sat, 28 Nov 2026 07:01:30 GMT", 90.0),
        ("Sat, 28 Nov 2026 06:59:00 GMT", 0.0),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("28 Nov 2026 07:01:30", None),
        ("", None),
    ],
)
def test_seconds_that_an_answer_asks_for(value: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": value}, NOW) == seconds


def test_an_answer_without_the_header_asks_for_nothing() -> None:
    assert retry_after_seconds({}, NOW) is None


def test_a_date_asks_for_nothing_where_the_time_is_not_known() -> None:
    assert retry_after_seconds({"retry-after": "Sat, 28 Nov 2026 07:01:30 GMT"}) is None
    assert retry_after_seconds({"retry-after": "3"}) == 3.0


@pytest.mark.parametrize(
    ("answered_at", "seconds"),
    [("Sat, 28 Nov 2026 07:01:00 GMT", 30.0), ("Sat, 28 Nov 2026 07:02:00 GMT", 0.0), ("this morning", None)],
)
def test_a_date_is_counted_from_the_time_of_the_answer(answered_at: str, seconds: float | None) -> None:
    headers = {"retry-after": "Sat, 28 Nov 2026 07:01:30 GMT", "date": answered_at}
    assert retry_after_seconds(headers) == seconds
