"""Raw HTTP/1.1 over a kept connection, because a client library would cost more than what is measured with it."""

import asyncio
from typing import NamedTuple, cast


class Answer(NamedTuple):
    """`status` 0: the connection ended without one. `retry_after` in seconds, where the answer says so."""

    status: int
    retry_after: float | None = None


NONE = Answer(0)


class Connection(asyncio.Protocol):
    """One kept connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[Answer] | None = None

    @property
    def usable(self) -> bool:
        """Whether the other end has kept it."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head) and self._answer is not None and not self._answer.done():
            self._received = b""
            self._answer.set_result(_answer(head))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(NONE)

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def request(self, request: bytes) -> "asyncio.Future[Answer]":
        """What is answered; a connection that ended answers `NONE`."""
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport is not None and self.usable:
            self._transport.write(request)
        else:
            self._answer.set_result(NONE)
        return self._answer


async def connected(port: int) -> Connection:
    """A connection to 127.0.0.1. Raises OSError."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


def _answer(head: bytes) -> Answer:
    status = int(head[9:12])
    if status < 400:
        return Answer(status)
    said = _header(head, b"retry-after")
    return Answer(status, float(said) if said.isdigit() else None)


def _length(head: bytes) -> int:
    return int(_header(head, b"content-length") or 0)


def _header(head: bytes, wanted: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == wanted:
            return value.strip()
    return b""
