"""The bus on Apache Kafka, through aiokafka, which nothing outside this package imports.

Topics are `<namespace>.<name>.v1`, groups `<namespace>.<group>`. aiokafka's defaults lose events; each setting that
matters is set here. Where it waits for ever for a bus that is away, it is given up and opened anew.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.topics import TOPICS
from services.platform.bus.kafka.access import OPEN, KafkaAccess
from services.platform.bus.kafka.admin import make_topics
from services.platform.bus.kafka.clients import OPEN_SECONDS, UNAVAILABLE_ERRORS, stop_consumer, translate_errors
from services.platform.bus.kafka.internals import force_close_producer
from services.platform.bus.kafka.member import Member
from services.platform.bus.kafka.membership import KafkaTail, Membership
from services.platform.bus.kafka.producer import BATCH_BYTES, OrderedProducer, Pair, max_batch_bytes
from services.platform.bus.kafka.reconnect import ReconnectingClient
from services.platform.bus.kafka.topics import bootstrap_servers, topic_name
from services.platform.bus.port import MAX_EVENT_BYTES, Consumer, ProducerRecord, Replace, Tail
from services.platform.core.errors import TooLarge, Unavailable, Unknown

MAX_KEY_BYTES = 16_000
MAX_WAITING_BYTES = 32_000_000
BATCH_SECONDS = 4.5
"""Seconds that a batch may take. A leader moves within that time, or not for many seconds; the caller publishes again either way."""
CHECK_SECONDS = 0.9
OFFSETS_SECONDS = 3.0


@dataclass(frozen=True)
class _Publishing:
    """A producer of aiokafka and the lanes over it, which end together."""

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
        self._offsets = ReconnectingClient(self._start_reader, stop_consumer)

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
        bus = cls(bootstrap_servers(url), partitions, namespace, max_waiting_bytes, access)
        with translate_errors():
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
        """See the port. Unavailable: nothing was sent, because the bus is away or too much is waiting. Unknown: some was sent.

        It fails about five seconds after a batch that gets no answer.
        """
        for event in events:
            self._validate_size(event)
        with self._reserve_buffer(sum(map(max_batch_bytes, events))):
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
        """Join in the background, and again whenever the group was lost. It waits for a bus that is away."""
        name, names = f"{self._namespace}.{group}", {self._topic(topic): topic for topic in topics}
        return Member.joined(
            name, lambda on_assigned, on_revoked: Membership(self, name, names, on_assigned, on_revoked)
        )

    @asynccontextmanager
    async def tail(self, topics: Sequence[str]) -> AsyncIterator[Tail]:
        names = {self._topic(topic): topic for topic in topics}
        places = [TopicPartition(name, partition) for name in names for partition in range(self._partitions)]
        with translate_errors():
            async with asyncio.timeout(4 * OPEN_SECONDS):
                reader = await self._start_reader()
        try:
            ends = await self._query_with_own_client(lambda client: client.end_offsets(places))
            reader.assign(places)
            for where in places:
                reader.seek(where, ends[where])
            yield KafkaTail(reader, names)
        finally:
            await stop_consumer(reader)

    async def overwrite(self, term: str, ends: Mapping[tuple[str, int], int], replace: Replace) -> None:
        """Kafka's log is never changed: its records go when the retention of their topic ends."""

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

    async def _query_with_own_client(self, query: Callable[[Any], Awaitable[Any]]) -> Any:
        """Ask over a connection of its own: on that of a member, the request would wait behind a fetch that waits for events."""
        with translate_errors():
            async with asyncio.timeout(OFFSETS_SECONDS):
                reader = await self._offsets.get()
                try:
                    return await query(reader)
                except BaseException:
                    self._offsets.discard(reader)
                    raise

    async def check(self) -> None:
        if self._waiting >= self._room:
            raise Unavailable(f"{self._waiting} bytes are waiting to be written, the limit is {self._room}")
        with translate_errors():
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
            with translate_errors():
                async with asyncio.timeout(OPEN_SECONDS):
                    await producer.start()
                    await producer.client.set_topics([self._topic(topic.name) for topic in TOPICS])
        except BaseException:
            await force_close_producer(producer)
            raise
        # Declared first: a failure of the lanes discards this very connection.
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
            await stop_consumer(reader)
            raise
        return reader


async def _append(producer: Any, topic: str, partition: int, pairs: Sequence[Pair]) -> None:
    """Send one batch. Raises Unknown for any failure, because the batch may have arrived."""
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
    await force_close_producer(publishing.producer)
