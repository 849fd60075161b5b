"""What only Kafka can show: a bus that goes away, hangs and comes back, positions in the group, the topics it makes."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.topics import TOPICS
from services.platform.bus.kafka.bus import KafkaBus
from services.platform.bus.kafka.topics import topic_settings
from services.platform.bus.port import Bus
from services.platform.core.errors import Misconfigured, OffsetOutOfRange, Revoked, Unavailable, Unknown
from tests.contracts.buses import (
    KAFKA,
    PARTITIONS,
    TIMEOUT_SECONDS,
    BusSite,
    event,
    events,
    poll_through_outage,
    poll_until_count,
    reading,
    values,
    wait_for_partitions,
)
from tests.live_servers.kafka import LocalKafka
from tests.live_servers.process import pause_process
from tests.live_servers.server import Server


def a_site(server: Server) -> BusSite:
    return BusSite(KAFKA, server.url, f"test-{uuid4().hex}")


@pytest.fixture
def site(kafka_server: Server) -> BusSite:
    return a_site(kafka_server)


@pytest.fixture
async def bus(site: BusSite) -> AsyncIterator[Bus]:
    async with site.open() as opened:
        yield opened


@asynccontextmanager
async def administering(site: BusSite) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=site.place.removeprefix("kafka://"))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def seconds_to_fail(action: Callable[[], Awaitable[object]]) -> float:
    begun = time.monotonic()
    with pytest.raises((Unavailable, Unknown)):
        await action()
    return time.monotonic() - begun


async def persistently(action: Callable[[], Awaitable[None]]) -> None:
    """Repeat, as a processor does, until it is done."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while True:
            try:
                return await action()
            except (Unavailable, Unknown):
                await asyncio.sleep(0.05)


# --- opening ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["kafka://", "kafka://host", "host:9092", "kafka://a:1,b", "kafka://user@a:1"])
async def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="PASOKH_BUS"):
        async with KafkaBus.open(url, partitions=1):
            pass


@pytest.mark.live
async def test_a_bus_that_is_not_there_is_unavailable_soon() -> None:
    async with asyncio.timeout(6):
        with pytest.raises(Unavailable):
            async with KafkaBus.open("kafka://127.0.0.1:1", partitions=1):
                pass


async def test_the_topics_are_made_with_their_retention_and_as_many_copies_as_there_are(site: BusSite) -> None:
    async with site.open(), administering(site) as admin:
        names = {f"{site.namespace}.{topic.name}.v1": topic for topic in TOPICS}
        for found in await admin.describe_topics(list(names)):
            assert len(found["partitions"]) == PARTITIONS
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        for answer in await admin.describe_configs(resources):
            for _, _, _, name, settings in answer.resources:
                kept = {key: value for key, value, *_ in settings}
                assert kept.items() >= topic_settings(names[name], 1).items()


async def test_several_processes_may_open_a_new_namespace_at_once(site: BusSite) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(_open_and_publish(site))
    async with site.open() as bus:
        assert await bus.end_offsets(["inbound"], 0) == {"inbound": 4}


async def _open_and_publish(site: BusSite) -> None:
    async with site.open() as bus:
        await bus.publish([event()])


# --- positions --------------------------------------------------------------------------------------------------------


async def test_settled_positions_are_the_offsets_of_the_group(site: BusSite, bus: Bus) -> None:
    await bus.publish(events(range(5)))
    async with reading(bus, group="g") as consumer:
        await consumer.commit_offsets(0, {"inbound": 2})
        await consumer.commit_offsets(0, {"inbound": 4})
        await consumer.commit_offsets(1, {"inbound": 0})
    async with administering(site) as admin:
        kept = await admin.list_consumer_group_offsets(f"{site.namespace}.g")
    assert {(where.topic, where.partition): at.offset for where, at in kept.items()} == {
        (f"{site.namespace}.inbound.v1", 0): 4,
        (f"{site.namespace}.inbound.v1", 1): 0,
    }


async def _forget(site: BusSite, before: int) -> None:
    """What retention does to partition 0 of `inbound`."""
    async with administering(site) as admin:
        place = TopicPartition(f"{site.namespace}.inbound.v1", 0)
        await admin.delete_records({place: RecordsToDelete(before_offset=before)})


async def test_a_position_that_retention_has_passed_is_out_of_range(site: BusSite, bus: Bus) -> None:
    await bus.publish(events(range(10)))
    await _forget(site, 6)
    async with reading(bus) as consumer:
        assert await consumer.seek(0, {}) == {"inbound": 6}
        assert values(await poll_until_count(consumer, 0, 4)) == list("6789")
        with pytest.raises(OffsetOutOfRange):
            await consumer.seek(0, {"inbound": 5})


async def test_a_reader_that_retention_overtakes_is_out_of_range(site: BusSite, bus: Bus) -> None:
    large = [f"{n} {'x' * 100_000}" for n in range(60)]
    for one in large:
        await bus.publish([event(os.urandom(100_000) + one.encode())])
    async with reading(bus) as consumer:
        await consumer.poll(0, wait=TIMEOUT_SECONDS, limit=1)
        await _forget(site, 60)
        await bus.publish([event("after the gap")])
        with pytest.raises(OffsetOutOfRange):
            await poll_until_count(consumer, 0, 60)


# --- away and back ----------------------------------------------------------------------------------------------------


async def test_a_bus_that_dies_is_unavailable_soon_and_goes_on_when_it_is_back(stoppable_kafka: Server) -> None:
    async with a_site(stoppable_kafka).open() as bus, reading(bus, "inbound", "sla") as consumer:
        await bus.publish(events(["before"]))
        assert values(await poll_until_count(consumer, 0, 1)) == ["before"]
        stoppable_kafka.kill()
        # The adapter's own limits are 5, 1, 1 and 2 s; the rest is for a machine that does ten things at once.
        assert await seconds_to_fail(lambda: bus.publish(events(["lost?"]))) < 12
        assert await seconds_to_fail(lambda: bus.publish(events(["refused"]))) < 6
        assert await seconds_to_fail(bus.check) < 6
        assert await seconds_to_fail(lambda: bus.end_offsets(["inbound"], 0)) < 8
        with suppress(Revoked):  # on a machine so slow that the group has missed us
            assert await consumer.poll(0, wait=0) == []
            await consumer.commit_offsets(0, {"inbound": 1})
        stoppable_kafka.start()
        await persistently(lambda: bus.publish(events(["after", "last"])))
        await bus.check()
        got: list[str] = []
        offsets = {"inbound": 1}
        while "last" not in got:
            got += values(await poll_through_outage(consumer, bus, offsets))
        assert [value for value in got if value != "lost?"] == ["after", "last"]


async def test_events_outlive_a_kill_right_after_they_were_acknowledged(stoppable_kafka: Server) -> None:
    async with a_site(stoppable_kafka).open() as bus:
        wanted = [str(n) for n in range(500)]
        await bus.publish(events(wanted))
        stoppable_kafka.kill()
        stoppable_kafka.start()
        async with reading(bus) as consumer:
            assert values(await poll_until_count(consumer, 0, 500)) == wanted


async def test_a_member_that_comes_while_the_bus_is_away_joins_when_it_is_back(stoppable_kafka: Server) -> None:
    async with a_site(stoppable_kafka).open() as bus:
        await bus.publish(events("abc"))
        stoppable_kafka.stop()
        async with bus.consume("g", ["inbound"]) as consumer:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(consumer.assignment({}), 1.5)
            stoppable_kafka.start()
            await wait_for_partitions(consumer, range(PARTITIONS))
            await persistently(lambda: _sought(consumer.seek(0, {})))
            assert values(await poll_until_count(consumer, 0, 3)) == list("abc")


async def _sought(seeking: Awaitable[dict[str, int]]) -> None:
    assert await seeking == {"inbound": 0}


async def test_leaving_does_not_wait_for_a_bus_that_is_away(stoppable_kafka: Server) -> None:
    async with a_site(stoppable_kafka).open() as bus, asyncio.timeout(25):
        async with reading(bus):
            stoppable_kafka.kill()
        begun = time.monotonic()
    assert time.monotonic() - begun < 10


async def test_a_broker_that_hangs_is_unavailable_soon_and_nothing_acknowledged_is_lost(
    stoppable_kafka: Server,
) -> None:
    if not isinstance(stoppable_kafka, LocalKafka):
        pytest.skip("only a local process can be made to hang")
    async with a_site(stoppable_kafka).open() as bus, reading(bus) as consumer:
        await bus.publish(events(["before"]))
        pid = stoppable_kafka.nodes[0].process.pid
        assert pid is not None
        pause_process(pid)
        try:
            assert await seconds_to_fail(lambda: bus.publish(events(["one", "two"]))) < 6
            assert await seconds_to_fail(bus.check) < 2
            assert await seconds_to_fail(lambda: bus.publish(events(["three"]))) < 6
        finally:
            os.kill(pid, signal.SIGCONT)
        await persistently(lambda: bus.publish(events(["one", "two", "three"])))
        got: list[str] = []
        offsets: dict[str, int] = {}
        while "three" not in got:
            got += values(await poll_through_outage(consumer, bus, offsets))
        # What was given up may have arrived, but never a later one before an earlier one.
        assert list(dict.fromkeys(got)) == ["before", "one", "two", "three"]


@pytest.mark.slow
async def test_of_three_brokers_one_may_die_and_no_acknowledged_event_is_lost_or_out_of_order(
    kafka_cluster: LocalKafka,
) -> None:
    async with a_site(kafka_cluster).open() as bus, reading(bus) as consumer:
        written: list[list[str]] = [[] for _ in range(6)]
        stop = asyncio.Event()

        async def write(writer: int) -> None:
            while not stop.is_set():
                one = event(f"{writer} {len(written[writer])}")
                await persistently(partial(bus.publish, [one]))
                written[writer].append(one.value.decode())

        async with asyncio.TaskGroup() as tasks:
            for writer in range(6):
                tasks.create_task(write(writer))
            await _until(lambda: min(map(len, written)) > 50)
            port = await _leader_port(bus)
            next(node for node in kafka_cluster.nodes if node.port == port).process.kill()
            reached = min(map(len, written)) + 50
            await _until(lambda: min(map(len, written)) > reached)
            kafka_cluster.start()
            stop.set()
        got: list[str] = []
        offsets: dict[str, int] = {}
        while len(set(got)) < sum(map(len, written)):
            got += values(await poll_through_outage(consumer, bus, offsets))
        for writer, sent in enumerate(written):
            first = dict.fromkeys(value for value in got if value.startswith(f"{writer} "))
            assert list(first)[: len(sent)] == sent


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(2 * TIMEOUT_SECONDS):
        while not holds():  # noqa: ASYNC110 - it watches lists that grow
            await asyncio.sleep(0.05)


async def _leader_port(bus: Bus) -> int:
    """The port of the broker that leads partition 0 of `inbound`."""
    assert isinstance(bus, KafkaBus)
    cluster = (await bus._publishing.get()).producer.client.cluster
    topic = next(name for name in cluster.topics() if name.endswith(".inbound.v1"))
    return int(cluster.broker_metadata(cluster.leader_for_partition(TopicPartition(topic, 0))).port)
