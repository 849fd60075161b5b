"""Reads from the log, after the measurement, when conversations were assigned: reading costs the measured process
nothing.

Embedded, a record bears the time at which the writer appended it, in the transaction of its commit and right before
COMMIT: one bare commit is added to it. On Kafka it bears the time at which it was handed to the producer, which is
after its commit.
"""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from aiokafka import AIOKafkaConsumer

from schemas.envelope import decode

ASSIGNED = b'"pasokh.conversation.assigned"'
READ_SECONDS = 60.0
POLL_SECONDS = 0.5

Times = dict[int, float]
"""Person → the time of the assignment, in Unix seconds."""


async def wait_for(read: Callable[[], Awaitable[Times]], persons: set[int]) -> Times:
    """The times of these persons, without those who had no agent within `READ_SECONDS`."""
    until = time.monotonic() + READ_SECONDS
    times: Times = {}
    while persons - times.keys() and time.monotonic() < until:
        await asyncio.sleep(POLL_SECONDS)
        times |= await read()
    return {person: at for person, at in times.items() if person in persons}


class EmbeddedLog:
    """The embedded log in the data folder of an installation."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "data" / "pasokh.db"
        self._after = 0

    async def read(self) -> Times:
        """The assignments since the last call."""
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as connection:
            rows = connection.execute(
                "SELECT id, at, value FROM bus_record WHERE id > ? AND topic = 'pasokh.conversations.v1' ORDER BY id",
                (self._after,),
            ).fetchall()
        self._after = rows[-1][0] if rows else self._after
        return {_person(value): at for _, at, value in rows if ASSIGNED in value}


class KafkaLog:
    """The topic `conversations` on Kafka. Leaving the context closes the connection."""

    def __init__(self, url: str, namespace: str) -> None:
        servers = url.removeprefix("kafka://")
        topic = f"{namespace}.conversations.v1"
        self._consumer = AIOKafkaConsumer(topic, bootstrap_servers=servers, auto_offset_reset="earliest")

    async def __aenter__(self) -> "KafkaLog":
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def read(self) -> Times:
        """The assignments since the last call."""
        times: Times = {}
        while records := await self._consumer.getmany(timeout_ms=200):
            rows = [record for batch in records.values() for record in batch]
            times |= {_person(row.value): row.timestamp / 1000 for row in rows if ASSIGNED in row.value}
        return times


def _person(value: bytes) -> int:
    return int(decode(value).partitionkey.rsplit(":", 1)[1])
