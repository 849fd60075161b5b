"""Forms as providers post them, and as they should not be."""

import time
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.channels.mail.forms import MAX_FIELDS, PostedForm, is_form, read_form
from services.channels.port import InvalidPayload
from tests.channels.mail.providers import calls

URLENCODED = "application/x-www-form-urlencoded"


def form(body: bytes, content_type: str = URLENCODED, *only: str) -> PostedForm:
    return read_form(calls.call(body, content_type), only=only or None)


def pairs(read: PostedForm) -> list[tuple[str, bytes]]:
    return [(field.name, field.content) for field in read.fields]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", []),
        (b"a=1&b=&c&=d", [("a", b"1"), ("b", b""), ("c", b""), ("", b"d")]),
        (b"a=1&a=2&&a=3", [("a", b"1"), ("a", b"2"), ("a", b"3")]),
        (b"a+b=c+d%2B%26", [("a b", b"c d+&")]),
        (b"a=%D8%B3%D9%84&%D8%A8=x", [("a", "سل".encode()), ("ب", b"x")]),
        (b"a=%ff%FE\x80", [("a", b"\xff\xfe\x80")]),
        (b"a=100%&b=%zz%4", [("a", b"100%"), ("b", b"%zz%4")]),
        (b"a=b=c", [("a", b"b=c")]),
    ],
)
def test_an_urlencoded_form_keeps_every_byte(body: bytes, expected: list[tuple[str, bytes]]) -> None:
    assert pairs(form(body)) == expected


def test_only_the_fields_that_are_asked_for_are_decoded() -> None:
    body = b"token=a&body=" + b"%D8" * 7_000_000 + b"&token=b"
    start = time.perf_counter()
    assert pairs(form(body, URLENCODED, "token")) == [("token", b"a"), ("token", b"b")]
    # Decoding all of it takes seconds.
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_a_multipart_form_has_texts_and_files(end: str) -> None:
    body = end.join(
        [
            "--b",
            'Content-Disposition: form-data; name="text"',
            "Content-Type: text/plain; charset=ISO-8859-13",
            "",
            "one",
            "two",
            "--b",
            'content-disposition: form-data; filename="a \\"b\\" فا.txt"; name=file',
            "",
            "",
            "--b--",
            "after the end",
        ]
    )
    text, file = form(body.encode(), "multipart/form-data; boundary=b").fields
    assert (text.name, text.content, text.charset, text.file_name) == ("text", b"one\r\ntwo", "iso-8859-13", None)
    assert (file.name, file.content, file.file_name, file.media_type) == ("file", b"", 'a "b" فا.txt', "")


@pytest.mark.parametrize("content", [b"\r\n--c", b"--b", b"\r\n--", b"\r", b"\x00\xff" * 9, b"\r\n--b-not"])
def test_bytes_that_look_like_a_boundary_are_content(content: bytes) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n' + content + b"\r\n--b--\r\n"
    try:
        read = form(body, "multipart/form-data; boundary=b")
    except InvalidPayload:
        # Two boundaries in a row: nobody may write that, and nothing is taken for something else.
        assert content == b"\r\n--b-not"
    else:
        assert pairs(read) == [("f", content)]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"--c\r\n", "multipart/form-data; boundary=b"),
        (b"--b\r\nNo header\r\n\r\n1\r\n--b--", "multipart/form-data; boundary=b"),
        (b"--b\r\n\r\n1", "multipart/form-data"),
        (b"{}", "application/json"),
        (b'{"a": 1}', "application/json"),
        (b"a=1", "text/plain"),
        (b"a=1", ""),
        (b"&" * (MAX_FIELDS + 1), URLENCODED),
    ],
)
def test_what_is_no_form_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(InvalidPayload):
        form(body, content_type)


def test_a_form_may_be_written_as_an_object_of_texts() -> None:
    body = '{"from": "mina@karimi.example", "subject": "سلام"}'.encode()
    assert is_form(calls.call(body, "application/json"))
    assert pairs(form(body, "application/json")) == [("from", b"mina@karimi.example"), ("subject", "سلام".encode())]
    assert not is_form(calls.call(b'{"event-data": {}}', "application/json"))


def test_a_large_file_is_read_in_a_moment() -> None:
    content = b"\r\n--x" * 5_000_000
    body = b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n' + content + b"\r\n--b--\r\n"
    start = time.perf_counter()
    assert pairs(form(body, "multipart/form-data; boundary=b")) == [("f", content)]
    assert time.perf_counter() - start < 2


@given(st.text("%=+_ \t\r\n\x80aAfF09zZ3D", max_size=40))
def test_percent_signs_are_decoded_as_the_standard_library_does(text: str) -> None:
    value = text.encode("latin-1")
    (field,) = form(b"a=" + value).fields
    assert field.content == unquote_to_bytes(value.replace(b"+", b" "))


@given(
    st.binary(max_size=200), st.sampled_from([URLENCODED, "multipart/form-data; boundary=b", "application/json", "x"])
)
def test_any_body_is_a_form_or_refused(body: bytes, content_type: str) -> None:
    try:
        read = form(body, content_type)
    except InvalidPayload:
        return
    assert all(isinstance(field.name, str) for field in read.fields)
