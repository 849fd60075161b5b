"""Addresses in headers, as mail programs and people really write them."""

import time

import pytest

from services.channels.mail.addresses import read_mailboxes

REAL = "real@example.org"
ONE = {
    f"Hans <{REAL}>": "Hans",
    f"info@shop.example <{REAL}>": "info@shop.example",
    f"=?UTF-8?Q?info@shop.example?= <{REAL}>": "info@shop.example",
    f"=?utf-8?q?M=C3=BCller,_Hans?= <{REAL}>": "Müller, Hans",
    f"=?utf-8?q?A:_B;_C?= <{REAL}>": "A: B; C",
    f"=?utf-8?q?Hans=3E=0D=0ABcc:_eve@example.net?= <{REAL}>": "Hans> Bcc: eve@example.net",
    f"Müller, Hans <{REAL}>": "Müller, Hans",
    f'"<eve@example.net>" <{REAL}>': "<eve@example.net>",
    f'"\\"Hans\\", eve@example.net" <{REAL}>': '"Hans", eve@example.net',
    f"Hans (eve@example.net) <{REAL}>": "Hans (eve@example.net)",
    f"{REAL} (Hans <eve@example.net>)": "Hans <eve@example.net>",
    f"support@shop.example via Hans <{REAL}>": "support@shop.example via Hans",
    f"Hans @ Home <{REAL}>": "Hans @ Home",
    f"Hans [Home] <{REAL}>": "Hans [Home]",
    f'Hans "unclosed <{REAL}>': 'Hans "unclosed',
    f"Hans <{REAL}": "Hans",
    f"Hans <<{REAL}>>": "Hans",
    f"<@relay.example:{REAL}>": None,
    f"<mailto:{REAL}>": None,
    "real @ example.org": None,
}


@pytest.mark.parametrize(("header", "name"), ONE.items())
def test_the_address_is_what_stands_in_angle_brackets_whatever_the_name_is(header: str, name: str | None) -> None:
    assert [(one.address, one.name) for one in read_mailboxes([header])] == [(REAL, name)]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Hans <a@x.example> (at home), Ben (b) <b@x.example>", [("a@x.example", "Hans"), ("b@x.example", "Ben (b)")]),
        ("Hans <a@x.example>; b@x.example", [("a@x.example", "Hans"), ("b@x.example", None)]),
        ("Team: a@x.example, b@x.example;", [("a@x.example", None), ("b@x.example", None)]),
        ("<a@x.example><b@x.example>", [("a@x.example", None), ("b@x.example", None)]),
        ("a@x.example, <A@x.example>", [("a@x.example", None)]),
        ("undisclosed-recipients:;", []),
        ('"Hans Example"@x.example', []),
        ("", []),
    ],
)
def test_lists_and_groups(header: str, found: list[tuple[str, str | None]]) -> None:
    assert [(one.address, one.name) for one in read_mailboxes([header])] == found


@pytest.mark.parametrize("part", ['"\\', '"', "(", "<", "=?", "=?a?q?", "a@b,", '"a" ', "\\", " @ ", "<a@b>", "a"])
def test_a_hostile_header_is_read_in_linear_time(part: str) -> None:
    began = time.process_time()
    read_mailboxes([part * (100_000 // len(part))])
    assert time.process_time() - began < 3
