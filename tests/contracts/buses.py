"""Every adapter of the bus port, opened the same way: in the test's process, or in one that the test kills."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from services.platform.bus.kafka.bus import KafkaBus
from services.platform.bus.port import Assignment, Bus, Consumer, ProducerRecord, Record
from services.platform.bus.sqlite import SqliteBus
from services.platform.core.errors import Revoked
from services.platform.core.time_source import SystemTimeSource

SQLITE = "sqlite"
KAFKA = "kafka"
PARTITIONS = 3
TIMEOUT_SECONDS = 30.0
"""Seconds within which anything that happens by itself happens, rebalances on a busy machine included."""


@dataclass(frozen=True, slots=True)
class BusSite:
    """Where the log of a test is: an adapter, a path or URL, a namespace. Each opening is another connection to it."""

    adapter: str
    place: str
    namespace: str

    @asynccontextmanager
    async def open(self, partitions: int = PARTITIONS) -> AsyncIterator[Bus]:
        """Another connection, as another process would have it."""
        if self.adapter == KAFKA:
            async with KafkaBus.open(self.place, partitions=partitions, namespace=self.namespace) as kafka:
                yield kafka
        else:
            async with SqliteBus.open(Path(self.place), SystemTimeSource(), partitions=partitions) as sqlite:
                yield sqlite


def event(value: str | bytes = b"", *, topic: str = "inbound", partition: int = 0, key: str = "w/p") -> ProducerRecord:
    """An event, by default on partition 0 of `inbound`."""
    return ProducerRecord(topic, partition, key, value.encode() if isinstance(value, str) else value)


def events(values: Iterable[object], **where: object) -> list[ProducerRecord]:
    """An event for each value."""
    return [event(str(value), **where) for value in values]  # type: ignore[arg-type]  # `event` says what is allowed


def values(records: Iterable[Record]) -> list[str]:
    """What `events` was given."""
    return [record.value.decode() for record in records]


async def wait_for_partitions(consumer: Consumer, partitions: Iterable[int]) -> Assignment:
    """Wait until the consumer holds exactly these partitions."""
    known: Assignment = {}
    wanted = set(partitions)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while set(known) != wanted:
            known = await consumer.assignment(known)
    return known


async def poll_until_count(consumer: Consumer, partition: int, count: int, **limits: int) -> list[Record]:
    """Take until there are `count` records."""
    records: list[Record] = []
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while len(records) < count:
            records += await consumer.poll(partition, wait=TIMEOUT_SECONDS, **limits)
    return records


async def poll_through_outage(consumer: Consumer, bus: Bus, offsets: dict[str, int]) -> list[Record]:
    """Some records of partition 0 from `offsets`, which are moved on.

    A bus that was away may have given the partition up and won it anew: then its position is sought again, as owners do,
    and there is nothing yet.
    """
    try:
        records = await poll_until_count(consumer, 0, 1)
    except Revoked:
        with suppress(Revoked):
            await wait_for_partitions(consumer, range(bus.partitions))
            await consumer.seek(0, offsets)
        return []
    offsets.update({record.topic: record.offset + 1 for record in records})
    return records


@asynccontextmanager
async def reading(bus: Bus, *topics: str, group: str = "readers", partition: int = 0) -> AsyncIterator[Consumer]:
    """A member that holds everything and has sought the start of one partition."""
    async with bus.consume(group, topics or ("inbound",)) as consumer:
        await wait_for_partitions(consumer, range(bus.partitions))
        await consumer.seek(partition, {})
        yield consumer
