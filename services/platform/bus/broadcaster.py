"""One reader of the bus per process, in no group, and the clients of event streams that subscribe to its facts."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from schemas.envelope import Event, decode
from schemas.topics import is_fact
from services.platform.bus.port import Bus, Record
from services.platform.bus.tail_reader import TailReader
from services.platform.core.errors import Unavailable

MAX_QUEUED = 1000
MAX_LISTENERS = 1000
OPEN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class FactRecord:
    """A fact as it came from the bus, and its encoding."""

    event: Event
    value: bytes


class Subscriber:
    """A client's queue of facts of one workspace, at most `max_queued`.

    `missed`: facts were dropped, which the client has to read from the store. `ended`: no more facts will come.
    """

    def __init__(self, workspace: str, max_queued: int) -> None:
        self.workspace = workspace
        self.missed = False
        self.ended = False
        self._max_queued = max_queued
        self._queue: deque[FactRecord] = deque()
        self._news = asyncio.Event()

    def push(self, fact: FactRecord) -> None:
        """Queue a fact. A client that reads too slowly loses all that is queued, and reads on from the store."""
        if len(self._queue) >= self._max_queued:
            self._queue.clear()
            self.missed = True
        if not self.missed:
            self._queue.append(fact)
        self._news.set()

    def end(self) -> None:
        """No more facts will come: the reader was lost, and facts that it would have read may be missing."""
        self.ended = True
        self._news.set()

    async def next_batch(self, wait: float) -> list[FactRecord]:
        """The queued facts in order. Empty after `wait` seconds without one, or at once when facts were missed or it ended."""
        try:
            async with asyncio.timeout(wait):
                await self._news.wait()
        except TimeoutError:
            return []
        self._news.clear()
        facts = list(self._queue)
        self._queue.clear()
        return facts


class FactBroadcaster:
    """Follows the facts on some topics for all listeners of a process."""

    def __init__(self, bus: Bus, topics: Sequence[str], *, max_queued: int = MAX_QUEUED) -> None:
        self._reader = TailReader(bus, topics, self)
        self._max_queued = max_queued
        self._listeners: set[Subscriber] = set()
        self._open = asyncio.Event()

    @asynccontextmanager
    async def listening(self, workspace: str) -> AsyncIterator[Subscriber]:
        """Subscribe to every fact of a workspace that is committed from now on. Raises Unavailable."""
        if len(self._listeners) >= MAX_LISTENERS:
            raise Unavailable(f"{MAX_LISTENERS} streams are open in this process already")
        listener = Subscriber(workspace, self._max_queued)
        self._listeners.add(listener)
        # Before waiting: the reader stops while it has no listener.
        self._reader.want()
        try:
            await self._opened()
            yield listener
        finally:
            self._listeners.discard(listener)

    async def _opened(self) -> None:
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await self._open.wait()
        except TimeoutError as error:
            raise Unavailable("the bus cannot be followed now") from error

    async def run(self) -> None:
        """Read whenever there are subscribers, until it is cancelled. When the reader is lost, its subscribers end."""
        await self._reader.run()

    # -- the reader's listener -----------------------------------------------------------------------------------------

    @property
    def is_wanted(self) -> bool:
        return bool(self._listeners)

    def on_open(self) -> None:
        self._open.set()

    def on_closed(self) -> None:
        self._open.clear()

    def on_lost(self) -> None:
        for listener in self._listeners:
            listener.end()

    def on_records(self, records: Sequence[Record]) -> None:
        listeners: defaultdict[str, list[Subscriber]] = defaultdict(list)
        for listener in self._listeners:
            listeners[listener.workspace].append(listener)
        wanted = [_to_fact(record) for record in records if record.key.split("/", 1)[0] in listeners]
        # Records of several topics come in any order. A fact that follows from one of another topic has a later time, so that
        # sorting by time (which is stable) puts it behind, and keeps the order of each source.
        for fact in sorted(filter(None, wanted), key=lambda fact: fact.event.time):
            for listener in listeners[fact.event.workspace]:
                listener.push(fact)


def _to_fact(record: Record) -> FactRecord | None:
    try:
        event = decode(record.value)
    except ValueError:
        # A record that is no event becomes a dead letter at the processors that read it.
        return None
    return FactRecord(event, record.value) if is_fact(event.type) else None
