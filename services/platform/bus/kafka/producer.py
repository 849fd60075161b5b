"""Publishing in order: one lane for each (topic, partition), one batch of a lane in flight at a time.

Why not the client's own queue: after a refused batch it may still send the next one, and then a repeat of the refused
one would be dropped by readers as seen.
"""

import asyncio
import copy
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from services.platform.bus.port import ProducerRecord

BATCH_BYTES = 256 * 1024
RECORD_OVERHEAD = 32
"""What a record adds to its key and value at most: varint lengths, offset and time deltas."""

Pair = tuple[bytes, bytes]
Append = Callable[[str, int, Sequence[Pair]], Awaitable[None]]
"""Appends the (key, value) pairs as one batch; returns when it is durable, raises when that is not known."""


def max_batch_bytes(event: ProducerRecord) -> int:
    """The bytes that an event takes of a batch, at most."""
    return len(event.value) + len(event.key.encode()) + RECORD_OVERHEAD


@dataclass(slots=True)
class _PublishRequest:
    """The events of one publish for one lane; `done` when all of them are durable."""

    rest: deque[ProducerRecord]
    done: asyncio.Future[None]


@dataclass(slots=True)
class OrderedProducer:
    """The lanes of one producer. The first failure ends them all: `on_failure` is told once, and nothing is appended
    afterwards.
    """

    append: Append
    on_failure: Callable[[], None]
    _lanes: dict[tuple[str, int], deque[_PublishRequest]] = field(default_factory=dict)
    _drains: set[asyncio.Task[None]] = field(default_factory=set)
    _failure: Exception | None = None

    async def publish(self, events: Sequence[ProducerRecord]) -> None:
        """Return when all are durable. Raises what `append` raised, for whichever lane failed first."""
        if self._failure is not None:
            raise copy.copy(self._failure)
        asks = [self._ask(where, group) for where, group in _by_lane(events).items()]
        try:
            await asyncio.gather(*(ask.done for ask in asks))
        finally:
            for ask in asks:
                ask.done.cancel()

    def _ask(self, where: tuple[str, int], events: deque[ProducerRecord]) -> _PublishRequest:
        ask = _PublishRequest(events, asyncio.get_running_loop().create_future())
        if where in self._lanes:
            self._lanes[where].append(ask)
        else:
            self._lanes[where] = deque([ask])
            drain = asyncio.create_task(self._drain(where))
            self._drains.add(drain)
            drain.add_done_callback(self._drains.discard)
        return ask

    async def _drain(self, where: tuple[str, int]) -> None:
        lane = self._lanes[where]
        try:
            while batch := _next_batch(lane):
                await self.append(*where, [(event.key.encode(), event.value) for event in batch])
                _acknowledge(lane)
        except Exception as error:  # noqa: BLE001 - nothing is hidden: every publisher of these lanes gets it
            self._fail(error)
        finally:
            del self._lanes[where]

    def _fail(self, error: Exception) -> None:
        if self._failure is not None:
            return
        self._failure = error
        for lane in self._lanes.values():
            for ask in lane:
                ask.rest.clear()
                if not ask.done.done():
                    ask.done.set_exception(copy.copy(error))
                    ask.done.exception()  # a publisher of several lanes looks at the first only
        self.on_failure()


def _by_lane(events: Sequence[ProducerRecord]) -> dict[tuple[str, int], deque[ProducerRecord]]:
    lanes: dict[tuple[str, int], deque[ProducerRecord]] = {}
    for event in events:
        lanes.setdefault((event.topic, event.partition), deque()).append(event)
    return lanes


def _next_batch(lane: deque[_PublishRequest]) -> list[ProducerRecord]:
    """Take the next batch off the front of the lane: whatever fits, at least one event. Given-up asks are left out."""
    batch: list[ProducerRecord] = []
    room = BATCH_BYTES
    for ask in lane:
        if ask.done.done():
            ask.rest.clear()
        while ask.rest and (not batch or max_batch_bytes(ask.rest[0]) <= room):
            event = ask.rest.popleft()
            room -= max_batch_bytes(event)
            batch.append(event)
        if ask.rest:
            break
    return batch


def _acknowledge(lane: deque[_PublishRequest]) -> None:
    """Everything that was cut off is durable now."""
    while lane and not lane[0].rest:
        ask = lane.popleft()
        if not ask.done.done():
            ask.done.set_result(None)
