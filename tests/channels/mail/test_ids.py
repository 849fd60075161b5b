"""The Message-IDs that headers name."""

import pytest

from services.channels.mail.ids import message_ids


@pytest.mark.parametrize(
    ("header", "ids"),
    [
        ("<a@shop.example>", ["a@shop.example"]),
        ("<a@x> <b@x>\r\n <a@x>", ["a@x", "b@x"]),
        ("a@shop.example", ["a@shop.example"]),
        ("a@x, b@x;c@x", ["a@x", "b@x", "c@x"]),
        ("Your mail of Monday, a@b@shop.example", ["a@b@shop.example"]),
        ("your mail of Monday", []),
        ("@", []),
        ("", []),
    ],
)
def test_ids_are_found_with_brackets_or_bare(header: str, ids: list[str]) -> None:
    assert message_ids(header) == ids
