"""Reads request bodies with limits on bytes, time and nesting. Routes and raw ASGI apps use it."""

import asyncio
import re
from collections.abc import Iterable

from starlette.types import Receive

MAX_BODY_BYTES = 1_000_000
BODY_SECONDS = 15.0
MAX_DEPTH = 64

# An unterminated string matches to the end, and nothing is matched twice: hostile bytes take linear time too.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


class BodyTooLarge(Exception):
    """More bytes than `limit` were declared or sent: 413."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"a body has at most {limit} bytes")
        self.limit = limit


class BodyTimeout(Exception):
    """The body was not complete in time: 408."""


class ClientDisconnected(Exception):
    """The client disconnected before its body was complete. A response could not be delivered."""


async def read_body(
    receive: Receive,
    headers: Iterable[tuple[bytes, bytes]] = (),
    *,
    limit: int = MAX_BODY_BYTES,
    seconds: float = BODY_SECONDS,
) -> bytes:
    """The whole body of an ASGI request.

    `headers` are those of the scope: a declared length over `limit` is refused first.

    Raises BodyTooLarge, BodyTimeout (`seconds` from this call), ClientDisconnected.
    """
    if declared_length(headers) > limit:
        raise BodyTooLarge(limit)
    try:
        async with asyncio.timeout(seconds):
            return await _read_chunks(receive, limit)
    except TimeoutError as error:
        raise BodyTimeout from error


def declared_length(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """`Content-Length` of ASGI headers (names in lower case); 0 if it is absent or no number."""
    for name, value in headers:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


async def _read_chunks(receive: Receive, limit: int) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge(limit)
        more = message.get("more_body", False)
    return bytes(body)


def too_deep(body: bytes, limit: int = MAX_DEPTH) -> bool:
    """Whether JSON bytes nest arrays and objects deeper than `limit`. Linear in time, valid JSON or not."""
    if body.count(b"[") + body.count(b"{") <= limit:
        return False
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > limit:
            return True
    return False
