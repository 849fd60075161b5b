"""What every client of aiokafka in this package shares: which errors mean that the bus is away, and how one is ended."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from aiokafka.errors import KafkaError

from services.platform.bus.kafka.internals import force_close_consumer
from services.platform.bus.kafka.member import READY_BYTES, READY_RECORDS
from services.platform.bus.port import Record
from services.platform.core.errors import Unavailable

UNAVAILABLE_ERRORS = (KafkaError, OSError, TimeoutError)
OPEN_SECONDS = 4.0
LEAVE_SECONDS = 5.0


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise Unavailable for errors which mean that the bus is away."""
    try:
        yield
    except UNAVAILABLE_ERRORS as error:
        raise Unavailable(f"Kafka: {error!r}") from error


async def stop_consumer(consumer: Any) -> None:
    """Leave the group and close. After `LEAVE_SECONDS` the connection is closed without leaving."""
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            await consumer.stop()
    except UNAVAILABLE_ERRORS:
        await force_close_consumer(consumer)


def to_record(names: Mapping[str, str], one: Any) -> Record:
    return Record(names[one.topic], one.partition, one.offset, (one.key or b"").decode(), one.value or b"")


def fetch_budget(records: Sequence[Record]) -> int:
    """How many more records to unpack, if they are as large as these: a few compressed bytes may hold many large events."""
    size = sum(len(record.value) for record in records)
    return min(len(records) * 4, READY_RECORDS - len(records), (READY_BYTES - size) * len(records) // max(1, size))
