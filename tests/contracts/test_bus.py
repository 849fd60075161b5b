"""The contract of the bus port: publishing, on every adapter."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.platform.bus.port import MAX_EVENT_BYTES, Bus, Consumer, partition_for
from services.platform.core.errors import Misconfigured, TooLarge, Unavailable
from tests.contracts.buses import (
    PARTITIONS,
    TIMEOUT_SECONDS,
    BusSite,
    event,
    events,
    poll_until_count,
    reading,
    values,
    wait_for_partitions,
)

ALL = range(PARTITIONS)
# One bus serves all examples of a property: each reads from where the log ended before it.
many_examples = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
async def reader(bus: Bus) -> AsyncIterator[Consumer]:
    """A member that holds everything of `inbound`."""
    async with bus.consume("order", ["inbound"]) as consumer:
        await wait_for_partitions(consumer, ALL)
        yield consumer


async def test_what_is_published_is_read_as_it_was(bus: Bus) -> None:
    one = event(bytes(range(256)), partition=1, key="فروشگاه/telegram:main:۱")
    await bus.publish([one])
    async with reading(bus, partition=1) as consumer:
        [record] = await poll_until_count(consumer, 1, 1)
    assert (record.topic, record.partition, record.offset) == ("inbound", 1, 0)
    assert (record.key, record.value) == (one.key, one.value)


async def test_nothing_to_publish_is_published_at_once(bus: Bus) -> None:
    await bus.publish([])
    assert await bus.end_offsets(["inbound"], 0) == {"inbound": 0}


@many_examples
@given(batches=st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=40), min_size=1, max_size=8))
async def test_events_of_a_key_are_read_in_the_order_of_their_publishing(
    bus: Bus, reader: Consumer, batches: list[list[int]]
) -> None:
    """Five writers, each of one key, publish at the same time; the batches of each come one after the other."""
    starts = [await bus.end_offsets(["inbound"], p) for p in ALL]
    sent: dict[str, list[str]] = {f"w/{uuid4()}": [] for _ in range(5)}

    async def write(key: str, number: int) -> None:
        for n, batch in enumerate(batches):
            mine = [f"{n}.{i}" for i, chosen in enumerate(batch) if chosen >= number]
            sent[key] += mine
            await bus.publish(events(mine, key=key, partition=partition_for(key, bus.partitions)))

    await asyncio.gather(*(write(key, number) for number, key in enumerate(sent)))
    got: dict[str, list[str]] = {key: [] for key in sent}
    for partition in ALL:
        await reader.seek(partition, starts[partition])
        total = (await bus.end_offsets(["inbound"], partition))["inbound"] - starts[partition]["inbound"]
        for record in await poll_until_count(reader, partition, total):
            got[record.key].append(record.value.decode())
    assert got == sent


async def test_a_long_list_keeps_its_order_over_many_batches(bus: Bus) -> None:
    wanted = [f"{n} {'x' * 20_000}" for n in range(150)]
    await bus.publish(events(wanted))
    async with reading(bus) as consumer:
        assert values(await poll_until_count(consumer, 0, 150)) == wanted


async def test_too_large_an_event_appends_nothing_of_its_list(bus: Bus) -> None:
    with pytest.raises(TooLarge):
        await bus.publish([event("before"), event(b"x" * (MAX_EVENT_BYTES + 1)), event("after", topic="sla")])
    assert await bus.end_offsets(["inbound", "sla"], 0) == {"inbound": 0, "sla": 0}


async def test_the_largest_event_comes_through(bus: Bus) -> None:
    largest = [event(bytes([n]) * MAX_EVENT_BYTES, topic=topic) for n in range(3) for topic in ("inbound", "sla")]
    await bus.publish(largest)
    async with reading(bus, "inbound", "sla") as consumer:
        records = await poll_until_count(consumer, 0, 6)
    assert sorted((r.topic, r.value) for r in records) == sorted((e.topic, e.value) for e in largest)


async def test_a_partition_that_does_not_exist_is_refused(bus: Bus) -> None:
    with pytest.raises(ValueError, match=str(PARTITIONS)):
        await bus.publish([event(partition=PARTITIONS)])


async def test_end_offsets_count_what_was_published_of_each_topic_and_partition(bus: Bus) -> None:
    await bus.publish([*events(range(3)), *events(range(2), topic="sla"), event(partition=1)])
    assert await bus.end_offsets(["inbound", "sla", "commands"], 0) == {"inbound": 3, "sla": 2, "commands": 0}
    assert await bus.end_offsets(["inbound", "sla"], 1) == {"inbound": 1, "sla": 0}


async def test_publishing_does_not_wait_for_a_consumer_that_polls_nothing(bus: Bus) -> None:
    async with reading(bus) as consumer:
        for n in range(20):
            await bus.publish(events([f"{n} {'x' * 50_000}"] * 20))
        assert len(await consumer.poll(0, wait=TIMEOUT_SECONDS, limit=1)) == 1
    assert await bus.end_offsets(["inbound"], 0) == {"inbound": 400}


async def test_a_flood_is_refused_and_what_was_taken_is_there(bus: Bus) -> None:
    flood = [bus.publish([event(b"x" * 900_000, partition=n % PARTITIONS)]) for n in range(90)]
    results = await asyncio.gather(*flood, return_exceptions=True)
    refused = [r for r in results if r is not None]
    assert refused
    assert {type(r) for r in refused} == {Unavailable}
    ends = [(await bus.end_offsets(["inbound"], p))["inbound"] for p in ALL]
    assert sum(ends) == 90 - len(refused)
    await bus.publish([event("after the flood")])


async def test_check_is_quiet_while_the_bus_takes_events(bus: Bus) -> None:
    async with asyncio.timeout(2):
        await bus.check()


async def test_another_number_of_partitions_is_refused_with_the_fix(site: BusSite) -> None:
    async with site.open() as bus:
        assert bus.partitions == PARTITIONS
    with pytest.raises(Misconfigured, match=f"PASOKH_PARTITIONS={PARTITIONS}"):
        async with site.open(PARTITIONS + 1):
            pass
    async with site.open() as again:
        assert again.partitions == PARTITIONS


async def test_what_was_answered_before_a_kill_is_there_after_it(site: BusSite) -> None:
    arguments = ["-m", "tests.contracts.publisher_process", site.adapter, site.place, site.namespace]
    child = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=PIPE)
    assert child.stdout is not None
    answered = [(await child.stdout.readline()).decode() for _ in range(100)]
    child.kill()
    answered += [line.decode() async for line in child.stdout]
    await child.wait()
    last = {w: max(int(line.split()[1]) for line in answered if line.startswith(f"{w} ")) for w in ALL}
    async with site.open() as bus, bus.consume("after", ["inbound"]) as consumer:
        await wait_for_partitions(consumer, ALL)
        for writer, count in last.items():
            await consumer.seek(writer, {})
            got = values(await poll_until_count(consumer, writer, count))
            assert got[:count] == [f"{writer} {n}" for n in range(1, count + 1)]
            assert len(got) <= count + 1
