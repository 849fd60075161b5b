"""The contract of the bus port: members of groups and their partitions, on every adapter."""

import asyncio
import sys
from asyncio.subprocess import PIPE

import pytest

from services.platform.bus.port import Assignment, Bus, Consumer
from services.platform.core.errors import Revoked
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


async def _next(consumer: Consumer, known: Assignment) -> Assignment:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        return await consumer.assignment(known)


async def test_groups_read_independently(bus: Bus) -> None:
    await bus.publish(events("abc"))
    async with reading(bus, group="one") as one, reading(bus, group="two") as two:
        assert values(await poll_until_count(one, 0, 3)) == values(await poll_until_count(two, 0, 3)) == list("abc")


async def _shared(one: Consumer, two: Consumer) -> tuple[Assignment, Assignment]:
    """Wait until two members hold everything between them."""
    first: Assignment = {}
    second: Assignment = {}
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while not _is_divided(first, second):
            changes = [asyncio.create_task(m.assignment(known)) for m, known in ((one, first), (two, second))]
            await asyncio.wait(changes, return_when=asyncio.FIRST_COMPLETED)
            first, second = _latest(changes[0], first), _latest(changes[1], second)
    return first, second


def _is_divided(first: Assignment, second: Assignment) -> bool:
    """Whether each has partitions, and all of them have one owner."""
    return bool(first and second) and sorted([*first, *second]) == list(ALL)


def _latest(change: asyncio.Task[Assignment], known: Assignment) -> Assignment:
    """The new assignment, if the member has one already."""
    if change.done():
        return change.result()
    change.cancel()
    return known


async def test_two_members_divide_the_partitions_and_each_has_all_topics_of_its_own(site: BusSite) -> None:
    topics = ["inbound", "sla", "commands"]
    async with site.open() as one_bus, site.open() as other_bus:
        for partition in ALL:
            await one_bus.publish([event(f"{t} {partition}", topic=t, partition=partition) for t in topics])
        async with one_bus.consume("g", topics) as one, other_bus.consume("g", topics) as two:
            shares = await _shared(one, two)
            for consumer, mine in zip((one, two), shares, strict=True):
                for partition in mine:
                    assert await consumer.seek(partition, {}) == dict.fromkeys(topics, 0)
                    got = values(await poll_until_count(consumer, partition, 3))
                    assert sorted(got) == sorted(f"{t} {partition}" for t in topics)


async def test_a_partition_that_went_to_a_new_member_is_revoked_and_comes_back_with_another_generation(
    site: BusSite,
) -> None:
    async with site.open() as one_bus, site.open() as other_bus, one_bus.consume("g", ["inbound", "sla"]) as one:
        before = await wait_for_partitions(one, ALL)
        for partition in ALL:
            await one.seek(partition, {})
        waiting = {p: asyncio.create_task(one.poll(p, wait=TIMEOUT_SECONDS)) for p in ALL}
        async with other_bus.consume("g", ["inbound", "sla"]) as two:
            _, theirs = await _shared(one, two)
            for partition in theirs:
                with pytest.raises(Revoked):
                    await waiting.pop(partition)
                with pytest.raises(Revoked):
                    await one.poll(partition, wait=0)
                with pytest.raises(Revoked):
                    await one.seek(partition, {})
        after = await wait_for_partitions(one, ALL)
        assert all(after[partition] != before[partition] for partition in theirs)
        for partition in theirs:
            with pytest.raises(Revoked):
                await one.poll(partition, wait=0)
            await one.seek(partition, {})
            assert await one.poll(partition, wait=0) == []
        for task in waiting.values():
            task.cancel()
        await asyncio.gather(*waiting.values(), return_exceptions=True)


async def test_a_member_that_leaves_hands_over_at_once(site: BusSite) -> None:
    async with site.open() as one_bus, site.open() as other_bus, other_bus.consume("g", ["inbound"]) as two:
        async with one_bus.consume("g", ["inbound"]) as one:
            await _shared(one, two)
        async with asyncio.timeout(6):
            await wait_for_partitions(two, ALL)


@pytest.mark.slow
async def test_a_member_that_dies_is_replaced(site: BusSite) -> None:
    arguments = ["-m", "tests.contracts.group_member_process", site.adapter, site.place, site.namespace, "g"]
    async with site.open() as bus, bus.consume("g", ["inbound", "sla"]) as survivor:
        await wait_for_partitions(survivor, ALL)
        child = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=PIPE)
        assert child.stdout is not None
        while (await child.stdout.readline()).strip() in {b"[]", b""}:
            pass
        child.kill()
        await child.wait()
        await wait_for_partitions(survivor, ALL)


async def test_an_assignment_that_is_the_known_one_is_waited_on(bus: Bus) -> None:
    async with reading(bus) as consumer:
        known = await wait_for_partitions(consumer, ALL)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(consumer.assignment(known), 0.2)
        assert await _next(consumer, {}) == known


async def test_lag_is_the_end_minus_the_position(bus: Bus) -> None:
    await bus.publish(events(range(10)))
    async with reading(bus) as consumer:
        records = await consumer.poll(0, wait=TIMEOUT_SECONDS, limit=4)
        position = records[-1].offset + 1
        await consumer.commit_offsets(0, {"inbound": position})
        assert (await bus.end_offsets(["inbound"], 0))["inbound"] - position == 6
