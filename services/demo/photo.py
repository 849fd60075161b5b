"""A photo that customers of the demo shop send: a picture of 64 by 64 pixels, made here (PNG, RFC 2083)."""

import struct
import zlib

SIDE = 64


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pixels() -> bytes:
    """A mug before a wall, with a crack: each line begins with the byte of its filter."""
    lines = (b"\0" + b"".join(_colour(x, y) for x in range(SIDE)) for y in range(SIDE))
    return b"".join(lines)


def _colour(x: int, y: int) -> bytes:
    if 16 <= x < 44 and 18 <= y < 54:
        is_crack = abs(x - 30 - (y % 8 - 4)) < 2
        return b"\x40\x40\x40" if is_crack else b"\xc8\x50\x32"
    is_handle = 44 <= x < 52 and 26 <= y < 46 and not (x < 49 and 30 <= y < 42)
    return b"\xc8\x50\x32" if is_handle else b"\xf0\xea\xdc"


PHOTO = b"".join(
    (
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(_pixels(), 9)),
        _chunk(b"IEND", b""),
    )
)
"""The bytes of the picture."""
