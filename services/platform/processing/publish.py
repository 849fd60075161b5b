"""Publish: the outbox goes to the bus in its order, and the offsets are reported there.

Rule 3. Events are published from the first until all of them are acknowledged; the next commit waits for that. A
failed attempt is repeated whole: readers drop what they have handled by its number.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.platform.bus.port import Bus, Consumer, ProducerRecord
from services.platform.core.backoff import Backoff
from services.platform.core.errors import Unavailable, Unknown
from services.platform.core.instruments import ProcessorInstruments
from services.platform.core.time_source import TimeSource
from services.platform.processing import failpoints
from services.platform.processing.restarts import FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS, Restarts
from services.platform.store.collections import OUTBOXES, PartitionCheckpoint
from services.platform.store.port import Key, Store, outbox_events

OFFSET_COMMIT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes what one partition of a group has committed."""

    group: str
    bus: Bus
    store: Store
    time_source: TimeSource
    instruments: ProcessorInstruments
    restarts: Restarts

    async def publish(self, events: Sequence[ProducerRecord]) -> None:
        """Publish all, from the first, until all are acknowledged. Errors of the bus are waited out."""
        backoff = Backoff(FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS)
        while events:
            try:
                await self.bus.publish(events)
                return
            except (Unavailable, Unknown) as error:
                # No error leaves this loop, so a bus that stays away shows in readiness by these notes alone.
                self.restarts.note(error, self.time_source.monotonic())
                self.instruments.restarts.labels(self.group, "publish").inc()
                await asyncio.sleep(backoff.next())

    async def republish(self, outbox: Key) -> bool:
        """Publish the outbox that an earlier owner left; returns whether there is one. Store errors pass through."""
        document = (await self.store.get_many([outbox])).get(outbox)
        if document is None:
            return False
        await self.publish(outbox_events(OUTBOXES.decode(document).events))
        return True


class OffsetReporter:
    """Commits offsets to the bus, so that lag can be seen there. The position itself is in the partition row."""

    def __init__(self, consumer: Consumer, partition: int, time_source: TimeSource, hook: failpoints.Hook) -> None:
        self._consumer = consumer
        self._partition = partition
        self._time_source = time_source
        self._hook = hook
        self._reported_at = 0.0
        self._reported_seq = 0

    async def report(self, row: PartitionCheckpoint) -> None:
        """Commit the offsets of a row that is stored, twice a second at most. Bus errors pass through."""
        now = self._time_source.monotonic()
        # By the number of the commit: offsets that are ahead in memory alone are not reported.
        if self._reported_seq != row.seq and now - self._reported_at >= OFFSET_COMMIT_SECONDS:
            self._reported_at, self._reported_seq = now, row.seq
            await self._consumer.commit_offsets(self._partition, row.offsets)
            await self._hook(failpoints.SETTLED)
