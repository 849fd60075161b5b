"""From the webhook to the assignment: calls at random moments from another process, each by a person of their own."""

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
"""In commits of the same disk (of 0.5 ms where it is faster): 25 ms and 100 ms."""
CPU_SECONDS = 0.002
ABORT_AFTER_SECONDS = 1.0
"""A median that waits so long says that more comes than is handled: a higher rate would only take longer to say it."""
PARTITIONS = "4"
"""On Kafka; 24, the default, are for many processes, and one has to hold them all here."""
WARM_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A load and what became of it. `cpu`: seconds of the whole process while it lasted."""

    rate: float
    result: Result
    times: Times
    cpu: float
    commit: float

    @property
    def waits(self) -> list[float]:
        """Seconds from the call to the assignment; who was taken and got none counts as waiting for ever."""
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
