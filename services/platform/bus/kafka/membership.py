"""One membership of a group, and a reader in no group, on aiokafka."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError, OffsetOutOfRangeError

from services.platform.bus.kafka.clients import (
    UNAVAILABLE_ERRORS,
    fetch_budget,
    stop_consumer,
    to_record,
    translate_errors,
)
from services.platform.bus.kafka.internals import check_consumer
from services.platform.bus.kafka.member import OnAssigned, OnRevoked
from services.platform.bus.port import Record, position_in_log
from services.platform.core.errors import OffsetOutOfRange, Revoked, Unavailable

JOIN_SECONDS = 60.0
COMMIT_SECONDS = 2.0
FETCH_BYTES = 4_000_000
PARTITION_FETCH_BYTES = 320_000
"""Per topic of a partition; a larger event comes alone. It bounds what is buffered of a partition whose owner is busy."""
TAIL_RECORDS = 500


class Offsets(Protocol):
    """What a membership needs of the bus that it belongs to."""

    connection: Mapping[str, Any]

    async def spans(self, places: Sequence[Any]) -> dict[Any, tuple[int, int]]: ...


class KafkaTail:
    """A `Tail`. `names`: topic on Kafka → our short name."""

    def __init__(self, reader: Any, names: Mapping[str, str]) -> None:
        self._reader = reader
        self._names = names

    async def poll(self, *, wait: float) -> list[Record]:
        try:
            found = await self._reader.getmany(timeout_ms=int(wait * 1000), max_records=TAIL_RECORDS)
        except OffsetOutOfRangeError as error:
            raise OffsetOutOfRange("records that this tail has not read yet are gone") from error
        except KafkaError as error:
            raise Unavailable(f"Kafka: {error!r}") from error
        return [to_record(self._names, one) for records in found.values() for one in records]


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types, and asks for the subclass
    """A `MemberConnection`. `names`: topic on Kafka → our short name."""

    def __init__(
        self, bus: Offsets, group: str, names: Mapping[str, str], on_assigned: OnAssigned, on_revoked: OnRevoked
    ) -> None:
        self._bus = bus
        self._names = names
        self._on_assigned = on_assigned
        self._on_revoked = on_revoked
        self._consumer = AIOKafkaConsumer(
            **bus.connection,
            group_id=group,
            # The other strategies give one partition number of two topics to two members; an owner needs all topics of it.
            partition_assignment_strategy=(RangePartitionAssignor,),
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_uncommitted",
            check_crcs=True,
            session_timeout_ms=10_000,
            # A member learns of a rebalance by its heartbeat: for so long the partitions of a member that left wait.
            heartbeat_interval_ms=1_000,
            rebalance_timeout_ms=10_000,
            # An owner waits for a store that is away as long as it takes. If it is replaced meanwhile, the row's number fences it.
            max_poll_interval_ms=86_400_000,
            request_timeout_ms=15_000,
            retry_backoff_ms=100,
            metadata_max_age_ms=60_000,
            # aiokafka fetches a partition that was just sought only after the fetch that is under way, which lasts so long at most.
            fetch_max_wait_ms=100,
            fetch_min_bytes=1,
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
        )

    async def join(self) -> None:
        self._consumer.subscribe(topics=list(self._names), listener=self)
        with translate_errors():
            async with asyncio.timeout(JOIN_SECONDS):
                await self._consumer.start()

    def on_partitions_revoked(self, revoked: set[Any]) -> None:
        self._on_revoked()

    def on_partitions_assigned(self, assigned: set[Any]) -> None:
        # Paused until its position is sought: the offsets that the group committed are for lag alone.
        self._consumer.pause(*assigned)
        # A partition of which we have some topics only cannot be owned: another member may have the others.
        self._on_assigned(
            {where.partition for where in assigned if assigned.issuperset(self._offsets_by_partition(where.partition))}
        )

    def _offsets_by_partition(self, partition: int) -> list[Any]:
        return [TopicPartition(topic, partition) for topic in self._names]

    def _position(self, where: Any, offsets: Mapping[str, int], first: int) -> int:
        topic = self._names[where.topic]
        return position_in_log(topic, offsets.get(topic, first), first)

    async def seek(self, partition: int, offsets: Mapping[str, int]) -> dict[str, int]:
        places = self._offsets_by_partition(partition)
        spans = await self._bus.spans(places)
        wanted = {where: self._position(where, offsets, spans[where][0]) for where in places}
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
            # One record first: its size says how many more fit into the budget.
            while not (records := await self._get(places, 1, timeout_ms=60_000)):
                pass
            while (room := fetch_budget(records)) > 0:
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
        return [to_record(self._names, one) for records in found.values() for one in records]

    def check(self) -> None:
        with translate_errors():
            check_consumer(self._consumer)

    async def commit_offsets(self, positions: Mapping[tuple[str, int], int]) -> None:
        topics = {short: topic for topic, short in self._names.items()}
        offsets = {TopicPartition(topics[short], partition): at for (short, partition), at in positions.items()}
        if offsets:
            with suppress(*UNAVAILABLE_ERRORS, IllegalStateError):
                async with asyncio.timeout(COMMIT_SECONDS):
                    await self._consumer.commit(offsets)

    async def leave(self) -> None:
        await stop_consumer(self._consumer)
