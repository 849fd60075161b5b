"""A minute of the distributed system: a router, an sla and Kafka restart in it, and afterwards every message is
accounted for.

The processes are those of docker-compose.yml on this one machine, with everything else that runs here: the platform,
the agents, Kafka, the store, the proxy, Prometheus. What was wrong is told line by line.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.report import ResultRow, percentile
from tests.live.minute import figures, first_response, panels
from tests.live.minute.plan import Plan
from tests.live.minute.run import RunResult, live
from tests.live.minute.violations import violations
from tests.live.topology import Topology, whole
from tests.live.waiting import eventually_sync
from tests.live_servers.mongo import open_mongo
from tests.live_servers.server import Server, free_ports

PROMISE_SHARE = 1 / 3
"""The share of the time until a first response is due, so that clocks come due during the restarts."""
RATE_ON_MONGO, RATE_ON_SQLITE = 30.0, 300.0
"""The default rate. The stand-in for MongoDB cannot do more."""
MIN_RATE_SHARE = 0.95
SCRAPED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Run:
    """The measurement: `rate` messages per second for `seconds`, on the store of the URL."""

    name: str
    store: str
    seconds: float
    rate: float


async def on_mongo(folder: Path, kafka: Server, seconds: float, rate: float | None) -> AsyncIterator[ResultRow]:
    """Measure on MongoDB, or on its stand-in."""
    mongo = await asyncio.to_thread(open_mongo)
    try:
        async for line in _lines(folder, Run("MongoDB wire", mongo.url, seconds, rate or RATE_ON_MONGO), kafka):
            yield line
    finally:
        mongo.close()


def on_sqlite(folder: Path, kafka: Server, seconds: float, rate: float | None) -> AsyncIterator[ResultRow]:
    """Measure with all processes on one SQLite file."""
    store = f"sqlite:///{folder / 'pasokh.db'}"
    return _lines(folder, Run("SQLite", store, seconds, rate or RATE_ON_SQLITE), kafka)


async def _lines(folder: Path, run: Run, kafka: Server) -> AsyncIterator[ResultRow]:
    [port] = free_ports(1)
    plan = Plan(run.rate, run.seconds, PROMISE_SHARE * run.seconds, "shop")
    with whole(folder, kafka.url, run.store, port) as topology:
        result = await live(topology, kafka, plan, port)
        empty = await asyncio.to_thread(_empty, topology)
    for line in _result_rows(f"minute, {run.name}, {plan.rate:g}/s", result, empty):
        yield line


def _empty(topology: Topology) -> list[panels.Query]:
    # The rows say which panels stay without data.
    with suppress(AssertionError):
        eventually_sync(lambda: not panels.empty(topology), SCRAPED_SECONDS)
    return panels.empty(topology)


def _result_rows(name: str, run: RunResult, empty: list[panels.Query]) -> Iterator[ResultRow]:
    wrong = violations(run.found)
    yield _posts(name, run)
    yield from _speed(name, run)
    yield from _restarts(name, run)
    yield from _cpu(name, run)
    yield _first_responses(name, run)
    queries = sum(len(panels.queries_of(path)) for path in panels.DASHBOARDS)
    yield ResultRow(
        f"{name}: panels without data", f"{queries - len(empty)} of {queries} queries with data", len(empty), 0
    )
    yield from (ResultRow("", f"{query.page}, {query.title}: {query.expr}") for query in empty)
    yield ResultRow(f"{name}: lost, doubled or wrong", _counted(run), len(wrong), 0)
    yield from (ResultRow("", text) for text in wrong)


def _posts(name: str, run: RunResult) -> ResultRow:
    posts = run.found.posts
    statuses = ", ".join(f"{number} × {status}" for status, number in sorted(posts.met.items()))
    accepted = f"{len(posts.accepted)} of {len(posts.posted)} updates taken"
    return ResultRow(
        f"{name}: posts", f"{accepted}; answers {statuses} (0: none); sent at most {posts.late * 1000:.0f} ms late"
    )


def _speed(name: str, run: RunResult) -> Iterator[ResultRow]:
    collected = run.found
    handled, posted = (
        figures.per_second(figures.handled(collected)),
        len(collected.posts.posted) / collected.plan.seconds,
    )
    yield ResultRow(f"{name}: held", f"{handled:.1f}/s of {posted:.1f}/s", handled / posted, MIN_RATE_SHARE, least=True)
    waits = figures.waits(figures.assigned(collected))
    shares = ", ".join(f"p{share * 100:.0f} {percentile(waits, share) * 1000:.0f} ms" for share in (0.5, 0.9, 0.99))
    yield ResultRow(f"{name}: webhook to assigned", f"{shares} of {len(waits)}, restarts and repeated posts included")


def _restarts(name: str, run: RunResult) -> Iterator[ResultRow]:
    for recovery in figures.caught_up(run.found):
        restart = recovery.restarted
        after = "not before the next" if recovery.after is None else f"{recovery.after:.1f} s"
        detail = f"back after {restart.away:.1f} s, caught up after {after}"
        yield ResultRow(f"{name}: {restart.restart.what}, {restart.restart.how}", detail)


def _cpu(name: str, run: RunResult) -> Iterator[ResultRow]:
    messages = max(1, len(run.found.posts.accepted))
    each = ", ".join(f"{service} {used / messages * 1000:.2f}" for service, used in sorted(run.cpu.items()))
    yield ResultRow(f"{name}: CPU, ms a message", each)


def _first_responses(name: str, run: RunResult) -> ResultRow:
    reported, bounds = first_response.reported(run.found), first_response.bounds(run.found)
    if not bounds or reported.mean is None:
        return ResultRow(f"{name}: first responses", f"{reported.count} in the report, {len(bounds)} seen")
    outside = sum(b.least for b in bounds) / len(bounds), sum(b.most for b in bounds) / len(bounds)
    detail = f"{reported.count}, mean {reported.mean:.3f} s, p50 {reported.p50:.3f}, p90 {reported.p90:.3f}, p95 {reported.p95:.3f}"
    return ResultRow(
        f"{name}: first responses", f"{detail}; callers saw a mean of {outside[0]:.3f} to {outside[1]:.3f} s"
    )


def _counted(run: RunResult) -> str:
    collected = run.found
    ends: dict[str, int] = {}
    for message in collected.records.outbound():
        word = message["error"]["code"] if message["error"] else message["state"]
        ends[word] = ends.get(word, 0) + 1
    replies = ", ".join(f"{number} {word}" for word, number in sorted(ends.items()))
    inbound = sum(1 for _ in collected.records.inbound())
    return (
        f"{inbound} messages in {len(collected.records.conversations)} conversations, replies {replies}; "
        f"{collected.log.repeats} events published again, {collected.dead_letters} dead letters"
    )
