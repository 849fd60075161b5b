"""`pasokh serve ingest` with a bus that writes nothing, to measure the handler alone.

Settings are `PASOKH_*` as usual.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from services.cli.run_process import run_in_foreground
from services.composition import process_for
from services.platform.bus.port import Bus, Consumer, ProducerRecord, Replace, Tail
from services.platform.core.settings import Settings
from services.platform.http.service import Context, DeclaredService, ServiceComponents


class Acknowledging:
    """A bus without a log, which acknowledges everything immediately."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    @property
    def partitions(self) -> int:
        return self._bus.partitions

    async def publish(self, events: Sequence[ProducerRecord]) -> None:
        """Discard the records."""

    def consume(self, group: str, topics: Sequence[str]) -> AbstractAsyncContextManager[Consumer]:
        return self._bus.consume(group, topics)

    def tail(self, topics: Sequence[str]) -> AbstractAsyncContextManager[Tail]:
        return self._bus.tail(topics)

    async def end_offsets(self, topics: Sequence[str], partition: int) -> dict[str, int]:
        return await self._bus.end_offsets(topics, partition)

    async def overwrite(self, term: str, ends: Mapping[tuple[str, int], int], replace: Replace) -> int | None:
        return await self._bus.overwrite(term, ends, replace)

    async def check(self) -> None:
        """Never fails."""


def without_sink(service: DeclaredService) -> DeclaredService:
    """The service ingest in a process with this bus."""

    def opened(context: Context) -> AbstractAsyncContextManager[ServiceComponents]:
        return service.open(replace(context, bus=Acknowledging(context.bus)))

    return replace(service, open=opened)


def main() -> None:
    """Serve until a signal."""
    process = process_for("ingest")
    run_in_foreground(replace(process, services=[without_sink(service) for service in process.services]), Settings())


if __name__ == "__main__":
    main()
