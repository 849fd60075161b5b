"""The type of a file is what its bytes show, and what could run is never served as itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.media_types import INERT, UNKNOWN, kind_for, served_as, sniff, stored_as


@pytest.mark.parametrize(
    ("head", "media_type", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "image/png", "image"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg", "image"),
        (b"GIF89a\x01\x00", "image/gif", "image"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp", "image"),
        (b"\x00\x00\x00\x1cftypavif", "image/avif", "image"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic", "file"),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4", "video"),
        (b"\x00\x00\x00\x14ftypqt  ", "video/quicktime", "video"),
        (b"\x00\x00\x00\x18ftypM4A ", "audio/mp4", "audio"),
        (b"\x1aE\xdf\xa3\x9fB\x86", "video/webm", "video"),
        (b"ID3\x04\x00", "audio/mpeg", "audio"),
        (b"OggS\x00\x02", "audio/ogg", "audio"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav", "audio"),
        (b"%PDF-1.7\n", "application/pdf", "file"),
        (b"PK\x03\x04\x14\x00", "application/zip", "file"),
    ],
)
def test_the_first_bytes_say_what_a_file_is(head: bytes, media_type: str, kind: str) -> None:
    assert (sniff(head), kind_for(sniff(head))) == (media_type, kind)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'>",
        b"<?xml version='1.0'?><svg onload='alert(1)'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"\xef\xbb\xbf<html>",
        b"alert(document.cookie)",
        b"%PDF-1.7 /JS (app.alert(1))",
        b"PK\x03\x04",
        b"\x89PNG",
        b" \x89PNG\r\n\x1a\n",
        b"RIFF\x24\x00\x00\x00SWF ",
        b"FWS\x09",
        b"MZ\x90\x00",
    ],
)
def test_what_could_run_is_served_as_bytes(head: bytes) -> None:
    assert served_as(head) == UNKNOWN


@given(st.binary(max_size=80))
def test_whatever_the_bytes_are_the_served_type_cannot_run(head: bytes) -> None:
    assert served_as(head) in INERT | {UNKNOWN}


def test_no_type_that_can_run_is_inert() -> None:
    assert not {media_type for media_type in INERT if media_type.split("/")[0] not in ("image", "audio", "video")}
    assert "image/svg+xml" not in INERT


@pytest.mark.parametrize(
    ("head", "name", "media_type"),
    [
        (b"PK\x03\x04", "Offer.DOCX", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"PK\x03\x04", "prices.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (b"PK\x03\x04", "photos.zip", "application/zip"),
        (b"PK\x03\x04", None, "application/zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "offer.doc", "application/msword"),
        ("سلام".encode(), "notes.txt", "text/plain"),
        (b"a;b\r\n1;2\r\n", "prices.csv", "text/csv"),
        # What a name claims is believed only of bytes that can be it.
        (b"\x00\x01\x02", "notes.txt", "application/octet-stream"),
        (b"<html>", "page.docx", "application/octet-stream"),
        (b"%PDF-1.7", "picture.png", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "notes.txt", "image/png"),
    ],
)
def test_a_document_is_told_by_its_bytes_and_the_end_of_its_name(
    head: bytes, name: str | None, media_type: str
) -> None:
    assert stored_as(head, name) == media_type
    assert served_as(head) in {"image/png", "application/octet-stream"}
