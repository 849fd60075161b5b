"""What the log in SQLite promises beyond the port: partitions that are kept, leases between processes, retention."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import WEEK_SECONDS
from services.platform.bus.port import Assignment, Consumer, ProducerRecord
from services.platform.bus.sqlite import SqliteBus
from services.platform.bus.sqlite_groups import Lease, range_assign
from services.platform.core.errors import Misconfigured, OffsetOutOfRange, Revoked
from services.platform.core.time_source import SystemTimeSource
from tests.contracts.sqlite_pair import SILENT, WATCHFUL
from tests.fakes import ManualTimeSource
from tests.live_servers.process import pause_between_transactions

TOPICS = ["inbound", "commands"]
PARTITIONS = 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pasokh.db"


@pytest.fixture
def time_source() -> ManualTimeSource:
    return ManualTimeSource()


@asynccontextmanager
async def opened(path: Path, time_source: ManualTimeSource, lease: Lease = WATCHFUL) -> AsyncIterator[SqliteBus]:
    """A process's bus on the file."""
    async with SqliteBus.open(path, time_source, partitions=PARTITIONS, lease=lease) as bus:
        yield bus


def event(number: int, partition: int = 0, topic: str = "inbound") -> ProducerRecord:
    return ProducerRecord(topic, partition, "k", str(number).encode())


async def settled(consumer: Consumer, partitions: set[int]) -> Assignment:
    """Wait until the consumer holds these partitions."""
    known: Assignment = {}
    async with asyncio.timeout(5):
        while set(known) != partitions:
            known = await consumer.assignment(known)
    return known


# -- partitions --------------------------------------------------------------------------------------------------------


async def test_the_number_of_partitions_is_kept(path: Path, time_source: ManualTimeSource) -> None:
    async with opened(path, time_source):
        pass
    async with SqliteBus.open(path, time_source, default=9) as bus:
        assert bus.partitions == PARTITIONS


async def test_another_number_of_partitions_is_refused_with_the_fix(path: Path, time_source: ManualTimeSource) -> None:
    async with opened(path, time_source):
        pass
    with pytest.raises(Misconfigured, match="PASOKH_PARTITIONS=4"):
        async with SqliteBus.open(path, time_source, partitions=5):
            pass


async def test_a_partition_that_does_not_exist_is_refused(path: Path, time_source: ManualTimeSource) -> None:
    async with opened(path, time_source) as bus:
        with pytest.raises(ValueError, match="no partition 4"):
            await bus.publish([event(1), event(2, partition=PARTITIONS)])
        assert await bus.end_offsets(["inbound"], 0) == {"inbound": 0}


@given(members=st.integers(1, 12), partitions=st.integers(1, 40))
def test_partitions_are_divided_evenly_and_in_ranges(members: int, partitions: int) -> None:
    names = [f"m{n:02}" for n in range(members)]
    owners = [range_assign(names, partitions)[p] for p in range(partitions)]
    shares = [owners.count(name) for name in names]
    assert owners == sorted(owners)
    assert max(shares) - min(shares) <= 1


# -- several processes -------------------------------------------------------------------------------------------------


async def test_offsets_have_no_gap_whoever_publishes(path: Path, time_source: ManualTimeSource) -> None:
    async with (
        opened(path, time_source) as one,
        opened(path, time_source) as two,
        one.consume("g", ["inbound"]) as consumer,
    ):
        await asyncio.gather(*(bus.publish([event(n), event(n, 1)]) for n in range(40) for bus in (one, two)))
        await settled(consumer, set(range(PARTITIONS)))
        for partition in (0, 1):
            await consumer.seek(partition, {})
            records = await consumer.poll(partition, wait=5)
            while len(records) < 80 and (more := await consumer.poll(partition, wait=5)):
                records += more
            assert [record.offset for record in records] == list(range(80))


async def test_events_of_another_process_wake_a_waiting_consumer(path: Path, time_source: ManualTimeSource) -> None:
    async with (
        opened(path, time_source) as here,
        opened(path, time_source) as there,
        here.consume("g", TOPICS) as consumer,
    ):
        await settled(consumer, set(range(PARTITIONS)))
        await consumer.seek(2, {})
        taking = asyncio.create_task(consumer.poll(2, wait=5))
        await there.publish([event(7, 2, "commands")])
        assert [(r.topic, r.value) for r in await taking] == [("commands", b"7")]


async def test_members_in_two_processes_share_the_partitions(path: Path, time_source: ManualTimeSource) -> None:
    async with (
        opened(path, time_source) as here,
        opened(path, time_source) as there,
        here.consume("g", TOPICS) as first,
    ):
        alone = await settled(first, {0, 1, 2, 3})
        async with there.consume("g", TOPICS) as second:
            shared = await settled(first, {0, 1})
            won = await settled(second, {2, 3})
            assert shared == {0: alone[0], 1: alone[1]}
            assert min(won.values()) > max(alone.values())
        again = await settled(first, {0, 1, 2, 3})
        assert {p: again[p] for p in (0, 1)} == shared
        assert min(again[p] for p in (2, 3)) > max(won.values())


async def test_a_silent_member_loses_its_partitions_after_its_lease(path: Path, time_source: ManualTimeSource) -> None:
    async with (
        opened(path, time_source, SILENT) as silent,
        opened(path, time_source) as lively,
        silent.consume("g", TOPICS) as paused,
        lively.consume("g", TOPICS) as other,
    ):
        await settled(paused, {0, 1})
        time_source.move(2.9)
        await lively.heartbeat()
        await settled(other, {2, 3})
        time_source.move(0.2)
        await settled(other, {0, 1, 2, 3})


async def test_a_process_that_slept_through_its_lease_finds_out_before_it_reads(
    path: Path, time_source: ManualTimeSource
) -> None:
    """Asleep means: it neither renews nor looks. Only its next call can tell it."""
    deaf = Lease(heartbeat_seconds=3600, seconds=3, watch=3600)
    async with opened(path, time_source, deaf) as asleep, asleep.consume("g", TOPICS) as paused:
        before = await settled(paused, {0, 1, 2, 3})
        await paused.seek(0, {})
        async with opened(path, time_source) as lively, lively.consume("g", TOPICS) as other:
            time_source.move(4)
            await settled(other, {0, 1, 2, 3})
            await lively.publish([event(1)])
            with pytest.raises(Revoked):
                await paused.poll(0, wait=0)
            after = await settled(paused, {2, 3})
            assert min(after.values()) > max(before.values())
            with pytest.raises(Revoked):
                await paused.poll(2, wait=0)


async def test_a_partition_lost_and_won_again_has_to_be_sought_anew(path: Path, time_source: ManualTimeSource) -> None:
    async with opened(path, time_source) as bus, bus.consume("g", TOPICS) as first:
        before = await settled(first, {0, 1, 2, 3})
        await first.seek(3, {})
        async with bus.consume("g", TOPICS):
            await settled(first, {0, 1})
        after = await settled(first, {0, 1, 2, 3})
        assert after[3] > before[3]
        with pytest.raises(Revoked):
            await first.poll(3, wait=0)
        await first.seek(3, {})
        assert await first.poll(3, wait=0) == []


async def test_a_stopped_process_that_goes_on_finds_its_partitions_gone(path: Path) -> None:
    lease = Lease(heartbeat_seconds=0.05, seconds=0.5, watch=0.02)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.contracts.consumer_process", str(path), str(PARTITIONS), stdout=PIPE
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"owns 4\n"
        await asyncio.to_thread(pause_between_transactions, process.pid, path)
        async with SqliteBus.open(path, SystemTimeSource(), lease=lease) as bus, bus.consume("g", TOPICS) as consumer:
            await settled(consumer, {0, 1, 2, 3})
            await bus.publish([event(1)])
            process.send_signal(signal.SIGCONT)
            assert await process.stdout.readline() == b"revoked\n"
            await settled(consumer, {0, 1})
    finally:
        process.kill()
        await process.wait()


# -- retention ---------------------------------------------------------------------------------------------------------


async def test_records_older_than_their_topic_keeps_are_removed_and_offsets_go_on(
    path: Path, time_source: ManualTimeSource
) -> None:
    async with opened(path, time_source) as bus, bus.consume("g", ["inbound"]) as consumer:
        await bus.publish([event(n) for n in range(1200)])
        time_source.move(WEEK_SECONDS / 2)
        await bus.publish([event(n) for n in range(1200, 1210)])
        time_source.move(WEEK_SECONDS / 2 + 1)
        await bus.trim()
        await settled(consumer, {0, 1, 2, 3})
        assert await consumer.seek(0, {}) == {"inbound": 1200}
        assert [record.offset for record in await consumer.poll(0, wait=5)] == list(range(1200, 1210))
        await bus.publish([event(1210)])
        assert await bus.end_offsets(["inbound"], 0) == {"inbound": 1211}


async def test_a_log_that_retention_has_emptied_keeps_its_offsets(path: Path, time_source: ManualTimeSource) -> None:
    async with opened(path, time_source) as bus:
        await bus.publish([event(n) for n in range(5)])
        time_source.move(WEEK_SECONDS + 1)
        await bus.trim()
    async with opened(path, time_source) as bus, bus.consume("g", ["inbound"]) as consumer:
        await settled(consumer, {0, 1, 2, 3})
        assert await consumer.seek(0, {}) == {"inbound": 5}
        await bus.publish([event(5)])
        assert [record.offset for record in await consumer.poll(0, wait=5)] == [5]


@pytest.mark.parametrize("left", [0, 1])
async def test_a_reader_that_retention_has_overtaken_is_out_of_range(
    path: Path, time_source: ManualTimeSource, left: int
) -> None:
    async with opened(path, time_source) as bus, bus.consume("g", ["inbound"]) as consumer:
        await settled(consumer, {0, 1, 2, 3})
        await bus.publish([event(n) for n in range(5)])
        await consumer.seek(0, {"inbound": 2})
        time_source.move(WEEK_SECONDS + 1)
        if left:
            await bus.publish([event(5)])
        await bus.trim()
        with pytest.raises(OffsetOutOfRange):
            await consumer.poll(0, wait=5)
        with pytest.raises(OffsetOutOfRange):
            await consumer.seek(0, {"inbound": 2})
        with pytest.raises(OffsetOutOfRange):
            await consumer.seek(0, {"inbound": 7})
