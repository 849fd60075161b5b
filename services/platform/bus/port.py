"""The bus port: what every adapter promises, and what `tests/contracts/test_bus.py` holds it to.

Topics are short names of `schemas.topics` (`inbound`); the adapter makes `pasokh.inbound.v1` of it. All topics have
the same number of partitions, fixed when they are made. Delivery is at least once; exactly-once is the processor's.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from schemas.topics import BY_NAME

MAX_EVENT_BYTES = 1_000_000


def position_in_log(topic: str, position: int, first: int) -> int:
    """Where to read on: `position`, or the `first` record that is there, of a topic whose records go whether read or not."""
    known = BY_NAME.get(topic)
    return max(position, first) if known is not None and known.expires_unread else position


class ProducerRecord(NamedTuple):
    """One event on its way to a partition. `value` is the encoded event, at most `MAX_EVENT_BYTES`."""

    topic: str
    partition: int
    key: str
    value: bytes


class Record(NamedTuple):
    """One event as read. `offset` rises within (topic, partition); the next position to read is `offset + 1`."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes


Replace = Callable[[Record], tuple[str, bytes] | None]
"""The new key and value of a record; None: it stays as it is."""
Assignment = Mapping[int, int]
"""Partition → generation. A partition that was lost and won again has another generation, so that its owner starts over."""


def partition_for(key: str, partitions: int) -> int:
    """The partition of a key: the same in every process and version."""
    # Not `hash`, which Python salts per process.
    return zlib.crc32(key.encode()) % partitions


class Consumer(Protocol):
    """One member of a group. It holds a partition of *all* its topics or of none (co-partitioned assignment)."""

    async def assignment(self, known: Assignment) -> Assignment:
        """Wait until the assignment differs from `known`, then return it. Empty: nothing is ours."""
        ...

    async def seek(self, partition: int, offsets: Mapping[str, int]) -> dict[str, int]:
        """Read on from these offsets; a topic that is not named is read from the start of its log.

        Returns the position of every topic: the given one, or where its log starts (not 0 once retention has passed).
        Raises Revoked when the partition is not ours, OffsetOutOfRange for an offset outside the log.
        """
        ...

    async def poll(self, partition: int, *, wait: float, limit: int = 500, max_bytes: int = 4_000_000) -> list[Record]:
        """The next records of the partition, in offset order within each topic; empty after `wait` seconds of none.

        Safe to cancel: a record that was not returned is returned by the next call. At most `limit` records and about
        `max_bytes` (always at least one record). Raises Revoked, OffsetOutOfRange, Unavailable.
        """
        ...

    async def commit_offsets(self, partition: int, offsets: Mapping[str, int]) -> None:
        """Tell the bus the committed positions, for lag alone. Never raises for a bus that is away or revoked."""
        ...


class Tail(Protocol):
    """A reader in no group: it reads every partition, and takes no record away from members of groups."""

    async def poll(self, *, wait: float) -> list[Record]:
        """What was appended since the last call, in offset order within each (topic, partition); empty after `wait`.

        Raises Unavailable, and OffsetOutOfRange when records that were not read yet are gone; the tail is of no use then.
        """
        ...


class Bus(Protocol):
    """A connection to a bus. Safe for use by many tasks."""

    @property
    def partitions(self) -> int:
        """How many partitions every topic has."""
        ...

    async def publish(self, events: Sequence[ProducerRecord]) -> None:
        """Append the events; return only when they are durable.

        Order within a (topic, partition) is kept, and nothing after a failed event of it is ever appended by this
        call. Raises Unavailable or Unknown (some may be there; publish all again), TooLarge (nothing was appended).
        Never waits for a consumer. When too much is waiting to be written it raises Unavailable at once.
        """
        ...

    def consume(self, group: str, topics: Sequence[str]) -> AbstractAsyncContextManager[Consumer]:
        """Join a group on these topics. Leaving the context leaves the group at once."""
        ...

    def tail(self, topics: Sequence[str]) -> AbstractAsyncContextManager[Tail]:
        """Read, in no group, everything whose `publish` begins after the context is entered. Raises Unavailable."""
        ...

    async def end_offsets(self, topics: Sequence[str], partition: int) -> dict[str, int]:
        """Per topic the offset that the next event of the partition will have. Raises Unavailable."""
        ...

    async def overwrite(self, term: str, ends: Mapping[tuple[str, int], int], replace: Replace) -> int | None:
        """Overwrite the records of each (topic, partition) before its end that hold `term`, in place: how many.

        `replace` gives the record's new key and value, None to leave it. Every reader of a group must have passed them. No file
        shows the old bytes then. None: this log cannot be changed, and its records go when their retention ends. Raises
        Unavailable, Unknown; then some may be overwritten, and a repeat does no harm.
        """
        ...

    async def check(self) -> None:
        """Raise Unavailable when the bus cannot take an event now."""
        ...
