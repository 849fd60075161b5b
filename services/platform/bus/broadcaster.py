"""One reader of the bus per process, without a group, and whoever listens to it. Nothing is read while nobody listens."""

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
    """A client's queue of facts, at most `max_waiting`. `missed`: facts were dropped, which the client reads from the store."""

    def __init__(self, workspace: str, max_waiting: int) -> None:
        self.workspace = workspace
        self.missed = False
        self.ended = False
        self._most = max_waiting
        self._waiting: deque[FactRecord] = deque()
        self._news = asyncio.Event()

    def push(self, told: FactRecord) -> None:
        if len(self._waiting) >= self._most:
            self._waiting.clear()
            self.missed = True
        if not self.missed:
            self._waiting.append(told)
        self._news.set()

    def end(self) -> None:
        """Nothing more will be told: the reader was lost, and what it would have read may be missing."""
        self.ended = True
        self._news.set()

    async def next_batch(self, wait: float) -> list[FactRecord]:
        """What was told, in order; empty after `wait` seconds of nothing, or at once when it missed some or ended."""
        try:
            async with asyncio.timeout(wait):
                await self._news.wait()
        except TimeoutError:
            return []
        self._news.clear()
        told = list(self._waiting)
        self._waiting.clear()
        return told


class FactBroadcaster:
    """Follows the facts on some topics for all listeners of a process."""

    def __init__(self, bus: Bus, topics: Sequence[str], *, most: int = MAX_QUEUED) -> None:
        self._reader = TailReader(bus, topics, self)
        self._most = most
        self._listeners: set[Subscriber] = set()
        self._open = asyncio.Event()

    @asynccontextmanager
    async def listening(self, workspace: str) -> AsyncIterator[Subscriber]:
        """Hear every fact of a workspace that is committed from now on. Raises Unavailable."""
        if len(self._listeners) >= MAX_LISTENERS:
            raise Unavailable(f"{MAX_LISTENERS} streams are open in this process already")
        listener = Subscriber(workspace, self._most)
        self._listeners.add(listener)
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
        """Follow for as long as somebody listens, again and again; when the reader is lost, listeners end."""
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
        # Topics come as the bus likes; what follows from a fact of another topic is later. Each source stays in order.
        for told in sorted(filter(None, wanted), key=lambda told: told.event.time):
            for listener in listeners[told.event.workspace]:
                listener.push(told)


def _to_fact(record: Record) -> FactRecord | None:
    try:
        event = decode(record.value)
    except ValueError:
        return None  # what no processor can read is a dead letter there
    return FactRecord(event, record.value) if is_fact(event.type) else None
