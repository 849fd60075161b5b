"""Measures acknowledged webhooks per second, and compares them with the same handler on a bus that writes nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

from bench.installation import open_shop, serve, started, without_sink
from bench.load import Load, run
from bench.report import ResultRow
from tests.live.installation import Running

CONNECTIONS = 32
ROUNDS = 2
LIMIT = 0.5


async def lines(engine: str, folder: Path, seconds: float, **environment: str) -> AsyncIterator[ResultRow]:
    """`pasokh serve ingest` alone. Both are measured in turns, so that other load on the machine affects both."""
    async with open_shop(folder, **environment):
        pass
    durable, free = serve(folder, "ingest", **environment), without_sink(folder, **environment)
    rates: dict[int, list[float]] = {0: [], 1: []}
    with started(durable), started(free):
        for number in range(2 * ROUNDS):
            which = number % 2
            rates[which].append(_rate((durable, free)[which], seconds, (number + 1) * 1_000_000))
    best, bare = max(rates[0]), max(rates[1])
    figures = f"{best:.0f}/s durable, {bare:.0f}/s without a bus; {CONNECTIONS} connections"
    yield ResultRow(f"ingest acknowledged, {engine}", figures, best / bare, LIMIT, least=True)


def _rate(installation: Running, seconds: float, first: int) -> float:
    run(Load(installation.port, 0.5, first, connections=CONNECTIONS))
    result = run(Load(installation.port, seconds, first + 500_000, connections=CONNECTIONS))
    return len(result.accepted) / result.seconds
