"""One address that sends slowly, or only holds connections: everybody else is served. Real sockets, in this process."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
from starlette.types import Receive, Scope, Send

from services.platform.http.admission import AdmissionControl
from services.platform.http.listen_address import bind
from services.platform.http.server import serve
from tests.ingest.harness import PATH, SECRET_HEADER, Ingest, update

ATTACKER, HONEST = "127.0.0.2", "127.0.0.1"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def ingest_served(most: int = 10_000, calls: int = 1_000) -> AsyncIterator[tuple[Ingest, int]]:
    """Ingest in memory behind the server of a process, and its port."""
    ingest = Ingest(admission=AdmissionControl(calls=calls))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await ingest.app(scope, receive, send)

    with bind("127.0.0.1", 0) as bound:
        async with serve(app, bound, most=most):
            yield ingest, bound.getsockname()[1]


async def connected(port: int, address: str) -> Connection:
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))


async def slow_body(port: int, address: str, sent: int, declared: int = 1_000_000) -> Connection:
    """A webhook whose body stops after `sent` bytes."""
    reader, writer = await connected(port, address)
    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {declared}\r\n\r\n".encode() + b"x" * sent)
    with suppress(ConnectionError):
        await writer.drain()
    return reader, writer


async def status_of(port: int, address: str, number: int) -> int:
    """The answer to an honest update."""
    body = update(number=number)
    reader, writer = await connected(port, address)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{SECRET_HEADER}: s3cret\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    async with asyncio.timeout(5):
        status = int((await reader.readline()).split()[1])
    await closed([(reader, writer)])
    return status


async def closed(connections: Sequence[Connection]) -> None:
    for _, writer in connections:
        writer.transport.abort()
    for _, writer in connections:
        with suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize("honest", [HONEST, ATTACKER])
@pytest.mark.parametrize(("count", "sent"), [(1100, 1), (70, 999_999)])
async def test_slow_bodies_of_one_address_cost_nobody_else_an_answer(honest: str, count: int, sent: int) -> None:
    async with ingest_served() as (ingest, port):
        slow: list[Connection] = []
        statuses: list[int] = []
        for number in range(count):
            slow.append(await slow_body(port, ATTACKER, sent))
            if number % 5 == 0:
                statuses.append(await status_of(port, honest, number))
        statuses += [await status_of(port, honest, count + number) for number in range(50)]
        assert set(statuses) == {200}
        assert ingest.count("published") == len(statuses)
        await closed(slow)


async def test_idle_connections_of_one_address_shut_nobody_out() -> None:
    most = 400
    async with ingest_served(most) as (_, port):
        idle = [await connected(port, ATTACKER) for _ in range(most + 100)]
        statuses = [await status_of(port, HONEST, number) for number in range(50)]
        statuses += [await status_of(port, ATTACKER, 50 + number) for number in range(50)]
        assert set(statuses) == {200}
        dropped = [reader for reader, _ in idle if reader.at_eof() or reader.exception() is not None]
        assert len(dropped) >= 100
        await closed(idle)


async def test_a_slow_sender_is_told_that_it_lost_its_place() -> None:
    async with ingest_served(calls=1) as (_, port):
        reader, writer = await slow_body(port, ATTACKER, 10)
        assert await status_of(port, HONEST, 1) == 200
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith("http/1.1 503")
        assert "retry-after: 1" in head
        assert "connection: close" in head
        await closed([(reader, writer)])
