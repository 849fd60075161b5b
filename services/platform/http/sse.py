"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) as a response.

FastAPI formats the events. Its own `EventSourceResponse` answers 200 before the first event, when a refusal is no
longer possible, and waits for a slow client for ever: `EventStream` does neither.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import partial

import structlog
from fastapi.sse import format_sse_event
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from services.platform.core.errors import Unavailable
from services.platform.http.problems import HttpProblem

SEND_SECONDS = 20.0
HEARTBEAT = format_sse_event(comment="still here")
log = structlog.get_logger(__name__)


def format_event(data: bytes, *, identity: str, event: str) -> bytes:
    """Format one event. `data` is UTF-8 text."""
    # The id comes first, so that simple clients that read line by line know it when they read the data.
    return format_id(identity).removesuffix(b"\n") + format_sse_event(event=event, data_str=data.decode())


def format_id(identity: str) -> bytes:
    """Format an id to resume from, without an event."""
    return format_sse_event(id=identity)


class EventStream(StreamingResponse):
    """Sends the chunks of a generator until it ends, the client disconnects, or accepts nothing for `send_seconds`.

    An HttpProblem or Unavailable before the first chunk becomes the response; after the first chunk it ends the stream.
    """

    media_type = "text/event-stream"

    def __init__(
        self, chunks: AsyncGenerator[bytes, None], status_code: int = 200, *, send_seconds: float = SEND_SECONDS
    ) -> None:
        # FastAPI reads the default of `status_code` for the OpenAPI document.
        # The headers forbid proxies to cache or buffer the stream.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(chunks, status_code=status_code, headers=headers)
        self._chunks, self._send_seconds = chunks, send_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._chunks) as chunks:
            # The first chunk is awaited before the status is sent, so that an error of it can still be the response.
            self.body_iterator = _until_refused(await anext(chunks), chunks)
            try:
                await super().__call__(scope, receive, partial(_send_in_time, send, self._send_seconds))
            except TimeoutError:
                log.info("slow_stream_dropped")


async def _until_refused(first: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    try:
        async for chunk in chunks:
            yield chunk
    except (HttpProblem, Unavailable) as error:
        log.info("stream_ended", reason=str(error))


async def _send_in_time(send: Send, seconds: float, message: Message) -> None:
    async with asyncio.timeout(seconds):
        await send(message)
