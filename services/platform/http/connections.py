"""HTTP connections with an end to waiting: a head that is not complete in time or is too long ends its connection.

uvicorn bounds only how long an idle connection is kept between requests. Without more, a client that sends one byte a
second holds a connection for ever, and a head without end is kept in memory.
"""

import asyncio
from typing import Any, cast

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.platform.http.open_connections import OpenConnection, OpenConnections
from services.platform.http.problems import problem_response, problem_title, unavailable_response

HEADER_TIMEOUT_SECONDS = 10.0
MAX_HEAD_BYTES = 65_536
LINGER_SECONDS = 2.0
ERROR_RESPONSES = {
    400: "This is no HTTP/1.1 request.",
    408: f"The head of the request was not complete within {HEADER_TIMEOUT_SECONDS:g} seconds.",
    431: f"The head of a request has at most {MAX_HEAD_BYTES} bytes.",
}


async def too_many_connections(scope: Scope, receive: Receive, send: Send) -> None:
    """The app that is asked while there are as many connections as the process takes."""
    response = unavailable_response("This process has as many connections as it takes. Repeat the request.")
    response.headers["Connection"] = "close"
    await response(scope, receive, send)


def raw_response(status: int) -> bytes:
    """What is said, before any app is asked, to a request that cannot be read."""
    response = problem_response(status, ERROR_RESPONSES[status], headers={"Connection": "close"})
    head = [f"HTTP/1.1 {status} {problem_title(status)}".encode(), *(b": ".join(pair) for pair in response.raw_headers)]
    return b"\r\n".join([*head, b"", bytes(response.body)])


class LingeringTransport:
    """A transport that can be told to close softly.

    Closing a socket while the client still sends resets the connection, and the client loses the answer (a 413, say)
    before it has read it. So the sending side is closed first, and what still comes is thrown away for a while.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.is_unread = False
        self.is_lingering = False

    # Any: everything but `close` is the transport's own.
    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self.is_lingering or self._transport.is_closing()

    def close(self) -> None:
        """At once when the whole request was read, else at the end of the client's sending or `LINGER_SECONDS`."""
        if self.is_closing() or not self.is_unread or not self._transport.can_write_eof():
            self._transport.close()
            return
        self.is_lingering = True
        self._transport.write_eof()
        self._transport.resume_reading()
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.close)


class BoundedConnection(HttpToolsProtocol):
    """One connection. A request line and its headers take at most `HEADER_TIMEOUT_SECONDS` and about `MAX_HEAD_BYTES`.

    What uvicorn itself would answer in plain text is answered as every other error is.
    """

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _lingering: LingeringTransport
    _entry: OpenConnection | None = None
    pool: OpenConnections
    """All connections of the server; a subclass has it (`bounded`)."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn declares it
        self._lingering = LingeringTransport(transport)
        super().connection_made(cast(asyncio.Transport, self._lingering))
        self._entry = self.pool.add(self.client[0] if self.client else "unknown", self._close_for_room)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave_pool()
        self._head_is_complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._lingering.is_lingering:
            return
        if self._deadline is None and self._is_idle():
            self._expect_head()
        self._head_bytes += len(data)
        super().data_received(data)
        if self._deadline is not None and self._head_bytes > MAX_HEAD_BYTES:
            self._reject(431)

    def on_headers_complete(self) -> None:
        self._head_is_complete()
        if self._entry is not None:
            self.pool.mark_busy(self._entry)
        self._lingering.is_unread = True
        app = self.app
        if self._is_full():
            self.app = too_many_connections
        super().on_headers_complete()
        self.app = app

    def on_message_complete(self) -> None:
        self._lingering.is_unread = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._entry is not None and self._is_idle():
            self.pool.mark_idle(self._entry)

    def send_400_response(self, msg: str) -> None:
        self.transport.write(raw_response(400))
        self.transport.close()

    def _is_full(self) -> bool:
        return self.pool.is_full or len(self.tasks) >= self.pool.limit

    def _close_for_room(self) -> None:
        self._leave_pool()
        self._lingering.abort()

    def _leave_pool(self) -> None:
        if self._entry is not None:
            self.pool.remove(self._entry)
            self._entry = None

    def _is_idle(self) -> bool:
        # uvicorn types the cycle as always there; before the first request it is None.
        cycle = getattr(self, "cycle", None)
        return cycle is None or cycle.response_complete

    def _expect_head(self) -> None:
        self._head_bytes = 0
        self._deadline = self.loop.call_later(HEADER_TIMEOUT_SECONDS, self._reject, 408)

    def _head_is_complete(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _reject(self, status: int) -> None:
        self._head_is_complete()
        if self.transport.is_closing():
            return
        if self._head_bytes:
            self.transport.write(raw_response(status))
        self.transport.close()


def bounded(connections: OpenConnections) -> type[BoundedConnection]:
    """The protocol of a server that has these connections."""

    class ListenedConnection(BoundedConnection):
        pool = connections

    return ListenedConnection
