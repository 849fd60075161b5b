"""One member of a group: what it holds, generation by generation, and the records fetched ahead of its workers."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from services.runtime.bus.port import Assignment, Consumer, Record
from services.runtime.errors import Revoked, Unavailable

log = structlog.get_logger()

REJOIN_SECONDS = 1.0
TEND_SECONDS = 0.5
"""How often settled positions are told to the bus, and a connection is looked after."""


class Connection(Protocol):
    """One connection of a member; it ends when the group is lost. All errors but those named are Unavailable."""

    async def join(self) -> None:
        """Join; from then on the callbacks tell what is won and lost."""
        ...

    async def seek(self, partition: int, offsets: Mapping[str, int]) -> dict[str, int]:
        """Where each topic is read from now. Raises OutOfRange, Revoked, Unavailable."""
        ...

    async def fetch(self, partition: int) -> list[Record]:
        """Wait for records, and return at most some hundreds and about a megabyte. Raises OutOfRange, Unavailable. Cancelling it may lose some: seek again after it."""
        ...

    async def tend(self, settled: Mapping[tuple[str, int], int]) -> None:
        """Tell the bus these positions. Raises Unavailable when the connection is beyond repair."""
        ...

    async def leave(self) -> None:
        """Leave the group and close. Never raises."""
        ...


@dataclass(slots=True)
class _Held:
    """A partition while it is ours. `ready` holds at most one fetch; the next one starts when it is empty."""

    generation: int
    lost: asyncio.Future[None]
    sought: bool = False
    ready: deque[Record] = field(default_factory=deque)
    fetching: asyncio.Task[list[Record]] | None = None

    def stop_fetching(self) -> None:
        if self.fetching is not None:
            self.fetching.cancel()
        self.fetching = None
        self.ready.clear()

    def cut(self, limit: int, max_bytes: int) -> list[Record]:
        taken: list[Record] = []
        while self.ready and len(taken) < limit and (not taken or len(self.ready[0].value) <= max_bytes):
            max_bytes -= len(self.ready[0].value)
            taken.append(self.ready.popleft())
        return taken


def _look_at(fetching: asyncio.Task[list[Record]]) -> None:
    """The error of a fetch that nobody waits for any more is nobody's."""
    if not fetching.cancelled():
        fetching.exception()


Won = Callable[[Iterable[int]], None]
Lost = Callable[[], None]
Connect = Callable[[Won, Lost], Connection]
"""Makes a connection, given what to call with the partitions that were won, and when all were lost."""


class Member:
    """A `Consumer`. Made by `joined`."""

    def __init__(self, group: str, connect: Connect) -> None:
        self._group = group
        self._connect = connect
        self._connection: Connection | None = None
        self._held: dict[int, _Held] = {}
        self._generation = 0
        self._changed = asyncio.Event()
        self._broken = asyncio.Event()
        self._settled: dict[tuple[str, int], int] = {}

    @classmethod
    @asynccontextmanager
    async def joined(cls, group: str, connect: Connect) -> AsyncIterator[Consumer]:
        """Belong to the group until the context is left, joining again after every loss."""
        member = cls(group, connect)
        staying = asyncio.create_task(member._stay())
        try:
            yield member
        finally:
            staying.cancel()
            await asyncio.wait({staying})

    async def assignment(self, known: Assignment) -> Assignment:
        while (held := {p: one.generation for p, one in self._held.items()}) == known:
            await self._changed.wait()
        return held

    async def seek(self, partition: int, offsets: Mapping[str, int]) -> dict[str, int]:
        held, connection = self._holding(partition)
        held.stop_fetching()
        held.sought = False
        positions = await connection.seek(partition, offsets)
        if held.lost.done():
            raise Revoked(f"partition {partition} was lost")
        held.sought = True
        return positions

    async def take(self, partition: int, *, wait: float, limit: int = 500, max_bytes: int = 4_000_000) -> list[Record]:
        held, connection = self._holding(partition)
        if not held.sought:
            raise Revoked(f"partition {partition} was won anew; nobody has sought its position")
        if not held.ready:
            await self._fill(held, partition, connection, wait)
        return held.cut(limit, max_bytes)

    async def _fill(self, held: _Held, partition: int, connection: Connection, wait: float) -> None:
        # The fetch goes on over cancellations and empty takes, so that no record falls between two of them.
        if held.fetching is None:
            held.fetching = asyncio.create_task(connection.fetch(partition))
            held.fetching.add_done_callback(_look_at)
        fetching = held.fetching
        await asyncio.wait({fetching, held.lost}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
        if held.lost.done():
            raise Revoked(f"partition {partition} was lost")
        if fetching.done() and held.fetching is fetching:
            held.fetching = None
            held.ready.extend(self._fetched(fetching))

    def _fetched(self, fetching: asyncio.Task[list[Record]]) -> Sequence[Record]:
        try:
            return fetching.result()
        except Unavailable:
            self._broken.set()
            raise

    async def settle(self, partition: int, offsets: Mapping[str, int]) -> None:
        """Noted here and told to the bus within a second, together with those of the other partitions."""
        if partition in self._held:
            self._settled.update({(topic, partition): offset for topic, offset in offsets.items()})

    def _holding(self, partition: int) -> tuple[_Held, Connection]:
        held = self._held.get(partition)
        if held is None or self._connection is None:
            raise Revoked(f"partition {partition} is not ours")
        return held, self._connection

    async def _stay(self) -> None:
        while True:
            self._connection = self._connect(self._win, self._lose)
            try:
                await self._connection.join()
                await self._tend(self._connection)
            except Unavailable as error:
                log.warning("lost the group, joining again", group=self._group, reason=str(error))
            finally:
                await self._part(self._connection)
            await asyncio.sleep(REJOIN_SECONDS)

    async def _tend(self, connection: Connection) -> None:
        self._broken.clear()
        while not self._broken.is_set():
            await self._tell(connection)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._broken.wait(), TEND_SECONDS)
        raise Unavailable("a fetch failed")

    async def _tell(self, connection: Connection) -> None:
        settled, self._settled = self._settled, {}
        await connection.tend(settled)

    async def _part(self, connection: Connection) -> None:
        settled = self._settled
        self._lose()
        with suppress(Unavailable):
            await connection.tend(settled)
        await connection.leave()

    def _win(self, partitions: Iterable[int]) -> None:
        self._generation += 1
        loop = asyncio.get_running_loop()
        self._held = {p: _Held(self._generation, loop.create_future()) for p in sorted(partitions)}
        self._tell_change()

    def _lose(self) -> None:
        for held in self._held.values():
            held.lost.set_result(None)
            held.stop_fetching()
        self._held = {}
        self._settled = {}
        self._tell_change()

    def _tell_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
