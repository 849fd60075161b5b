"""One member of a group: its partitions, generation by generation, and the records that are fetched ahead of their owners."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from services.platform.bus.port import Assignment, Consumer, Record
from services.platform.core.errors import Revoked, Unavailable

log = structlog.get_logger()

REJOIN_SECONDS = 1.0
MAINTENANCE_SECONDS = 0.5
"""Seconds between two commits of offsets to the bus, and between two checks of the connection."""
READY_BYTES = 1_000_000
READY_RECORDS = 500


class MemberConnection(Protocol):
    """One connection of a member; it ends when the group is lost. All errors but those named are Unavailable."""

    async def join(self) -> None:
        """Join; from then on the callbacks say which partitions are assigned and revoked."""
        ...

    async def seek(self, partition: int, offsets: Mapping[str, int]) -> dict[str, int]:
        """Read on from these offsets; returns the position of each topic. Raises OffsetOutOfRange, Revoked, Unavailable."""
        ...

    async def fetch(self, partition: int) -> list[Record]:
        """Wait for records, and return at most some hundreds and about a megabyte. Raises OffsetOutOfRange, Unavailable. Cancelling it may lose some: seek again after it."""
        ...

    def check(self) -> None:
        """Raise Unavailable when the connection cannot be used any more."""
        ...

    async def commit_offsets(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Commit the offsets of (topic, partition) to the bus. Never raises for a bus that is away."""
        ...

    async def leave(self) -> None:
        """Leave the group and close. Never raises."""
        ...


@dataclass(slots=True)
class _PartitionBuffer:
    """The records of a partition while it is ours. Once its position is sought, `pump` fetches ahead until `ready` is full.

    It goes on while the owner decides: aiokafka fetches no other partition while it holds records that were not taken.
    """

    generation: int
    lost: bool = False
    pump: asyncio.Task[None] | None = None
    ready: deque[Record] = field(default_factory=deque)
    size: int = 0
    readable: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while `poll` need not wait: there are records, or the pump failed, or the partition is lost."""
    writable: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self, fetch: Callable[[], Awaitable[list[Record]]]) -> None:
        self.pump = asyncio.create_task(self._fetch_loop(fetch))
        self.pump.add_done_callback(self._ended)

    def stop(self) -> None:
        if self.pump is not None:
            self.pump.cancel()
        self.pump = None
        self.ready.clear()
        self.size = 0
        self.readable.clear()

    def lose(self) -> None:
        self.stop()
        self.lost = True
        self.readable.set()

    async def _fetch_loop(self, fetch: Callable[[], Awaitable[list[Record]]]) -> None:
        while True:
            for record in await fetch():
                self.ready.append(record)
                self.size += len(record.value)
            self.readable.set()
            while self.size > READY_BYTES or len(self.ready) > READY_RECORDS:
                self.writable.clear()
                await self.writable.wait()

    def _ended(self, pump: asyncio.Task[None]) -> None:
        # Reading the exception marks it as retrieved: asyncio logs an unretrieved one when no `drain` follows.
        if not pump.cancelled() and pump.exception() and pump is self.pump:
            self.readable.set()

    def drain(self, limit: int, max_bytes: int) -> list[Record]:
        """The next records, at most `limit`. Raises what ended the pump, once its last records are drained."""
        if not self.ready and self.pump is not None and self.pump.done():
            self.pump.result()
        return self._cut(limit, max_bytes)

    def _cut(self, limit: int, max_bytes: int) -> list[Record]:
        cut: list[Record] = []
        while self.ready and len(cut) < limit and (not cut or len(self.ready[0].value) <= max_bytes):
            max_bytes -= len(self.ready[0].value)
            self.size -= len(self.ready[0].value)
            cut.append(self.ready.popleft())
        self.writable.set()
        if not self.ready and self.pump is not None and not self.pump.done():
            self.readable.clear()
        return cut


OnAssigned = Callable[[Iterable[int]], None]
OnRevoked = Callable[[], None]
Connect = Callable[[OnAssigned, OnRevoked], MemberConnection]
"""Makes a connection. It calls the first function with the partitions that are assigned, the second when all are revoked."""


class Member:
    """A `Consumer` of the port. Made by `joined`."""

    def __init__(self, group: str, connect: Connect) -> None:
        self._group = group
        self._connect = connect
        self._connection: MemberConnection | None = None
        self._buffers: dict[int, _PartitionBuffer] = {}
        self._generation = 0
        self._changed = asyncio.Event()
        self._broken = asyncio.Event()
        self._uncommitted: dict[tuple[str, int], int] = {}

    @classmethod
    @asynccontextmanager
    async def joined(cls, group: str, connect: Connect) -> AsyncIterator[Consumer]:
        """Belong to the group until the context is left, joining again after every loss."""
        member = cls(group, connect)
        staying = asyncio.create_task(member._run())
        try:
            yield member
        finally:
            staying.cancel()
            await asyncio.wait({staying})

    async def assignment(self, known: Assignment) -> Assignment:
        while (held := {p: buffer.generation for p, buffer in self._buffers.items()}) == known:
            await self._changed.wait()
        return held

    async def seek(self, partition: int, offsets: Mapping[str, int]) -> dict[str, int]:
        held, connection = self._holding(partition)
        held.stop()
        positions = await connection.seek(partition, offsets)
        # A rebalance during the seek: the generation after it has a buffer of its own.
        if held.lost:
            raise Revoked(f"partition {partition} was lost")
        held.start(lambda: connection.fetch(partition))
        return positions

    async def poll(self, partition: int, *, wait: float, limit: int = 500, max_bytes: int = 4_000_000) -> list[Record]:
        held, _ = self._holding(partition)
        if held.pump is None:
            raise Revoked(f"partition {partition} was assigned anew, and its position was not sought since")
        if not held.readable.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await held.readable.wait()
        if held.lost:
            raise Revoked(f"partition {partition} was lost")
        try:
            return held.drain(limit, max_bytes)
        except Unavailable:
            self._broken.set()
            raise

    async def commit_offsets(self, partition: int, offsets: Mapping[str, int]) -> None:
        """Note the offsets; they are committed to the bus within a second, together with those of other partitions."""
        if partition in self._buffers:
            self._uncommitted.update({(topic, partition): offset for topic, offset in offsets.items()})

    def _holding(self, partition: int) -> tuple[_PartitionBuffer, MemberConnection]:
        held = self._buffers.get(partition)
        if held is None or self._connection is None:
            raise Revoked(f"partition {partition} is not ours")
        return held, self._connection

    async def _run(self) -> None:
        while True:
            self._connection = self._connect(self._on_assigned, self._on_revoked)
            try:
                await self._connection.join()
                await self._maintain(self._connection)
            except Unavailable as error:
                log.warning("lost the group, joining again", group=self._group, reason=str(error))
            except Exception:
                # A bug of ours. A member that ended here would stay in the group in name, and its partitions would stand still.
                log.exception("membership failed, joining again", group=self._group)
            finally:
                await self._leave(self._connection)
            await asyncio.sleep(REJOIN_SECONDS)

    async def _maintain(self, connection: MemberConnection) -> None:
        self._broken.clear()
        while not self._broken.is_set():
            connection.check()
            offsets, self._uncommitted = self._uncommitted, {}
            await connection.commit_offsets(offsets)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._broken.wait(), MAINTENANCE_SECONDS)
        raise Unavailable("a fetch failed")

    async def _leave(self, connection: MemberConnection) -> None:
        # Losing the partitions forgets the offsets: take them first.
        offsets = self._uncommitted
        self._on_revoked()
        await connection.commit_offsets(offsets)
        await connection.leave()

    def _on_assigned(self, partitions: Iterable[int]) -> None:
        self._generation += 1
        self._buffers = {partition: _PartitionBuffer(self._generation) for partition in sorted(partitions)}
        self._notify_change()

    def _on_revoked(self) -> None:
        for buffer in self._buffers.values():
            buffer.lose()
        self._buffers = {}
        self._uncommitted = {}
        self._notify_change()

    def _notify_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
