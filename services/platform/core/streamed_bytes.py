"""Bytes that are read while they are sent, so that a large file is never in memory as a whole."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamedBytes:
    """`size_bytes` bytes. Each call of `open` reads them from the start, part by part."""

    size_bytes: int
    open: Callable[[], AsyncIterator[bytes]]


def filled(frame: bytes, places: Sequence[tuple[bytes, StreamedBytes]]) -> StreamedBytes:
    """`frame` with other bytes in place of each marker, which stand there in this order, each once.

    Who makes a frame need not know the bytes: a library for mails or forms writes the marker as it would write a file.
    """
    pieces: list[bytes] = []
    rest = frame
    for marker, _ in places:
        before, _, rest = rest.partition(marker)
        pieces.append(before)
    streams = [stream for _, stream in places]
    size = sum(map(len, pieces)) + len(rest) + sum(stream.size_bytes for stream in streams)

    async def read() -> AsyncIterator[bytes]:
        for piece, stream in zip(pieces, streams, strict=True):
            yield piece
            async for part in stream.open():
                yield part
        yield rest

    return StreamedBytes(size, read)
