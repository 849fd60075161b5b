"""`If-Match` compares strongly with the version of a resource."""

import pytest

from services.platform.http.if_match import etag, holds


@pytest.mark.parametrize(
    ("if_match", "version", "expected"),
    [
        (None, 3, True),
        (None, None, True),
        ("", 3, True),
        ("*", 3, True),
        ("*", None, False),
        ('"3"', 3, True),
        ('"2", "3"', 3, True),
        ('"2"', 3, False),
        ('"3"', None, False),
        ('W/"3"', 3, False),
        ("3", 3, False),
    ],
)
def test_condition(if_match: str | None, version: int | None, expected: bool) -> None:
    assert holds(if_match, version) is expected


def test_an_etag_is_quoted() -> None:
    assert etag(7) == '"7"'
