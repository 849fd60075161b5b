"""Event streams: their format, and how they end."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from services.platform.core.errors import Unavailable
from services.platform.http.problems import TooManyRequests
from services.platform.http.sse import HEARTBEAT, EventStream, format_event, format_id

SCOPE: dict[str, Any] = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}}


class Connection:
    """A client of one stream. `takes`: how many messages it takes before it stops reading; None: all."""

    def __init__(self, takes: int | None = None) -> None:
        self.messages: list[Any] = []
        self.is_gone = asyncio.Event()
        self._takes = takes

    async def receive(self) -> dict[str, Any]:
        await self.is_gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if self._takes is not None and len(self.messages) >= self._takes:
            await asyncio.Event().wait()
        self.messages.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)

    @property
    def is_complete(self) -> bool:
        return bool(self.messages) and self.messages[-1].get("more_body") is False


class Source:
    """A generator of chunks. It raises `error` after them, or waits for ever; `is_closed` once it was closed."""

    def __init__(self, *chunks: bytes, error: Exception | None = None, waits: bool = False) -> None:
        self._chunks, self._error, self._waits = chunks, error, waits
        self.is_waiting, self.is_closed = asyncio.Event(), False

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        try:
            for chunk in self._chunks:
                yield chunk
            if self._error is not None:
                raise self._error
            if self._waits:
                self.is_waiting.set()
                await asyncio.Event().wait()
        finally:
            self.is_closed = True


def test_an_event_has_its_id_before_its_type_and_one_line_of_data() -> None:
    block = format_event('{"word":"س"}'.encode(), identity="place.1", event="pasokh.sla.late").decode()

    assert block == 'id: place.1\nevent: pasokh.sla.late\ndata: {"word":"س"}\n\n'


def test_a_heartbeat_is_a_comment_and_an_id_alone_is_no_event() -> None:
    assert HEARTBEAT == b": still here\n\n"
    assert format_id("place.1") == b"id: place.1\n\n"


async def test_a_stream_that_ends_is_a_complete_answer_that_no_proxy_holds_back() -> None:
    connection, source = Connection(), Source(b"one", b"two")

    await EventStream(source.chunks())(SCOPE, connection.receive, connection.send)

    assert (connection.body, connection.is_complete, source.is_closed) == (b"onetwo", True, True)
    headers = dict(connection.messages[0]["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert (headers[b"cache-control"], headers[b"x-accel-buffering"]) == (b"no-store", b"no")
    assert b"content-length" not in headers


@pytest.mark.parametrize("error", [TooManyRequests("too many streams", 3), Unavailable("the store is away")])
async def test_a_refusal_before_the_first_chunk_is_answered_as_such(error: Exception) -> None:
    connection = Connection()

    with pytest.raises(type(error)):
        await EventStream(Source(error=error).chunks())(SCOPE, connection.receive, connection.send)

    assert connection.messages == []


@pytest.mark.parametrize("error", [TooManyRequests("too many streams", 3), Unavailable("the store is away")])
async def test_a_refusal_after_the_first_chunk_ends_the_stream_in_order(error: Exception) -> None:
    connection = Connection()

    await EventStream(Source(b"one", error=error).chunks())(SCOPE, connection.receive, connection.send)

    assert (connection.body, connection.is_complete) == (b"one", True)


async def test_a_client_that_disconnects_ends_the_stream_while_nothing_happens() -> None:
    connection, source = Connection(), Source(b"one", waits=True)
    stream = asyncio.create_task(EventStream(source.chunks())(SCOPE, connection.receive, connection.send))
    await source.is_waiting.wait()

    connection.is_gone.set()
    await stream

    assert (connection.body, source.is_closed) == (b"one", True)


async def test_a_client_that_takes_nothing_more_is_dropped() -> None:
    connection, source = Connection(takes=2), Source(b"one", b"two", b"three")

    await EventStream(source.chunks(), send_seconds=0.01)(SCOPE, connection.receive, connection.send)

    assert (connection.body, connection.is_complete, source.is_closed) == (b"one", False, True)
