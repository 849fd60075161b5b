"""HTTP connections with limits: a head that is incomplete for too long, or is too long, closes its connection.

uvicorn limits only the idle time between requests. Without more limits, a client that sends one byte per second would
occupy a connection for ever, and an endless head would fill the memory.
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
    """The app that answers while the process has no free connection."""
    response = unavailable_response("This process has as many connections as it takes. Repeat the request.")
    response.headers["Connection"] = "close"
    await response(scope, receive, send)


def raw_response(status: int) -> bytes:
    """The bytes of the response to a request that cannot be read, before any app sees it."""
    response = problem_response(status, ERROR_RESPONSES[status], headers={"Connection": "close"})
    head = [f"HTTP/1.1 {status} {problem_title(status)}".encode(), *(b": ".join(pair) for pair in response.raw_headers)]
    return b"\r\n".join([*head, b"", bytes(response.body)])


class LingeringTransport:
    """A transport that closes without losing the response.

    Closing a socket while the client still sends resets the connection, and the client loses the response (for example
    a 413) before it has read it. So only the sending side is closed first, and received bytes are discarded for a
    while.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.is_unread = False
        self.is_lingering = False

    # Any: all other attributes are those of the transport.
    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self.is_lingering or self._transport.is_closing()

    def close(self) -> None:
        """Close immediately if the whole request was read, else when the client stops sending or after
        `LINGER_SECONDS`.
        """
        if self.is_closing() or not self.is_unread or not self._transport.can_write_eof():
            self._transport.close()
            return
        self.is_lingering = True
        self._transport.write_eof()
        self._transport.resume_reading()
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.close)


class BoundedConnection(HttpToolsProtocol):
    """One connection. A request line with its headers may take `HEADER_TIMEOUT_SECONDS` and about `MAX_HEAD_BYTES`.

    Where uvicorn would answer in plain text, it answers with a problem as all other errors do.
    """

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _lingering: LingeringTransport
    _entry: OpenConnection | None = None
    pool: OpenConnections
    """All connections of the server.

    The subclass that `bounded` makes sets it: uvicorn creates connections by class.
    """

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
        # uvicorn reads `self.app` for this one request only, so it is replaced for the call and put back.
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
        # By uvicorn's types the cycle is never None; before the first request it is.
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
    """The protocol class of a server with this pool of connections."""

    class ListenedConnection(BoundedConnection):
        pool = connections

    return ListenedConnection
