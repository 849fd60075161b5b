"""The media type of a file by its first bytes, and which types a browser cannot run. Pure.

The patterns are those of the MIME Sniffing Standard (mimesniff.spec.whatwg.org, sections 6.1 to 6.4) with a few formats of
phones. What a sender or a platform claims is never believed: an SVG or a page under the name of a picture would run.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schemas.activity import AttachmentKind

UNKNOWN = "application/octet-stream"
HEAD_BYTES = 64
"""How many of the first bytes decide."""


class _Pattern(NamedTuple):
    """Bytes at an offset, all of which must be there, and the type that they mean."""

    parts: Sequence[tuple[int, bytes]]
    media_type: str


_PATTERNS: Sequence[_Pattern] = (
    _Pattern([(0, b"\x89PNG\r\n\x1a\n")], "image/png"),
    _Pattern([(0, b"\xff\xd8\xff")], "image/jpeg"),
    _Pattern([(0, b"GIF87a")], "image/gif"),
    _Pattern([(0, b"GIF89a")], "image/gif"),
    _Pattern([(0, b"RIFF"), (8, b"WEBPVP")], "image/webp"),
    _Pattern([(0, b"RIFF"), (8, b"WAVE")], "audio/wav"),
    _Pattern([(0, b"OggS\x00")], "audio/ogg"),
    _Pattern([(0, b"ID3")], "audio/mpeg"),
    _Pattern([(0, b"\xff\xfb")], "audio/mpeg"),
    _Pattern([(0, b"\xff\xf3")], "audio/mpeg"),
    _Pattern([(0, b"\xff\xf1")], "audio/aac"),
    _Pattern([(0, b"\xff\xf9")], "audio/aac"),
    _Pattern([(0, b"fLaC")], "audio/flac"),
    _Pattern([(0, b"#!AMR\n")], "audio/amr"),
    _Pattern([(0, b"\x1aE\xdf\xa3")], "video/webm"),
    _Pattern([(0, b"%PDF-")], "application/pdf"),
    _Pattern([(0, b"PK\x03\x04")], "application/zip"),
    _Pattern([(0, b"Rar!\x1a\x07")], "application/vnd.rar"),
    _Pattern([(0, b"\x1f\x8b\x08")], "application/gzip"),
    _Pattern([(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")], "application/x-ole-storage"),
)
# ISO base media files (ISO/IEC 14496-12) name their brand after `ftyp`; a brand that is not listed is taken for a video.
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
    b"qt  ": "video/quicktime",
}

_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_TEXT = "text/plain"
_BY_ENDING: Mapping[str, Mapping[str, str]] = {
    "application/zip": {
        "docx": f"{_OPEN_XML}wordprocessingml.document",
        "xlsx": f"{_OPEN_XML}spreadsheetml.sheet",
        "pptx": f"{_OPEN_XML}presentationml.presentation",
    },
    "application/x-ole-storage": {
        "doc": "application/msword",
        "xls": "application/vnd.ms-excel",
        "ppt": "application/vnd.ms-powerpoint",
    },
    _TEXT: {"txt": _TEXT, "csv": "text/csv"},
}
"""What the first bytes show → the end of a name → what the file is. Each is a document: none of these types is served."""
# Bytes that no text has (mimesniff.spec.whatwg.org, section 3, "binary data byte").
_NOT_IN_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")

RASTER_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
"""Pictures that every current browser shows and that hold no script."""
_SOUND_AND_FILM = frozenset(pattern.media_type for pattern in _PATTERNS if pattern.media_type[:5] in ("audio", "video"))
INERT = RASTER_IMAGES | _SOUND_AND_FILM | frozenset(_BRANDS.values()) | {"video/mp4"}
"""Types that a browser shows or plays without running anything of them. PDF is none: it may hold scripts."""


def sniff(head: bytes) -> str:
    """The media type that the first `HEAD_BYTES` of a file show; `application/octet-stream` when they show none."""
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    for pattern in _PATTERNS:
        if all(head.startswith(part, offset) for offset, part in pattern.parts):
            return pattern.media_type
    return UNKNOWN


def stored_as(head: bytes, name: str | None) -> str:
    """The media type of a file for a platform that takes documents by their types: by its bytes, and by its name where
    several kinds of documents begin with the same bytes.
    """
    found = sniff(head)
    shown = _TEXT if found == UNKNOWN and not _NOT_IN_TEXT.search(head) else found
    return _BY_ENDING.get(shown, {}).get((name or "").rpartition(".")[2].lower(), found)


def served_as(head: bytes) -> str:
    """The type under which a file may be served: its own if that cannot run, else `application/octet-stream`."""
    found = sniff(head)
    return found if found in INERT else UNKNOWN


FAMILIES: Mapping[str, AttachmentKind] = {"video": "video", "audio": "audio"}


def kind_for(media_type: str) -> AttachmentKind:
    """The kind of attachment that a file of this type is. Pictures that not every browser shows are plain files."""
    if media_type in RASTER_IMAGES:
        return "image"
    return FAMILIES.get(media_type.partition("/")[0], "file")
