"""Publishing in order: one lane for each (topic, partition), one batch of a lane in flight at a time.

Why not the client's own queue: after a refused batch it may still send the next one, and then a repeat of the refused
one would be dropped by readers as a repeat, because its number is lower.
"""

import asyncio
import copy
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from services.platform.bus.port import ProducerRecord

BATCH_BYTES = 256 * 1024
RECORD_OVERHEAD = 32
"""Bytes that a record adds to its key and value at most: varint lengths, offset and time deltas."""

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
    """The lanes of one producer. The first failure ends all of them: `on_failure` is called once, and nothing is appended
    afterwards. Whoever publishes next gets a new producer, so that order holds within each.
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
        requests = [self._enqueue(where, group) for where, group in _by_lane(events).items()]
        try:
            await asyncio.gather(*(request.done for request in requests))
        finally:
            # A publisher that gave up: its events that were not sent yet are left out of the next batch.
            for request in requests:
                request.done.cancel()

    def _enqueue(self, where: tuple[str, int], events: deque[ProducerRecord]) -> _PublishRequest:
        request = _PublishRequest(events, asyncio.get_running_loop().create_future())
        if where in self._lanes:
            self._lanes[where].append(request)
        else:
            self._lanes[where] = deque([request])
            drain = asyncio.create_task(self._drain(where))
            self._drains.add(drain)
            drain.add_done_callback(self._drains.discard)
        return request

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
            for request in lane:
                request.rest.clear()
                if not request.done.done():
                    request.done.set_exception(copy.copy(error))
                    request.done.exception()  # retrieved: a publisher of several lanes awaits the first failure only
        self.on_failure()


def _by_lane(events: Sequence[ProducerRecord]) -> dict[tuple[str, int], deque[ProducerRecord]]:
    lanes: dict[tuple[str, int], deque[ProducerRecord]] = {}
    for event in events:
        lanes.setdefault((event.topic, event.partition), deque()).append(event)
    return lanes


def _next_batch(lane: deque[_PublishRequest]) -> list[ProducerRecord]:
    """Take the next batch off the front of the lane: whatever fits, at least one event. Requests that were given up are left out."""
    batch: list[ProducerRecord] = []
    room = BATCH_BYTES
    for request in lane:
        if request.done.done():
            request.rest.clear()
        while request.rest and (not batch or max_batch_bytes(request.rest[0]) <= room):
            event = request.rest.popleft()
            room -= max_batch_bytes(event)
            batch.append(event)
        if request.rest:
            break
    return batch


def _acknowledge(lane: deque[_PublishRequest]) -> None:
    """Answer the requests whose events are all durable now."""
    while lane and not lane[0].rest:
        request = lane.popleft()
        if not request.done.done():
            request.done.set_result(None)
