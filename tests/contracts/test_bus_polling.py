"""The contract of the bus port: positions and records of one member, on every adapter."""

import asyncio
import tracemalloc
from contextlib import suppress

import pytest

from services.platform.bus.port import Bus
from services.platform.core.errors import OffsetOutOfRange, Revoked
from tests.contracts.buses import (
    PARTITIONS,
    TIMEOUT_SECONDS,
    event,
    events,
    poll_until_count,
    reading,
    values,
    wait_for_partitions,
)

ALL = range(PARTITIONS)


async def test_seek_goes_to_the_named_offset_and_else_to_the_start(bus: Bus) -> None:
    await bus.publish([*events("abcd"), *events("xyz", topic="sla")])
    async with reading(bus, "inbound", "sla") as consumer:
        assert await consumer.seek(0, {"inbound": 2}) == {"inbound": 2, "sla": 0}
        records = await poll_until_count(consumer, 0, 5)
    assert [values(r for r in records if r.topic == topic) for topic in ("inbound", "sla")] == [["c", "d"], list("xyz")]


async def test_seeking_again_delivers_again(bus: Bus) -> None:
    await bus.publish(events("abc"))
    async with reading(bus) as consumer:
        for _ in range(3):
            await consumer.seek(0, {"inbound": 1})
            assert values(await poll_until_count(consumer, 0, 2)) == ["b", "c"]


async def test_what_was_committed_as_offset_does_not_move_the_position(bus: Bus) -> None:
    await bus.publish(events("abc"))
    async with reading(bus) as consumer:
        await poll_until_count(consumer, 0, 3)
        await consumer.commit_offsets(0, {"inbound": 3})
    async with reading(bus) as consumer:
        assert values(await poll_until_count(consumer, 0, 3)) == list("abc")


async def test_the_end_of_the_log_may_be_sought_and_brings_what_comes(bus: Bus) -> None:
    await bus.publish(events("abc"))
    async with reading(bus) as consumer:
        await consumer.seek(0, await bus.end_offsets(["inbound"], 0))
        await bus.publish([event("d")])
        assert values(await poll_until_count(consumer, 0, 1)) == ["d"]


@pytest.mark.parametrize("offset", [-1, 4, 10**9])
async def test_an_offset_outside_the_log_is_out_of_range(bus: Bus, offset: int) -> None:
    await bus.publish(events("abc"))
    async with reading(bus) as consumer:
        with pytest.raises(OffsetOutOfRange):
            await consumer.seek(0, {"inbound": offset})


async def test_a_partition_is_not_polled_before_it_is_sought(bus: Bus) -> None:
    async with reading(bus) as consumer:
        with pytest.raises(Revoked):
            await consumer.poll(1, wait=0)


async def test_a_partition_that_is_not_ours_is_revoked(bus: Bus) -> None:
    async with reading(bus) as consumer:
        with pytest.raises(Revoked):
            await consumer.seek(PARTITIONS, {})
        with pytest.raises(Revoked):
            await consumer.poll(PARTITIONS, wait=0)
        await consumer.commit_offsets(PARTITIONS, {"inbound": 1})


async def test_a_poll_of_nothing_is_empty_after_its_wait(bus: Bus) -> None:
    async with reading(bus) as consumer, asyncio.timeout(TIMEOUT_SECONDS):
        assert await consumer.poll(0, wait=0) == []
        assert await consumer.poll(0, wait=0.2) == []


async def test_a_waiting_poll_returns_when_an_event_comes(bus: Bus) -> None:
    async with reading(bus) as consumer:
        waiting = asyncio.create_task(consumer.poll(0, wait=TIMEOUT_SECONDS))
        assert await consumer.poll(0, wait=0.05) == []
        await bus.publish([event("now")])
        async with asyncio.timeout(5):
            assert values(await waiting) == ["now"]


async def test_a_waiting_poll_is_not_disturbed_by_other_partitions(bus: Bus) -> None:
    async with reading(bus) as consumer:
        await bus.publish([event(partition=1), event(partition=2), event(topic="sla")])
        assert await consumer.poll(0, wait=0.3) == []


async def test_polls_keep_to_their_limit_and_lose_nothing(bus: Bus) -> None:
    await bus.publish([*events(range(50)), *events(range(50, 70), topic="sla")])
    async with reading(bus, "inbound", "sla") as consumer:
        batches: list[list[str]] = []
        while sum(map(len, batches)) < 70:
            batches.append(values(await consumer.poll(0, wait=TIMEOUT_SECONDS, limit=7)))
    assert max(map(len, batches)) <= 7
    got = [int(value) for batch in batches for value in batch]
    assert [n for n in got if n < 50] == list(range(50))
    assert [n for n in got if n >= 50] == list(range(50, 70))


async def test_polls_keep_about_to_their_bytes_and_lose_nothing(bus: Bus) -> None:
    wanted = [f"{n} {'x' * 30_000}" for n in range(20)]
    await bus.publish(events(wanted))
    async with reading(bus) as consumer:
        batches: list[list[str]] = []
        while sum(map(len, batches)) < 20:
            batches.append(values(await consumer.poll(0, wait=TIMEOUT_SECONDS, max_bytes=70_000)))
        assert [value for batch in batches for value in batch] == wanted
        assert max(map(len, batches)) <= 3
        await consumer.seek(0, {})
        assert len(await consumer.poll(0, wait=TIMEOUT_SECONDS, max_bytes=1)) == 1


async def test_a_cancelled_poll_loses_nothing(bus: Bus) -> None:
    wanted = [str(n) for n in range(200)]

    async def write() -> None:
        for value in wanted:
            await bus.publish([event(value)])

    async with reading(bus) as consumer, asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(write())
        got: list[str] = []
        for turn in range(100_000):
            polling = asyncio.create_task(consumer.poll(0, wait=TIMEOUT_SECONDS, limit=3))
            # Another point of the poll each time; what it had read must come again.
            for _ in range(turn % 40):
                await asyncio.sleep(0)
            polling.cancel()
            with suppress(asyncio.CancelledError):
                got += values(await polling)
            if writing.done():
                break
        got += values(await poll_until_count(consumer, 0, 200 - len(got)))
    assert got == wanted


async def test_a_slow_reader_holds_little_of_a_large_backlog(bus: Bus) -> None:
    """40 MB wait on two topics and three partitions; what is fetched ahead of the reader stays small."""
    for topic in ("inbound", "sla"):
        for partition in ALL:
            for _ in range(16):
                await bus.publish([event(b"x" * 400_000, topic=topic, partition=partition)])
    async with bus.consume("slow", ["inbound", "sla"]) as consumer:
        await wait_for_partitions(consumer, ALL)
        tracemalloc.start()
        try:
            for partition in ALL:
                await consumer.seek(partition, {})
            for _ in range(4):
                for partition in ALL:
                    assert len(await consumer.poll(partition, wait=TIMEOUT_SECONDS, limit=1)) == 1
                    await consumer.poll(partition, wait=0.1, limit=1)
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert held < 14_000_000
