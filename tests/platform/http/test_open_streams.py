"""Streams end when their permission is gone, and only those."""

import asyncio
from collections.abc import Collection

import pytest

from services.platform.core.errors import Unavailable
from services.platform.http.open_streams import OpenStreams


class Permissions:
    """Which streams may go on; `reading` is set while they are read, which waits for `answer`."""

    def __init__(self) -> None:
        self.revoked: set[str] = set()
        self.ended: list[str] = []
        self.reading, self.answer = asyncio.Event(), asyncio.Event()
        self.answer.set()
        self.failure: Exception | None = None

    async def find_revoked(self, streams: Collection[str]) -> Collection[str]:
        self.reading.set()
        await self.answer.wait()
        if self.failure is not None:
            raise self.failure
        return [stream for stream in streams if stream in self.revoked]


async def test_a_stream_ends_when_its_permission_is_gone_and_others_go_on() -> None:
    permissions = Permissions()
    streams = OpenStreams(permissions.find_revoked, permissions.ended.append)
    with streams.register("kept"), streams.register("gone"):
        await streams.end_revoked()
        permissions.revoked = {"gone"}
        await streams.end_revoked()

    assert permissions.ended == ["gone"]


async def test_a_stream_that_was_left_while_its_permission_was_read_is_not_ended() -> None:
    permissions = Permissions()
    permissions.revoked = {"left"}
    permissions.answer.clear()
    streams = OpenStreams(permissions.find_revoked, permissions.ended.append)
    with streams.register("left"):
        check = asyncio.create_task(streams.end_revoked())
        await permissions.reading.wait()
    permissions.answer.set()
    await check

    assert permissions.ended == []


async def test_a_store_that_is_away_ends_no_stream() -> None:
    permissions = Permissions()
    permissions.revoked, permissions.failure = {"open"}, Unavailable("the store is away")
    streams = OpenStreams(permissions.find_revoked, permissions.ended.append)
    with streams.register("open"), pytest.raises(Unavailable):
        await streams.end_revoked()

    assert permissions.ended == []
