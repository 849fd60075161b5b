"""The contract of the bus port: reading in no group, on every adapter."""

import asyncio

from services.platform.bus.port import Bus, Record, Tail
from tests.contracts.buses import (
    PARTITIONS,
    TIMEOUT_SECONDS,
    BusSite,
    event,
    events,
    poll_until_count,
    reading,
    values,
)

ALL = range(PARTITIONS)


async def tailed(tail: Tail, count: int) -> list[Record]:
    """Poll until there are `count` records."""
    records: list[Record] = []
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while len(records) < count:
            records += await tail.poll(wait=TIMEOUT_SECONDS)
    return records


async def test_a_tail_reads_every_partition_from_the_moment_it_was_opened(bus: Bus) -> None:
    await bus.publish([event("before", partition=partition) for partition in ALL])
    async with bus.tail(["inbound", "sla"]) as tail:
        await bus.publish([event("after", partition=partition) for partition in ALL])
        await bus.publish([event("also", topic="sla", partition=1), event("another topic", topic="commands")])
        records = await tailed(tail, PARTITIONS + 1)
        assert await tail.poll(wait=0.1) == []
    found = sorted((r.topic, r.partition, r.offset, r.value.decode()) for r in records)
    assert found == [*(("inbound", partition, 1, "after") for partition in ALL), ("sla", 1, 0, "also")]


async def test_a_tail_keeps_the_order_of_each_partition(bus: Bus) -> None:
    async with bus.tail(["inbound"]) as tail:
        for n in range(0, 900, 100):
            await bus.publish(events(range(n, n + 100), partition=n // 100 % 2))
        records = await tailed(tail, 900)
    for partition in (0, 1):
        offsets = [record.offset for record in records if record.partition == partition]
        assert offsets == list(range(len(offsets)))


async def test_tails_poll_nothing_from_each_other_or_from_a_group(bus: Bus) -> None:
    async with reading(bus) as consumer, bus.tail(["inbound"]) as one, bus.tail(["inbound"]) as other:
        await bus.publish(events("abc"))
        assert values(await tailed(one, 3)) == values(await tailed(other, 3)) == ["a", "b", "c"]
        assert values(await poll_until_count(consumer, 0, 3)) == ["a", "b", "c"]


async def test_a_tail_reads_what_another_process_publishes(site: BusSite, bus: Bus) -> None:
    async with bus.tail(["inbound"]) as tail, site.open() as other:
        await other.publish([event("from elsewhere", partition=2)])
        assert values(await tailed(tail, 1)) == ["from elsewhere"]
