"""The bus on Apache Kafka, through aiokafka, which nothing else imports.

Topics are `<namespace>.<name>.v1`, groups `<namespace>.<group>`. aiokafka's defaults lose events; each setting that
matters is set here. Where it waits for ever for a bus that is away, it is given up and opened anew.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError, OffsetOutOfRangeError, TopicAlreadyExistsError, for_code

from schemas.topics import TOPICS, Topic
from services.platform.bus.kafka_access import OPEN, KafkaAccess
from services.platform.bus.kafka_consumer import READY_BYTES, READY_RECORDS, Member, OnAssigned, OnRevoked
from services.platform.bus.kafka_producer import BATCH_BYTES, OrderedProducer, Pair, size_of
from services.platform.bus.kafka_reconnect import ReconnectingClient
from services.platform.bus.kafka_topics import check_counts, servers_of, topic_name, topic_settings
from services.platform.bus.port import MAX_EVENT_BYTES, Consumer, ProducerRecord, Record, Tail
from services.platform.core.errors import Misconfigured, OffsetOutOfRange, Revoked, TooLarge, Unavailable, Unknown

MAX_KEY_BYTES = 16_000
MAX_WAITING_BYTES = 32_000_000
OPEN_SECONDS = 4.0
BATCH_SECONDS = 4.5
"""How long a batch may take. Leaders move within that or not for many seconds; the caller repeats it either way."""
CHECK_SECONDS = 0.9
OFFSETS_SECONDS = 3.0
JOIN_SECONDS = 60.0
COMMIT_SECONDS = 2.0
LEAVE_SECONDS = 5.0
FETCH_BYTES = 4_000_000
PARTITION_FETCH_BYTES = 320_000
"""Of each topic; a larger event comes alone. This bounds what is held of a partition that nobody takes from."""
TAIL_RECORDS = 500
UNAVAILABLE_ERRORS = (KafkaError, OSError, TimeoutError)


@dataclass(frozen=True)
class _Publishing:
    """One producer and its lanes; they end together."""

    producer: Any
    lanes: OrderedProducer


class KafkaBus:
    """A connection to Kafka. Made by `open`."""

    def __init__(
        self, servers: str, partitions: int, namespace: str, max_waiting_bytes: int, access: KafkaAccess = OPEN
    ) -> None:
        self.connection: Mapping[str, Any] = {"bootstrap_servers": servers, **access.options()}
        self._partitions = partitions
        self._namespace = namespace
        self._room = max_waiting_bytes
        self._waiting = 0
        self._publishing = ReconnectingClient(self._start_publishing, _stop_publishing)
        self._offsets = ReconnectingClient(self._start_reader, _stop_consumer)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        partitions: int,
        namespace: str = "pasokh",
        max_waiting_bytes: int = MAX_WAITING_BYTES,
        access: KafkaAccess = OPEN,
    ) -> AsyncIterator["KafkaBus"]:
        """Connect to `kafka://host:port,host:port` and make the topics that are missing.

        Raises Unavailable, and Misconfigured for a URL that is none or topics of another partition count.
        """
        bus = cls(servers_of(url), partitions, namespace, max_waiting_bytes, access)
        with _translate_errors():
            async with asyncio.timeout(4 * OPEN_SECONDS):
                await make_topics(bus.connection, partitions, namespace)
        try:
            await bus._publishing.get()
            yield bus
        finally:
            await bus._publishing.close()
            await bus._offsets.close()

    @property
    def partitions(self) -> int:
        return self._partitions

    async def publish(self, events: Sequence[ProducerRecord]) -> None:
        """Unavailable: nothing was sent, for the bus is away or too much is waiting already. Unknown: some was sent.

        It fails within about five seconds of a batch that gets no answer.
        """
        for event in events:
            self._validate_size(event)
        with self._reserve_buffer(sum(map(size_of, events))):
            publishing = await self._publishing.get()
            await publishing.lanes.publish(events)

    def _validate_size(self, event: ProducerRecord) -> None:
        if len(event.value) > MAX_EVENT_BYTES or len(event.key.encode()) > MAX_KEY_BYTES:
            raise TooLarge(f"an event on {event.topic} has {len(event.value)} bytes, the bus takes {MAX_EVENT_BYTES}")
        if not 0 <= event.partition < self._partitions:
            raise ValueError(f"partition {event.partition} of {event.topic}: there are {self._partitions}")

    @contextmanager
    def _reserve_buffer(self, size: int) -> Iterator[None]:
        if self._waiting and self._waiting + size > self._room:
            raise Unavailable(f"{self._waiting} bytes are waiting to be written, the limit is {self._room}")
        self._waiting += size
        try:
            yield
        finally:
            self._waiting -= size

    def consume(self, group: str, topics: Sequence[str]) -> AbstractAsyncContextManager[Consumer]:
        """Join in the background, and again whenever the group was lost; a bus that is away is waited for."""
        name, names = f"{self._namespace}.{group}", {self._topic(topic): topic for topic in topics}
        return Member.joined(name, lambda won, lost: _Membership(self, name, names, won, lost))

    @asynccontextmanager
    async def tail(self, topics: Sequence[str]) -> AsyncIterator[Tail]:
        names = {self._topic(topic): topic for topic in topics}
        places = [TopicPartition(name, partition) for name in names for partition in range(self._partitions)]
        with _translate_errors():
            async with asyncio.timeout(4 * OPEN_SECONDS):
                reader = await self._start_reader()
        try:
            ends = await self._query_with_own_client(lambda asked: asked.end_offsets(places))
            reader.assign(places)
            for where in places:
                reader.seek(where, ends[where])
            yield _KafkaTail(reader, names)
        finally:
            await _stop_consumer(reader)

    async def end_offsets(self, topics: Sequence[str], partition: int) -> dict[str, int]:
        wanted = {topic: TopicPartition(self._topic(topic), partition) for topic in topics}
        ends = await self._query_with_own_client(lambda reader: reader.end_offsets(list(wanted.values())))
        return {topic: ends[where] for topic, where in wanted.items()}

    async def spans(self, places: Sequence[Any]) -> dict[Any, tuple[int, int]]:
        """TopicPartition → first offset and end. Raises Unavailable."""
        starts, ends = await self._query_with_own_client(
            lambda reader: asyncio.gather(reader.beginning_offsets(places), reader.end_offsets(places))
        )
        return {where: (starts[where], ends[where]) for where in places}

    async def _query_with_own_client(self, question: Callable[[Any], Awaitable[Any]]) -> Any:
        """Over a connection of its own: on that of a member it would wait behind a fetch that waits for events."""
        with _translate_errors():
            async with asyncio.timeout(OFFSETS_SECONDS):
                reader = await self._offsets.get()
                try:
                    return await question(reader)
                except BaseException:
                    self._offsets.discard(reader)
                    raise

    async def check(self) -> None:
        if self._waiting >= self._room:
            raise Unavailable(f"{self._waiting} bytes are waiting to be written, the limit is {self._room}")
        with _translate_errors():
            async with asyncio.timeout(CHECK_SECONDS):
                client = (await self._publishing.get()).producer.client
                if not await client.force_metadata_update():
                    raise Unavailable("no Kafka broker answers")
        for topic in TOPICS:
            self._check_leaders(client.cluster, self._topic(topic.name))

    def _check_leaders(self, cluster: Any, topic: str) -> None:
        for partition in range(self._partitions):
            if cluster.leader_for_partition(TopicPartition(topic, partition)) in (None, -1):
                raise Unavailable(f"partition {partition} of {topic} has no leader")

    def _topic(self, name: str) -> str:
        return topic_name(self._namespace, name)

    async def _start_publishing(self) -> _Publishing:
        producer = AIOKafkaProducer(
            **self.connection,
            acks="all",
            enable_idempotence=True,
            compression_type="lz4",
            linger_ms=0,
            # Lanes cut the batches by a careful estimate; the builder never has to refuse one of their events.
            max_batch_size=BATCH_BYTES + MAX_EVENT_BYTES,
            max_request_size=2 * MAX_EVENT_BYTES,
            request_timeout_ms=int(BATCH_SECONDS * 1000),
            retry_backoff_ms=100,
            metadata_max_age_ms=60_000,
        )
        try:
            with _translate_errors():
                async with asyncio.timeout(OPEN_SECONDS):
                    await producer.start()
                    await producer.client.set_topics([self._topic(topic.name) for topic in TOPICS])
        except BaseException:
            await _force_close(producer)
            raise
        publishing: _Publishing

        async def append(topic: str, partition: int, pairs: Sequence[Pair]) -> None:
            await _append(producer, self._topic(topic), partition, pairs)

        publishing = _Publishing(producer, OrderedProducer(append, lambda: self._publishing.discard(publishing)))
        return publishing

    async def _start_reader(self) -> Any:
        """A reader in no group, without partitions yet."""
        reader = AIOKafkaConsumer(
            **self.connection,
            enable_auto_commit=False,
            auto_offset_reset="none",
            request_timeout_ms=int(OFFSETS_SECONDS * 1000),
        )
        try:
            await reader.start()
        except BaseException:
            await _stop_consumer(reader)
            raise
        return reader


class _KafkaTail:
    """A `Tail`. `names`: topic on Kafka → our short name."""

    def __init__(self, reader: Any, names: Mapping[str, str]) -> None:
        self._reader = reader
        self._names = names

    async def poll(self, *, wait: float) -> list[Record]:
        try:
            found = await self._reader.getmany(timeout_ms=int(wait * 1000), max_records=TAIL_RECORDS)
        except OffsetOutOfRangeError as error:
            raise OffsetOutOfRange("what this tail has not read yet is gone") from error
        except KafkaError as error:
            raise Unavailable(f"Kafka: {error!r}") from error
        return [_record(self._names, one) for records in found.values() for one in records]


class _Membership(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types, and asks for the subclass
    """A `Connection` of `kafka_member`. `names`: topic on Kafka → our short name."""

    def __init__(self, bus: KafkaBus, group: str, names: Mapping[str, str], won: OnAssigned, lost: OnRevoked) -> None:
        self._bus = bus
        self._names = names
        self._won = won
        self._lost = lost
        self._consumer = AIOKafkaConsumer(
            **bus.connection,
            group_id=group,
            # The others split the topics of one partition between members.
            partition_assignment_strategy=(RangePartitionAssignor,),
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_uncommitted",
            check_crcs=True,
            session_timeout_ms=10_000,
            # Members learn of a rebalance by their heartbeat; the partitions of one who left wait that long.
            heartbeat_interval_ms=1_000,
            rebalance_timeout_ms=10_000,
            # A worker waits for a store that is away as long as it takes; the row's number fences it if it is replaced.
            max_poll_interval_ms=86_400_000,
            request_timeout_ms=15_000,
            retry_backoff_ms=100,
            metadata_max_age_ms=60_000,
            # A partition that was just sought waits for the end of the fetch that is under way.
            fetch_max_wait_ms=100,
            fetch_min_bytes=1,
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
        )

    async def join(self) -> None:
        self._consumer.subscribe(topics=list(self._names), listener=self)
        with _translate_errors():
            async with asyncio.timeout(JOIN_SECONDS):
                await self._consumer.start()

    def on_partitions_revoked(self, revoked: set[Any]) -> None:
        self._lost()

    def on_partitions_assigned(self, assigned: set[Any]) -> None:
        # Paused until its position is sought: what the group settled is for lag alone.
        self._consumer.pause(*assigned)
        self._won(
            {where.partition for where in assigned if assigned.issuperset(self._offsets_by_partition(where.partition))}
        )

    def _offsets_by_partition(self, partition: int) -> list[Any]:
        return [TopicPartition(topic, partition) for topic in self._names]

    async def seek(self, partition: int, offsets: Mapping[str, int]) -> dict[str, int]:
        places = self._offsets_by_partition(partition)
        spans = await self._bus.spans(places)
        wanted = {where: offsets.get(self._names[where.topic], spans[where][0]) for where in places}
        for where, offset in wanted.items():
            start, end = spans[where]
            if not start <= offset <= end:
                raise OffsetOutOfRange(f"{where.topic}/{where.partition} goes from {start} to {end}, not to {offset}")
        try:
            for where, offset in wanted.items():
                self._consumer.seek(where, offset)
            self._consumer.resume(*places)
        except IllegalStateError as error:
            raise Revoked(f"partition {partition} was lost") from error
        return {self._names[where.topic]: offset for where, offset in wanted.items()}

    async def fetch(self, partition: int) -> list[Record]:
        places = self._offsets_by_partition(partition)
        try:
            while not (records := await self._get(places, 1, timeout_ms=60_000)):
                pass
            while (room := _fetch_budget(records)) > 0:
                more = await self._get(places, room, timeout_ms=0)
                if not more:
                    break
                records += more
        except OffsetOutOfRangeError as error:
            raise OffsetOutOfRange(f"a position of partition {partition} is outside its log") from error
        except KafkaError as error:
            raise Unavailable(f"Kafka: {error!r}") from error
        return records

    async def _get(self, places: Sequence[Any], limit: int, *, timeout_ms: int) -> list[Record]:
        found = await self._consumer.getmany(*places, timeout_ms=timeout_ms, max_records=limit)
        return [_record(self._names, one) for records in found.values() for one in records]

    def check(self) -> None:
        # Its coordination stops on the first error that it does not know, and says so only to whoever fetches.
        with _translate_errors():
            self._consumer._coordinator.check_errors()
        if self._consumer._fetcher.error_future.done():
            raise Unavailable("the fetching of records stopped")

    async def settle(self, positions: Mapping[tuple[str, int], int]) -> None:
        topics = {short: topic for topic, short in self._names.items()}
        offsets = {TopicPartition(topics[short], partition): at for (short, partition), at in positions.items()}
        if offsets:
            with suppress(*UNAVAILABLE_ERRORS, IllegalStateError):
                async with asyncio.timeout(COMMIT_SECONDS):
                    await self._consumer.commit(offsets)

    async def leave(self) -> None:
        await _stop_consumer(self._consumer)


def _record(names: Mapping[str, str], one: Any) -> Record:
    return Record(names[one.topic], one.partition, one.offset, (one.key or b"").decode(), one.value or b"")


def _fetch_budget(records: Sequence[Record]) -> int:
    """How many more to unpack, if they are as large as these: a few compressed bytes may hold many large events."""
    size = sum(len(record.value) for record in records)
    return min(len(records) * 4, READY_RECORDS - len(records), (READY_BYTES - size) * len(records) // max(1, size))


async def _append(producer: Any, topic: str, partition: int, pairs: Sequence[Pair]) -> None:
    """One batch. Raises Unknown, for whatever it was, the batch may have arrived."""
    batch = producer.create_batch()
    for key, value in pairs:
        if batch.append(key=key, value=value, timestamp=None) is None:
            raise ValueError(f"{len(pairs)} events do not fit into one batch")
    try:
        async with asyncio.timeout(BATCH_SECONDS):
            await (await producer.send_batch(batch, topic, partition=partition))
    except UNAVAILABLE_ERRORS as error:
        raise Unknown(f"Kafka did not acknowledge {len(pairs)} events on {topic}/{partition}: {error!r}") from error


async def _stop_publishing(publishing: _Publishing) -> None:
    await _force_close(publishing.producer)


async def _force_close(producer: Any) -> None:
    """Close it with what it has not sent. Its own `stop` would try to send that for as long as the bus is away."""
    producer._closed = True
    await producer.client.close()
    sending = producer._sender.sender_task
    # The first cancellation lets it wait for its requests, the second ends those.
    for _ in range(2):
        if sending is not None and not sending.done():
            sending.cancel()
            await asyncio.wait({sending}, timeout=0.3)


async def _stop_consumer(consumer: Any) -> None:
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            await consumer.stop()
    except UNAVAILABLE_ERRORS:
        if consumer._fetcher is not None:
            await consumer._fetcher.close()
        await consumer._client.close()


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except UNAVAILABLE_ERRORS as error:
        raise Unavailable(f"Kafka: {error!r}") from error


async def make_topics(connection: Mapping[str, Any], partitions: int, namespace: str) -> None:
    """Make the topics that are missing. Raises Misconfigured when one has another number of partitions."""
    admin = AIOKafkaAdminClient(**connection, request_timeout_ms=int(OPEN_SECONDS * 1000))
    try:
        await admin.start()
        present = await _partition_counts(admin)
        missing = [topic for topic in TOPICS if topic_name(namespace, topic.name) not in present]
        if missing:
            await _create(admin, missing, partitions, namespace)
        names = {topic_name(namespace, topic.name) for topic in TOPICS}
        while not names <= present.keys():
            await asyncio.sleep(0.05)
            present = await _partition_counts(admin)
    finally:
        await admin.close()
    check_counts(present, partitions, namespace)


async def _partition_counts(admin: Any) -> dict[str, int]:
    # All topics: naming one that does not exist would make it, on brokers that make topics by themselves.
    # One that is just being made is listed without partitions.
    return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics() if topic["partitions"]}


async def _create(admin: Any, topics: Sequence[Topic], partitions: int, namespace: str) -> None:
    brokers = len((await admin.describe_cluster())["brokers"])
    copies = min(3, brokers)
    new = [
        NewTopic(topic_name(namespace, topic.name), partitions, copies, topic_configs=topic_settings(topic, copies))
        for topic in topics
    ]
    answer = await admin.create_topics(new)
    for name, code, *message in answer.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise Misconfigured(f"Kafka refused to make {name}: {for_code(code).__name__} {message}")
