"""The files inside a `winmail.dat`, which Outlook sends in place of attachments (MS-OXTNEF). What cannot be read gives none."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from services.channels.mail.charsets import decode_bytes

SIGNATURE = b"\x78\x9f\x3e\x22"
MAX_FILES = 200
CODE_PAGE, BEGINS_FILE, TITLE, DATA, PROPERTIES = 0x9007, 0x9002, 0x8010, 0x800F, 0x9005
LONG_NAME = 0x3707
"""PidTagAttachLongFilename (MS-OXPROPS): the title is often cut to eight letters and three."""
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
"""Bytes of a property's value by its type, padded to four."""
_VARIABLE = frozenset({13, 30, 31, 258})


@dataclass(slots=True)
class TnefFile:
    """A file: its name, and its bytes."""

    name: str = ""
    content: bytes = b""


def tnef_files(content: bytes) -> list[TnefFile]:
    """The files of a TNEF stream, in order."""
    if not content.startswith(SIGNATURE):
        return []
    files: list[TnefFile] = []
    charset = "windows-1252"
    for identity, value in _attributes(content):
        if identity == CODE_PAGE and len(value) >= 4:
            charset = f"windows-{struct.unpack_from('<I', value)[0]}"
        elif identity == BEGINS_FILE and len(files) < MAX_FILES:
            files.append(TnefFile())
        elif files:
            _read_into(files[-1], identity, value, charset)
    return [file for file in files if file.content]


def _read_into(file: TnefFile, identity: int, value: bytes, charset: str) -> None:
    if identity == DATA:
        file.content = value
    elif identity == TITLE:
        file.name = file.name or decode_bytes(value, charset).strip()
    elif identity == PROPERTIES:
        file.name = _long_name(value, charset) or file.name


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The id and the value of each attribute, up to the first that is cut off. Each has a level before and a checksum behind."""
    at = len(SIGNATURE) + 2
    while at + 9 <= len(content):
        _, identity, _, length = struct.unpack_from("<BHHI", content, at)
        value = content[at + 9 : at + 9 + length]
        if len(value) < length:
            return
        yield identity, value
        at += 9 + length + 2


def _long_name(properties: bytes, charset: str) -> str:
    try:
        return next((name for name in _names(properties, charset) if name), "")
    except struct.error:
        return ""


def _names(properties: bytes, charset: str) -> Iterator[str]:
    """The long names among properties, up to the first that cannot be read. Raises struct.error."""
    (count,), at = struct.unpack_from("<I", properties), 4
    for _ in range(count):
        kind, identity = struct.unpack_from("<HH", properties, at)
        at += 4
        if identity >= 0x8000:
            at = _after_name(properties, at)
        if kind in _FIXED:
            at += _FIXED[kind]
            continue
        if kind not in _VARIABLE:
            return
        (values,) = struct.unpack_from("<I", properties, at)
        at += 4
        for _ in range(min(values, MAX_FILES)):
            (length,) = struct.unpack_from("<I", properties, at)
            if identity == LONG_NAME:
                text = properties[at + 4 : at + 4 + length]
                yield decode_bytes(text, "utf-16-le" if kind == 31 else charset).strip("\0 ")
            at += 4 + length + (-length % 4)


def _after_name(properties: bytes, at: int) -> int:
    """Where the name of a named property ends: a GUID, and a number or a text."""
    kind, length = struct.unpack_from("<II", properties, at + 16)
    return at + 24 + (length + (-length % 4) if kind else 0)
