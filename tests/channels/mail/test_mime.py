"""Raw mail as it really comes: every charset and encoding, and every way of being malformed."""

import base64
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.channels.mail.charsets import decode_bytes, decode_header
from services.channels.mail.message import Envelope, ReceivedMail
from services.channels.mail.mime import read_date, read_mime
from tests.examples import examples

FIXTURES = [path.read_bytes() for path in sorted((Path(__file__).parent.parent / "email" / "payloads").glob("*.eml"))]


def read(text: str | bytes) -> ReceivedMail:
    return read_mime(text.encode() if isinstance(text, str) else text, Envelope())


def part(kind: str, body: bytes, encoding: str = "8bit") -> ReceivedMail:
    return read(f"Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n".encode() + body)


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        ("windows-1256", "cp1256", "سفارش من كجاست"),
        ("windows-1257", "cp1257", "Kur ir mans sūtījums?"),
        ("iso-8859-13", "iso8859_13", "sūtījums"),
        ("iso-8859-6", "iso8859_6", "أين طلبي"),
        ("utf-8", "utf-8", "سفارش ۴۷۱۱ 📦"),
        ("UTF-16", "utf-16", "سفارش"),
        ('"us-ascii"', "utf-8", "café"),
        ("iso-8859-1", "cp1252", "“café” – 5 €"),
        ("gb2312", "gb18030", "订单"),
        ("koi8-r", "koi8_r", "заказ"),
        ("x-no-such-charset", "utf-8", "café"),
        ("x-no-such-charset", "cp1252", "café"),
        ("utf-8", "cp1252", "caf\N{REPLACEMENT CHARACTER}"),
        ("unicode_escape", "utf-8", r"\ud800 A"),
        ("idna", "utf-8", "xn--caf"),
    ],
)
def test_a_text_is_read_by_its_charset(charset: str, codec: str, text: str) -> None:
    body = text.replace("\N{REPLACEMENT CHARACTER}", "é").encode(codec)
    encoded = base64.encodebytes(body)
    assert (part(f"text/plain; charset={charset}", encoded, "base64").text or "").strip() == text


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("=?UTF-8?B?2LPZgdin2LHYtA==?=", "سفارش"),
        ("=?utf-8?q?caf=C3=A9_au_lait?= tea", "café au lait tea"),
        ("=?utf-8?q?one?=\r\n =?utf-8?q?_two?=", "one two"),
        # A letter cut in two between words.
        ("=?utf-8?b?2LM=?= =?utf-8?b?2Q==?= =?utf-8?b?gdin2LHYtA==?=", "سفارش"),
        ("=?utf-8*en?q?tagged?=", "tagged"),
        ("=?windows-1257?q?s=FBt=EEjums?=", "sūtījums"),
        ("=?no-such?q?caf=C3=A9?=", "café"),
        ("=?utf-8?b?w6k", "=?utf-8?b?w6k"),
        ("=?utf-8?b?w6k?=", "é"),
        ("=?utf-8?b?!!!!?=", ""),
        ("plain \x00text", "plain text"),
        ("8-bit \udcc3\udca9", "8-bit é"),
        ("8-bit \udce9", "8-bit é"),
    ],
)
def test_a_header_is_read_as_people_see_it(header: str, text: str) -> None:
    assert decode_header(header) == text


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="invoice.pdf"', "invoice.pdf"),
        ("attachment; filename*=UTF-8''%D9%81.pdf", "ف.pdf"),
        ("attachment; filename*0*=UTF-8''%D9%81; filename*1*=%D8%A7; filename*2=.pdf", "فا.pdf"),
        ('attachment; filename="=?UTF-8?B?2YE=?=.pdf"', "ف.pdf"),
        ('attachment; filename="C:\\\\Users\\\\sara\\\\a.pdf"', "a.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ("attachment; filename*=no-such''%FF.pdf", "\N{REPLACEMENT CHARACTER}.pdf"),
        ("attachment", None),
        ('attachment; filename=""', None),
    ],
)
def test_a_file_has_the_name_that_its_headers_say(disposition: str, name: str | None) -> None:
    raw = f"Content-Type: application/pdf\nContent-Disposition: {disposition}\n\nx"
    found = read(raw).parts[0].name
    assert found == name or (name is not None and "\N{REPLACEMENT CHARACTER}" in name and found is not None)


def test_a_name_in_the_content_type_will_do() -> None:
    assert read('Content-Type: image/png; name="a.png"\n\nx').parts[0].name == "a.png"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Sara <sara@example.org>", [("sara@example.org", "Sara")]),
        ('"Example, Sara" <sara@example.org>', [("sara@example.org", "Example, Sara")]),
        ("=?utf-8?q?Doe=2C_J=C3=A4ne?= <j@example.org>", [("j@example.org", "Doe, Jäne")]),
        ("sara@example.org (Sara)", [("sara@example.org", "Sara")]),
        ("team: a@example.org, b@example.org;", [("a@example.org", None), ("b@example.org", None)]),
        ("undisclosed-recipients:;", []),
        ("nobody", []),
        ('"broken <sara@example.org>', [("sara@example.org", '"broken')]),
        ("a@example.org, A <A@example.org>", [("a@example.org", None)]),
        ("سارا <sara@مثال.ایران>", [("sara@مثال.ایران", "سارا")]),
    ],
)
def test_addresses_are_read_as_mail_programs_write_them(header: str, found: list[tuple[str, str | None]]) -> None:
    assert [(box.address, box.name) for box in read(f"To: {header}\n\n").to] == found


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("Sun, 01 Mar 2026 15:30:00 +0330", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("1 Mar 2026 12:00 GMT", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("Sun, 1 Mar 2026 12:00:00 -0000", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("Sun, 1 Mar 2026 12:00:00 +0000 (UTC)", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        ("Sun, 99 Mar 2026 12:00:00 +0000", None),
        ("Sat, 1 Jan 1000 00:00:00 +0000", datetime(1000, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_date_is_utc(value: str, instant: datetime | None) -> None:
    assert read_date(value) == instant


def test_flowed_text_is_joined_where_its_lines_go_on() -> None:
    flowed = part('text/plain; format="flowed"', b"one \ntwo\n> a \n> b\n-- \nSara")
    assert flowed.text == "one two\n> a b\n-- \nSara"


def test_the_parts_of_a_text_stand_in_their_order() -> None:
    mixed = """Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain

plain
--a
Content-Type: text/html

<p>html</p>
--a--
--m
Content-Type: text/html

<p>only <b>html</b></p>
--m
Content-Type: text/plain

footer
--m--
"""
    found = read(mixed)
    assert found.text == "plain\nonly html\nfooter"
    assert found.html == "<p>html</p>\n<p>only <b>html</b></p>"


def test_a_text_that_is_attached_is_a_file() -> None:
    found = read('Content-Type: text/plain\nContent-Disposition: attachment; filename="a.txt"\n\nhello')
    assert (found.text, found.parts[0].content) == (None, b"hello")


@pytest.mark.parametrize("depth", [50, 3000])
def test_parts_within_parts_end_somewhere(depth: int) -> None:
    inner = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    found = read(f"From: sara@example.org\n{inner}Content-Type: text/plain\n\nhello\n")
    assert found.sender is not None
    assert (found.text or "").strip().endswith("hello")


def test_a_thousand_parts_are_cut() -> None:
    body = "\n".join(f"--b\nContent-Type: image/png\n\n{n}" for n in range(1000))
    assert len(read(f"Content-Type: multipart/mixed; boundary=b\n\n{body}\n--b--").parts) == 500


def test_what_is_left_of_a_broken_encoding_is_read() -> None:
    assert (part("text/plain", b"aGVsbG8gd29ybGQ", "base64").text or "").startswith("hello w")
    assert part("text/plain", b"caf=C3=A9=", "quoted-printable").text == "café"
    assert part("text/plain", b"hello", "no-such-encoding").text == "hello"
    assert part("text/plain", b"begin 644 x\n#86)C\nend\n", "x-uuencode").text == "abc"


@examples(300)
@given(st.sampled_from(FIXTURES), st.data())
def test_no_mail_raises(raw: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(raw)))
    found = read(raw[:at] + data.draw(st.binary(max_size=40)) + raw[at + data.draw(st.integers(0, 40)) :])
    texts = [found.text, found.html, found.subject, *(value for header in found.headers for value in header)]
    assert all(text is None or text.encode() is not None for text in texts)


@given(st.binary(max_size=500))
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    assert read(raw).headers is not None


@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_bytes_are_text_that_can_be_stored(content: bytes, charset: str) -> None:
    assert "\x00" not in decode_bytes(content, charset).encode().decode()


@pytest.mark.parametrize("charset", ["idna", "punycode", "undefined", "a\x00b", "\udcff", "zlib", "x" * 10_000])
def test_a_charset_that_is_none_costs_no_mail(charset: str) -> None:
    head = f'From: sara@example.org\nContent-Type: text/plain; charset="{charset}"\n\n'
    mail = read_mime(head.encode("utf-8", "surrogateescape") + b"Where is it? \xff\xfe", Envelope())
    assert mail.text is not None
    assert mail.text.startswith("Where is it?")


def test_a_file_of_a_charset_that_is_none_keeps_its_bytes() -> None:
    head = "From: sara@example.org\nContent-Disposition: attachment\nContent-Type: text/plain; charset=undefined\n\n"
    [part] = read_mime(head.encode() + b"a\xff\xfeb", Envelope()).parts
    assert part.content == b"a\xff\xfeb"


@pytest.mark.parametrize("kind", ["text/plain", "multipart/mixed"])
def test_parameters_without_end_are_read_in_linear_time(kind: str) -> None:
    began = time.process_time()
    read_mime(f"From: sara@example.org\nContent-Type: {kind}{'; a*0*=x' * 300_000}\n\nhello".encode(), Envelope())
    assert time.process_time() - began < 3


@pytest.mark.parametrize("line", ["--b\n\nx\n", "\n", "x:y\n"])
def test_of_a_mail_of_very_many_parts_or_lines_the_start_is_read(line: str) -> None:
    head = "From: sara@example.org\nSubject: Kettle\nContent-Type: multipart/mixed; boundary=b\n"
    raw = (head + "\n" * (line[0] == "-") + "--b\n\nWhere is it?\n" * (line[0] == "-")).encode()
    raw += line.encode() * (12_000_000 // len(line))
    began = time.process_time()
    mail = read_mime(raw, Envelope())
    # Whole it takes ten seconds or more, and as much memory as time.
    assert time.process_time() - began < 6
    assert mail.subject == "Kettle"
