"""HTTP connections with an end to waiting: a head that is not complete in time or is too long ends its connection.

uvicorn bounds only how long an idle connection is kept between requests. Without more, a client that sends one byte a
second holds a connection for ever, and a head without end is kept in memory.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 65_536
LINGER_SECONDS = 2.0
REFUSALS = {408: b"408 Request Timeout", 431: b"431 Request Header Fields Too Large"}


class LingeringTransport:
    """A transport that can be told to close softly.

    Closing a socket while the client still sends resets the connection, and the client loses the answer (a 413, say)
    before it has read it. So the sending side is closed first, and what still comes is thrown away for a while.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.unread = False
        self.lingers = False

    # Any: everything but `close` is the transport's own.
    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self.lingers or self._transport.is_closing()

    def close(self) -> None:
        """At once when the whole request was read, else at the end of the client's sending or `LINGER_SECONDS`."""
        if self.is_closing() or not self.unread or not self._transport.can_write_eof():
            self._transport.close()
            return
        self.lingers = True
        self._transport.write_eof()
        self._transport.resume_reading()
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.close)


class BoundedConnection(HttpToolsProtocol):
    """One connection. A request line and its headers take at most `HEAD_SECONDS` and about `MAX_HEAD_BYTES`."""

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _lingering: LingeringTransport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn declares it
        self._lingering = LingeringTransport(transport)
        super().connection_made(cast(asyncio.Transport, self._lingering))
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._lingering.lingers:
            return
        if self._deadline is None and self._is_idle():
            self._expect_head()
        self._head_bytes += len(data)
        super().data_received(data)
        if self._deadline is not None and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(431)

    def on_headers_complete(self) -> None:
        self._head_is_complete()
        self._lingering.unread = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._lingering.unread = False
        super().on_message_complete()

    def _is_idle(self) -> bool:
        # uvicorn types the cycle as always there; before the first request it is None.
        cycle = getattr(self, "cycle", None)
        return cycle is None or cycle.response_complete

    def _expect_head(self) -> None:
        self._head_bytes = 0
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._refuse, 408)

    def _head_is_complete(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: int) -> None:
        self._head_is_complete()
        if self.transport.is_closing():
            return
        if self._head_bytes:
            self.transport.write(b"HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: 0\r\n\r\n" % REFUSALS[status])
        self.transport.close()
