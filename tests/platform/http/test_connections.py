"""What a connection answers before any app is asked: as every other error is, and then it ends."""

import asyncio
import json
from typing import Any

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from uvicorn.server import ServerState

from services.platform.http.connections import bounded
from services.platform.http.open_connections import OpenConnections

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Wire(asyncio.Transport):
    """The client's side: what it was told, and whether the server hung up."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 5), "sockname": ("192.0.2.2", 80)})
        self.told = b""
        self.closed = False

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        self.told += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return False

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def answer_to(sent: bytes, most: int = 100) -> tuple[int, dict[str, str], bytes, bool]:
    """Status, headers and body of the answer to these bytes, and whether the connection ended."""
    config = uvicorn.Config(PlainTextResponse("hello"), ws="none", log_config=None)
    config.load()
    connection, wire = bounded(OpenConnections(most))(config, ServerState(), {}), Wire()
    connection.connection_made(wire)
    connection.data_received(sent)
    for _ in range(20):
        await asyncio.sleep(0)
    head, _, body = wire.told.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    hung_up = wire.closed
    connection.connection_lost(None)
    return int(first.split()[1]), {k.lower(): v for k, v in (one.split(": ", 1) for one in lines)}, body, hung_up


async def test_a_request_is_answered_by_the_app() -> None:
    status, _, body, closed = await answer_to(GET)
    assert (status, body, closed) == (200, b"hello", False)


@pytest.mark.parametrize("sent", [b"\x00\xff\r\n\r\n", b"FOO / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])
async def test_what_is_no_request_is_told_so_and_hung_up_on(sent: bytes) -> None:
    status, headers, body, closed = await answer_to(sent)
    assert (status, headers["content-type"], closed) == (400, "application/problem+json", True)
    assert headers["content-length"] == str(len(body))
    assert json.loads(body)["status"] == 400


async def test_a_head_that_is_too_long_is_told_so() -> None:
    status, headers, body, closed = await answer_to(b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000)
    assert (status, headers["content-type"], closed) == (431, "application/problem+json", True)
    assert json.loads(body)["title"] == "Request Header Fields Too Large"


async def test_where_there_is_no_room_a_client_is_told_when_to_come_again() -> None:
    status, headers, body, _ = await answer_to(GET, most=1)
    assert (status, headers["content-type"]) == (503, "application/problem+json")
    assert headers["retry-after"].isdigit()
    assert headers["connection"] == "close"
    assert json.loads(body)["status"] == 503
