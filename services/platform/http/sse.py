"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) as an answer.

FastAPI writes the format. Its own `EventSourceResponse` answers 200 before the first event is there, so that a refusal could
not be told any more, and waits for a slow client for ever: `EventStream` does neither.
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
    """One event. `data` is UTF-8 text."""
    # The id comes first: simple clients that read line by line have it when they meet the data.
    return format_id(identity).removesuffix(b"\n") + format_sse_event(event=event, data_str=data.decode())


def format_id(identity: str) -> bytes:
    """No event, but an id to resume from."""
    return format_sse_event(id=identity)


class EventStream(StreamingResponse):
    """Sends the chunks of a generator until it ends, the client disconnects or takes nothing for `send_seconds`.

    An HttpProblem or Unavailable before the first chunk is answered as such; after it, the stream ends.
    """

    media_type = "text/event-stream"

    def __init__(
        self, chunks: AsyncGenerator[bytes, None], status_code: int = 200, *, send_seconds: float = SEND_SECONDS
    ) -> None:
        # FastAPI reads the default of `status_code` for the OpenAPI document.
        # A proxy must neither cache nor buffer what is sent.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(chunks, status_code=status_code, headers=headers)
        self._chunks, self._send_seconds = chunks, send_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._chunks) as chunks:
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
