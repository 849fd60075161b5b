"""What a channel's `verify` and `parse` cost, against uvicorn that only reads the same bodies. CPU time, in one run.

The bodies are the fixtures of `tests/channels/<name>/payloads`, each as its platform calls.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.report import ResultRow
from services.channels.port import Account, Channel, InvalidPayload, Request
from tests.channels.test_every_channel import WITH_WEBHOOKS, account_for, authentic, cases_of
from tests.live.connection import Connection, connected
from tests.live_servers.process import Process
from tests.live_servers.server import free_ports

LIMIT = 3.0
"""Verify and parse take at most so many times what uvicorn takes to read the body. Mail has a limit of its own."""
MAIL_LIMIT = 30.0
CONNECTIONS = 8
ROUNDS, REPEATS = 3, 30
START_SECONDS, POLL_SECONDS = 10.0, 0.05


@dataclass(frozen=True, slots=True)
class Call:
    """An authentic call of a platform, and the account that it is for."""

    name: str
    request: Request
    account: Account


@dataclass(frozen=True, slots=True)
class Cost:
    """The CPU seconds of a body: read by uvicorn, verified, parsed; and the fixture that takes longest to parse."""

    bare: float
    verify: float
    parse: float
    slowest: str
    slowest_parse: float


async def rows(folder: Path, seconds: float) -> AsyncIterator[ResultRow]:
    """A line for each channel that has webhooks."""
    [port] = free_ports(1)
    with _bare_server(folder, port) as server:
        await _until_served(port)
        for channel in WITH_WEBHOOKS:
            calls = calls_of(channel)
            yield _row(channel, len(calls), await _measure(channel, calls, server, port, seconds))


def calls_of(channel: Channel) -> list[Call]:
    """The fixtures of a channel."""
    cases = cases_of(channel)
    paths = sorted(cases.PAYLOADS.iterdir())
    return [Call(path.name, authentic(cases, path), account_for(cases, path)) for path in paths]


def _row(channel: Channel, bodies: int, cost: Cost) -> ResultRow:
    figures = (
        f"uvicorn {cost.bare * 1e6:.0f} µs, verify {cost.verify * 1e6:.0f}, parse {cost.parse * 1e6:.0f} "
        f"({bodies} bodies; {cost.slowest} {cost.slowest_parse * 1e6:.0f})"
    )
    limit = MAIL_LIMIT if channel.capabilities.pace == "mail" else LIMIT
    return ResultRow(f"verify + parse, {channel.name}", figures, (cost.verify + cost.parse) / cost.bare, limit)


async def _measure(channel: Channel, calls: Sequence[Call], server: psutil.Process, port: int, seconds: float) -> Cost:
    # In turns, so that a machine that grows busy slows all; the minimum counts, since other load only adds time.
    rounds = [
        (
            await _bare(calls, server, port, seconds / ROUNDS),
            [_seconds(lambda call=call: channel.verify(call.request, call.account)) for call in calls],  # type: ignore[misc] # mypy infers no default
            [_seconds(lambda call=call: _parse(channel, call)) for call in calls],  # type: ignore[misc] # mypy infers no default
        )
        for _ in range(ROUNDS)
    ]
    parse = {call.name: min(one[2][n] for one in rounds) for n, call in enumerate(calls)}
    slowest = max(parse, key=lambda name: parse[name])
    return Cost(
        bare=min(one[0] for one in rounds),
        verify=min(statistics.mean(one[1]) for one in rounds),
        parse=statistics.mean(parse.values()),
        slowest=slowest,
        slowest_parse=parse[slowest],
    )


def _parse(channel: Channel, call: Call) -> None:
    try:
        channel.parse(call.request, call.account)
    except InvalidPayload:
        return


def _seconds(work: Callable[[], object]) -> float:
    """The seconds of one call: the minimum of some repeats, which nothing else interrupted."""
    return min(_once(work) for _ in range(REPEATS))


def _once(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


# -- the bare server ---------------------------------------------------------------------------------------------------


async def _bare(calls: Sequence[Call], server: psutil.Process, port: int, seconds: float) -> float:
    """The CPU seconds of the server for a body."""
    messages = [_bytes(call.request, port) for call in calls]
    connections = await asyncio.gather(*(connected(port) for _ in range(CONNECTIONS)))
    used, until = _cpu(server), time.monotonic() + seconds
    counts = await asyncio.gather(*(_post(one, messages, until, n) for n, one in enumerate(connections)))
    spent = _cpu(server) - used
    for connection in connections:
        connection.close()
    return spent / sum(counts)


async def _post(connection: Connection, messages: Sequence[bytes], until: float, number: int) -> int:
    while time.monotonic() < until:
        answer = await connection.request(messages[number % len(messages)])
        if answer.status != 200:
            raise ConnectionError(f"the bare server answered {answer.status}")
        number += CONNECTIONS
    return number // CONNECTIONS


def _bytes(request: Request, port: int) -> bytes:
    given = {"host": f"127.0.0.1:{port}", **request.headers, "content-length": str(len(request.body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    target = f"{request.path}?{request.raw_query}" if request.raw_query else request.path
    return f"{request.method} {target} HTTP/1.1\r\n{head}\r\n".encode() + request.body


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def _bare_server(folder: Path, port: int) -> Iterator[psutil.Process]:
    path = f"PYTHONPATH={Path.cwd()}"
    process = Process(["env", path, sys.executable, "-m", "bench.bare_server", str(port)], folder)
    process.start()
    try:
        yield psutil.Process(process.pid)
    finally:
        process.stop()


async def _until_served(port: int) -> None:
    for _ in range(int(START_SECONDS / POLL_SECONDS)):
        try:
            (await connected(port)).close()
        except OSError:
            await asyncio.sleep(POLL_SECONDS)
        else:
            return
    raise TimeoutError("the bare server does not listen")
