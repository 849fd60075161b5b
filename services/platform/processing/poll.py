"""Poll: the inputs of the next batch. Results of effects come first, then timers that may fire, then new records."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from services.platform.bus.port import Bus, Consumer, Record
from services.platform.processing import failpoints
from services.platform.processing.effects import Effects
from services.platform.processing.inputs import PendingInput
from services.platform.processing.timers import TimerQueue
from services.platform.store.collections import PartitionCheckpoint
from services.platform.store.port import Store

MAX_BATCH_SIZE = 500
GROWTH = 8
"""After a batch that was too large, each full batch that is committed raises the limit by an eighth."""
IDLE_SECONDS = 1.0
RESULT_WAIT_SECONDS = 0.1


@dataclass(slots=True)
class BatchLimit:
    """The most inputs of a batch: fewer after one that was too many for the store's deadline."""

    size: int = MAX_BATCH_SIZE

    def shrink(self, tried: int) -> None:
        """A batch of this size failed. Halve it: with the same size, a backlog would fail for ever."""
        self.size = max(1, min(self.size, tried) // 2)

    def grow(self, done: int) -> None:
        """A batch of this size was committed. Growth is slow, because each batch that is too large costs a whole deadline."""
        if done >= self.size:
            self.size = min(self.size + max(1, self.size // GROWTH), MAX_BATCH_SIZE)


@dataclass(frozen=True, slots=True)
class InputPoller:
    """Takes the inputs of one partition of one group."""

    topics: Sequence[str]
    partition: int
    consumer: Consumer
    bus: Bus
    store: Store
    effects: Effects
    hook: failpoints.Hook

    async def poll(
        self, timers: TimerQueue, row: PartitionCheckpoint, now: datetime, limit: int, *, draining: bool
    ) -> list[PendingInput]:
        """The next inputs, at most about `limit`; waits up to a second for the first.

        A partition that is draining takes no new records: the next owner reads them. Errors of store and bus pass
        through.
        """
        await timers.refill(self.store, now)
        results = self.effects.results()
        # Before the records: a timer waits for the end offsets of the moment at which it was seen to be due, not for later records.
        fired = await timers.fire(now, limit, row.offsets, self._end_offsets)
        ready = [PendingInput(completed=one) for one in results] + [PendingInput(timer=one) for one in fired]
        if draining:
            return ready or await self._wait_for_result()
        wait = 0.0 if ready else _timeout(timers, now)
        return ready + await self._records(wait, limit)

    async def _end_offsets(self) -> dict[str, int]:
        return await self.bus.end_offsets(self.topics, self.partition)

    async def _wait_for_result(self) -> list[PendingInput]:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.effects.has_result(), timeout=RESULT_WAIT_SECONDS)
        return []

    async def _records(self, wait: float, limit: int) -> list[PendingInput]:
        """New records; comes back early when an effect has a result."""
        taking = self.consumer.poll(self.partition, wait=wait, limit=limit)
        records = await (self._records_or_result(taking) if self.effects.busy else taking)
        await self.hook(failpoints.BATCH_READ)
        return [PendingInput(record=record) for record in records]

    async def _records_or_result(self, take: Coroutine[None, None, list[Record]]) -> list[Record]:
        taking, result = asyncio.ensure_future(take), asyncio.ensure_future(self.effects.has_result())
        try:
            await asyncio.wait({taking, result}, return_when=asyncio.FIRST_COMPLETED)
            # Cancelling is safe: the consumer returns the same records at the next poll (see the port).
            if not taking.done():
                taking.cancel()
                await asyncio.wait({taking})
            return [] if taking.cancelled() else taking.result()
        finally:
            taking.cancel()
            result.cancel()


def _timeout(timers: TimerQueue, now: datetime) -> float:
    """Seconds until something but a record is due."""
    at = timers.next_at()
    return IDLE_SECONDS if at is None else min(IDLE_SECONDS, max(0.0, (at - now).total_seconds()))
