"""The files inside Outlook's `winmail.dat`."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from services.channels.mail.attachments import attachments, inline_files
from services.channels.mail.message import Envelope, MailPart, ReceivedMail
from services.channels.mail.tnef import (
    BEGINS_FILE,
    CODE_PAGE,
    DATA,
    LONG_NAME,
    PROPERTIES,
    SIGNATURE,
    TITLE,
    tnef_files,
)


def attribute(identity: int, value: bytes) -> bytes:
    return struct.pack("<BHHI", 2, identity, 6, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def long_name(name: str) -> bytes:
    """Properties of an attachment: a number, a named text, the long name, and one of a type that is not known."""
    text = f"{name}\0".encode("utf-16-le")
    named = struct.pack("<HH16sII", 30, 0x8001, bytes(16), 1, 4) + b"a\0b\0" + struct.pack("<II", 1, 3) + b"xy\0\0"
    number = struct.pack("<HHI", 3, 0x0E20, 7)
    value = struct.pack("<HHII", 31, LONG_NAME, 1, len(text)) + text + bytes(-len(text) % 4)
    return struct.pack("<I", 4) + number + named + value + struct.pack("<HH", 0x1003, 1)


WINMAIL = (
    SIGNATURE
    + b"\x01\x00"
    + attribute(CODE_PAGE, struct.pack("<II", 1256, 0))
    + attribute(BEGINS_FILE, bytes(14))
    + attribute(TITLE, "فاكتور.pdf\0".encode("cp1256"))
    + attribute(DATA, b"%PDF-1.7")
    + attribute(BEGINS_FILE, bytes(14))
    + attribute(TITLE, b"PHOTO~1.PNG\0")
    + attribute(DATA, b"\x89PNG")
    + attribute(PROPERTIES, long_name("a long name.png"))
)


def mail(part: MailPart) -> ReceivedMail:
    return ReceivedMail(headers=(), envelope=Envelope(), sender=None, parts=(part,))


def test_files_have_their_long_names() -> None:
    assert [(file.name, file.content) for file in tnef_files(WINMAIL)] == [
        ("فاكتور.pdf", b"%PDF-1.7"),
        ("a long name.png", b"\x89PNG"),
    ]


def test_they_stand_in_the_mail_in_its_place() -> None:
    found = mail(MailPart("application/octet-stream", WINMAIL, name="winmail.dat"))
    assert [(one.name, one.media_type, one.kind) for one in attachments(found)] == [
        ("فاكتور.pdf", "application/pdf", "file"),
        ("a long name.png", "image/png", "image"),
    ]
    assert [file.content for file in inline_files(found)] == [b"%PDF-1.7", b"\x89PNG"]


def test_one_that_cannot_be_read_is_a_file_itself() -> None:
    found = mail(MailPart("application/ms-tnef", SIGNATURE + b"\x01\x00rest", name="winmail.dat"))
    assert [one.name for one in attachments(found)] == ["winmail.dat"]


@given(st.data())
def test_no_bytes_raise(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(WINMAIL)))
    changed = WINMAIL[:at] + data.draw(st.binary(max_size=12)) + WINMAIL[at + data.draw(st.integers(0, 12)) :]
    assert len(tnef_files(changed)) <= 3
    assert isinstance(tnef_files(SIGNATURE + data.draw(st.binary(max_size=80))), list)
