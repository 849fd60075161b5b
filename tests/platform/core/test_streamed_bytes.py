"""Frames whose markers are filled with bytes that are read later."""

import pytest

from services.platform.core.streamed_bytes import StreamedBytes, filled
from tests.fakes.http import held


async def content_of(stream: StreamedBytes) -> bytes:
    return b"".join([part async for part in stream.open()])


@pytest.mark.parametrize(
    ("frame", "contents", "whole"),
    [
        (b"no marker", [], b"no marker"),
        (b"<0>", [b"abcdef"], b"abcdef"),
        (b"a <0> b <1> c", [b"first", b""], b"a first b  c"),
        # What stands for a marker may itself hold the next one.
        (b"<0> and <1>", [b"<1>", b"<0>"], b"<1> and <0>"),
    ],
)
async def test_markers_give_way_to_their_bytes(frame: bytes, contents: list[bytes], whole: bytes) -> None:
    stream = filled(frame, [(f"<{number}>".encode(), held(content)) for number, content in enumerate(contents)])
    assert (stream.size_bytes, await content_of(stream)) == (len(whole), whole)
    assert await content_of(stream) == whole
