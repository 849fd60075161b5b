"""The contract of the bus port, on every adapter."""

import asyncio
import sys
import tracemalloc
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.platform.bus.port import MAX_EVENT_BYTES, Assignment, Bus, Consumer, Record, Tail, partition_for
from services.platform.core.errors import Misconfigured, OffsetOutOfRange, Revoked, TooLarge, Unavailable
from tests.contracts.buses import (
    KAFKA,
    PARTITIONS,
    SQLITE,
    TIMEOUT_SECONDS,
    BusSite,
    event,
    events,
    poll_until_count,
    reading,
    values,
    wait_for_partitions,
)
from tests.live_servers.server import Server

ALL = range(PARTITIONS)
# One bus serves all examples of a property: each reads from where the log ended before it.
many_examples = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=[SQLITE, pytest.param(KAFKA, marks=pytest.mark.live)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> BusSite:
    """A log of its own for each test, in every adapter."""
    namespace = f"test-{uuid4().hex}"
    if request.param == KAFKA:
        server: Server = request.getfixturevalue("kafka_server")
        return BusSite(KAFKA, server.url, namespace)
    return BusSite(SQLITE, str(tmp_path / "pasokh.db"), namespace)


@pytest.fixture
async def bus(site: BusSite) -> AsyncIterator[Bus]:
    async with site.open() as opened:
        yield opened


@pytest.fixture
async def reader(bus: Bus) -> AsyncIterator[Consumer]:
    """A member that holds everything of `inbound`."""
    async with bus.consume("order", ["inbound"]) as consumer:
        await wait_for_partitions(consumer, ALL)
        yield consumer


# --- publish ----------------------------------------------------------------------------------------------------------


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


async def test_publishing_does_not_wait_for_a_consumer_that_takes_nothing(bus: Bus) -> None:
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


# --- seek and take ----------------------------------------------------------------------------------------------------


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


async def test_what_was_settled_does_not_move_the_position(bus: Bus) -> None:
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


async def test_a_partition_is_not_taken_from_before_it_is_sought(bus: Bus) -> None:
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


async def test_a_take_of_nothing_is_empty_after_its_wait(bus: Bus) -> None:
    async with reading(bus) as consumer, asyncio.timeout(TIMEOUT_SECONDS):
        assert await consumer.poll(0, wait=0) == []
        assert await consumer.poll(0, wait=0.2) == []


async def test_a_waiting_take_returns_when_an_event_comes(bus: Bus) -> None:
    async with reading(bus) as consumer:
        waiting = asyncio.create_task(consumer.poll(0, wait=TIMEOUT_SECONDS))
        assert await consumer.poll(0, wait=0.05) == []
        await bus.publish([event("now")])
        async with asyncio.timeout(5):
            assert values(await waiting) == ["now"]


async def test_a_waiting_take_is_not_disturbed_by_other_partitions(bus: Bus) -> None:
    async with reading(bus) as consumer:
        await bus.publish([event(partition=1), event(partition=2), event(topic="sla")])
        assert await consumer.poll(0, wait=0.3) == []


async def test_takes_keep_to_their_limit_and_lose_nothing(bus: Bus) -> None:
    await bus.publish([*events(range(50)), *events(range(50, 70), topic="sla")])
    async with reading(bus, "inbound", "sla") as consumer:
        batches: list[list[str]] = []
        while sum(map(len, batches)) < 70:
            batches.append(values(await consumer.poll(0, wait=TIMEOUT_SECONDS, limit=7)))
    assert max(map(len, batches)) <= 7
    got = [int(value) for batch in batches for value in batch]
    assert [n for n in got if n < 50] == list(range(50))
    assert [n for n in got if n >= 50] == list(range(50, 70))


async def test_takes_keep_about_to_their_bytes_and_lose_nothing(bus: Bus) -> None:
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


async def test_a_cancelled_take_loses_nothing(bus: Bus) -> None:
    wanted = [str(n) for n in range(200)]

    async def write() -> None:
        for value in wanted:
            await bus.publish([event(value)])

    async with reading(bus) as consumer, asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(write())
        got: list[str] = []
        for turn in range(100_000):
            taking = asyncio.create_task(consumer.poll(0, wait=TIMEOUT_SECONDS, limit=3))
            # Another point of the take each time; what it had in hand must come again.
            for _ in range(turn % 40):
                await asyncio.sleep(0)
            taking.cancel()
            with suppress(asyncio.CancelledError):
                got += values(await taking)
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


# --- groups -----------------------------------------------------------------------------------------------------------


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
        while not first or not second or {*first, *second} != set(ALL) or {*first} & {*second}:
            changes = [asyncio.create_task(m.assignment(known)) for m, known in ((one, first), (two, second))]
            await asyncio.wait(changes, return_when=asyncio.FIRST_COMPLETED)
            for change in changes:
                change.cancel()
            first = changes[0].result() if changes[0].done() and not changes[0].cancelled() else first
            second = changes[1].result() if changes[1].done() and not changes[1].cancelled() else second
    return first, second


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


# --- tail -------------------------------------------------------------------------------------------------------------


async def tailed(tail: Tail, count: int) -> list[Record]:
    """Take until there are `count` records."""
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


async def test_tails_take_nothing_from_each_other_or_from_a_group(bus: Bus) -> None:
    async with reading(bus) as consumer, bus.tail(["inbound"]) as one, bus.tail(["inbound"]) as other:
        await bus.publish(events("abc"))
        assert values(await tailed(one, 3)) == values(await tailed(other, 3)) == ["a", "b", "c"]
        assert values(await poll_until_count(consumer, 0, 3)) == ["a", "b", "c"]


async def test_a_tail_hears_of_what_another_process_publishes(site: BusSite, bus: Bus) -> None:
    async with bus.tail(["inbound"]) as tail, site.open() as other:
        await other.publish([event("from elsewhere", partition=2)])
        assert values(await tailed(tail, 1)) == ["from elsewhere"]
