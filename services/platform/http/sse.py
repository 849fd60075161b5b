"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) as an answer."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.platform.core.errors import Unavailable
from services.platform.http.problems import HttpProblem

SEND_SECONDS = 20.0
HEARTBEAT = b": still here\n\n"
log = structlog.get_logger(__name__)


def format_event(data: bytes, *, identity: str, event: str) -> bytes:
    """One event. `data` is one line."""
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (identity.encode(), event.encode(), data)


def format_id(identity: str) -> bytes:
    """No event, but an id to resume from."""
    return b"id: %s\n\n" % identity.encode()


class EventStream(Response):
    """Sends what the generator yields, until it ends or the client goes or takes nothing for `SEND_SECONDS`.

    A Refusal or Unavailable before the first piece is answered as such; after it, the stream ends.
    """

    media_type = "text/event-stream"

    def __init__(self, pieces: AsyncGenerator[bytes, None], status_code: int = 200) -> None:
        # A proxy must neither keep nor gather what is sent.
        super().__init__(status_code=status_code, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._pieces = pieces

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._pieces) as pieces:
            first = await anext(pieces)
            sending = asyncio.create_task(self._send(first, pieces, send))
            leaving = asyncio.create_task(_is_disconnected(receive))
            try:
                await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (sending, leaving):
                    task.cancel()
                await asyncio.wait({sending, leaving})
            if not sending.cancelled():
                sending.result()

    async def _send(self, first: bytes, pieces: AsyncIterator[bytes], send: Send) -> None:
        try:
            await _in_time(send, {"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await _in_time(send, {"type": "http.response.body", "body": first, "more_body": True})
            async for piece in pieces:
                await _in_time(send, {"type": "http.response.body", "body": piece, "more_body": True})
        except TimeoutError:
            log.info("slow_stream_dropped")
            return
        except (HttpProblem, Unavailable) as error:
            log.info("stream_ended", reason=str(error))
        await _in_time(send, {"type": "http.response.body", "body": b"", "more_body": False})


async def _in_time(send: Send, message: dict[str, object]) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send(message)


async def _is_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
