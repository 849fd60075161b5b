"""Names of files: from a caller's header, through our hands, into a header of ours."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.file_names import MAX_NAME, attachment_disposition, clean_name, name_in_disposition


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ('attachment; filename="a.png"', "a.png"),
        ("attachment; filename=a.png", "a.png"),
        ("attachment; filename*=UTF-8''%D9%81%D8%A7%DA%A9%D8%AA%D9%88%D8%B1.pdf", "فاکتور.pdf"),
        ("attachment; filename=\"x.pdf\"; filename*=utf-8'fa'%D9%81.pdf", "ف.pdf"),
        ('attachment; filename="' + "رسید ۱.pdf".encode().decode("latin-1") + '"', "رسید ۱.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\Users\\\\sara\\\\a.png"', "a.png"),
        ('attachment; filename="a\r\nSet-Cookie: x=1"', "a Set-Cookie_ x=1"),
        ("attachment", None),
        ("attachment; filename=", None),
        ('attachment; filename="..."', None),
        ("", None),
        (None, None),
    ],
)
def test_the_name_of_a_header(value: str | None, name: str | None) -> None:
    assert name_in_disposition(value) == name


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("می\u200cخواهم.pdf", "می\u200cخواهم.pdf"),
        ("a\x00b.png", "ab.png"),
        (".htaccess", "htaccess"),
        ("\u200f", None),
        ("x" * 400 + ".pdf", "x" * (MAX_NAME - 4) + ".pdf"),
    ],
)
def test_a_name_is_safe_to_save(name: str, clean: str | None) -> None:
    assert clean_name(name) == clean


def test_a_persian_name_goes_out_in_both_forms() -> None:
    header = attachment_disposition("فاکتور.pdf", "file")
    assert header == "attachment; filename=\"______.pdf\"; filename*=UTF-8''%D9%81%D8%A7%DA%A9%D8%AA%D9%88%D8%B1.pdf"
    assert attachment_disposition(None, "file") == "attachment; filename=\"file\"; filename*=UTF-8''file"


@given(st.text(max_size=300))
def test_no_name_breaks_out_of_its_header(name: str) -> None:
    header = attachment_disposition(name, "file")
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert header.count(";") == 2 or ";" in (clean_name(name) or "")
    saved = unquote(header.rpartition("''")[2])
    assert saved
    assert not set(saved) & set('/\\\x00\r\n"')
    assert clean_name(saved) == saved


@given(st.text(max_size=300))
def test_any_header_is_read(value: str) -> None:
    name = name_in_disposition(value)
    assert name is None or clean_name(name) == name
