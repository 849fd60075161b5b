"""The part of a file that a request asks for (RFC 9110, 14.2 and 13.1.5). Pure.

A request for several parts at once is answered with the whole file, which the standard allows.
"""

import re
from dataclasses import dataclass

from services.platform.http.problems import HttpProblem

_SINGLE = re.compile(r"bytes=[ \t]*([0-9]{0,19})-([0-9]{0,19})[ \t]*", re.IGNORECASE)


class RangeNotSatisfiable(HttpProblem):
    """416: the file has no byte of the part that was asked for."""

    status = 416

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"The file has {size_bytes} bytes.", headers={"Content-Range": f"bytes */{size_bytes}"})


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `first` to `last`, both included, of a file of `size_bytes`."""

    first: int
    last: int
    size_bytes: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1

    @property
    def content_range(self) -> str:
        """The value of the header `Content-Range`."""
        return f"bytes {self.first}-{self.last}/{self.size_bytes}"


def requested_range(
    wanted: str | None, if_range: str | None, size_bytes: int | None, etag: str | None
) -> ByteRange | None:
    """The part of a file that the headers `Range` and `If-Range` ask for; None: the whole file. Raises RangeNotSatisfiable.

    The whole file is also the answer where its size is not known, where the file is another than that of `If-Range`, and to
    what is no range of bytes.
    """
    match = _SINGLE.fullmatch(wanted or "")
    # A date in `If-Range` never fits: no file here states when it was changed.
    if match is None or size_bytes is None or (if_range is not None and if_range != etag):
        return None
    return _range_of(match[1], match[2], size_bytes)


def _range_of(start: str, end: str, size_bytes: int) -> ByteRange | None:
    """The range between two positions, either of which may be empty; None: they are no range."""
    if not start:
        # The last bytes, so many.
        return _within(max(0, size_bytes - int(end)), size_bytes - 1, size_bytes) if end else None
    first, last = int(start), int(end) if end else size_bytes - 1
    if end and last < first:
        return None
    return _within(first, min(last, size_bytes - 1), size_bytes)


def _within(first: int, last: int, size_bytes: int) -> ByteRange:
    if first > last:
        raise RangeNotSatisfiable(size_bytes)
    return ByteRange(first, last, size_bytes)
