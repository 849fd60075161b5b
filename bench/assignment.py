"""Measures the time from webhook to assignment. Another process calls at random moments, each time for a new person."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from bench.assigned import EmbeddedLog, KafkaLog, Times, wait_for
from bench.installation import cpu_seconds, open_shop, wait_until_idle
from bench.load import Load, Result, run
from bench.report import FAST_COMMIT, ResultRow, bare_commits, percentile
from tests.live.installation import Running

RATES = (100.0, 300.0)
LIMITS = {0.5: 50.0, 0.99: 200.0}
"""Limits in commits of the same disk (at least 0.5 ms each): 25 ms and 100 ms on the reference disk."""
CPU_SECONDS = 0.002
ABORT_AFTER_SECONDS = 1.0
"""A median of this many seconds means overload: higher rates are not measured any more."""
PARTITIONS = "4"
"""The partitions on Kafka. The default of 24 is for many processes; here one process owns all of them."""
WARM_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A load and its result. `cpu` are the CPU seconds of the process during the load."""

    rate: float
    result: Result
    times: Times
    cpu: float
    commit: float

    @property
    def waits(self) -> list[float]:
        """The seconds from each accepted call to the assignment; infinite without an assignment."""
        return [self.times.get(sent.person, float("inf")) - sent.at for sent in self.result.accepted]


async def embedded(folder: Path, seconds: float) -> AsyncIterator[ResultRow]:
    """`pasokh up` on SQLite."""
    async with open_shop(folder) as installation:
        log = EmbeddedLog(folder)
        async for measured in _measured(installation, folder, seconds, log.read):
            for line in _lines("embedded", measured, extra=measured.commit):
                yield line


async def on_kafka(folder: Path, seconds: float, url: str) -> AsyncIterator[ResultRow]:
    """`pasokh up` on Kafka of `PARTITIONS`, with SQLite for the store: all services in the one process."""
    namespace = f"bench-{uuid4().hex[:8]}"
    async with (
        open_shop(folder, PASOKH_BUS=url, PASOKH_NAMESPACE=namespace, PASOKH_PARTITIONS=PARTITIONS) as installation,
        KafkaLog(url, namespace) as log,
    ):
        async for measured in _measured(installation, folder, seconds, log.read):
            for line in _lines("Kafka", measured, extra=0.0):
                yield line


async def _measured(
    installation: Running, folder: Path, seconds: float, read: Callable[[], Awaitable[Times]]
) -> AsyncIterator[Measured]:
    first = 1_000_000
    await _load(installation, Load(installation.port, min(WARM_SECONDS, seconds), first, rate=50.0), read)
    for rate in RATES:
        first += 1_000_000
        before, used = bare_commits(folder), cpu_seconds(installation)
        result, times = await _load(installation, Load(installation.port, seconds, first, rate=rate), read)
        cpu = cpu_seconds(installation) - used
        commit = percentile([*before, *bare_commits(folder)], 0.5)
        measured = Measured(rate, result, times, cpu, commit)
        yield measured
        if percentile(measured.waits, 0.5) > ABORT_AFTER_SECONDS:
            return


async def _load(installation: Running, load: Load, read: Callable[[], Awaitable[Times]]) -> tuple[Result, Times]:
    result = run(load)
    times = await wait_for(read, {sent.person for sent in result.accepted})
    await wait_until_idle()
    return result, times


def _lines(engine: str, measured: Measured, extra: float) -> list[ResultRow]:
    waits = [wait + extra for wait in measured.waits]
    name, unit = f"webhook to assigned, {engine}, {measured.rate:.0f}/s", max(measured.commit, FAST_COMMIT)
    took_p50 = percentile([sent.took for sent in measured.result.accepted], 0.5)
    refused = len(measured.result.sent) - len(measured.result.accepted)
    context = {
        0.5: f"commit {measured.commit * 1000:.2f} ms, acknowledged in {took_p50 * 1000:.1f} ms",
        0.99: f"{len(measured.times)} of {len(waits)} assigned, {refused} refused",
    }
    lines = [
        ResultRow(f"{name} p{share * 100:.0f}", f"{at * 1000:.1f} ms; {context[share]}", at / unit, limit)
        for share, limit in LIMITS.items()
        for at in [percentile(waits, share)]
    ]
    each = measured.cpu / len(waits)
    figures = f"{each * 1000:.2f} ms a message; calls sent at most {measured.result.late_seconds * 1000:.0f} ms late"
    return [*lines, ResultRow(f"{name} CPU", figures, each / CPU_SECONDS, 1.0)]
