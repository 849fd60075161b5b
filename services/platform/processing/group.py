"""One member of a group: follows the assignment and runs an owner for every partition it is given."""

import asyncio
from collections.abc import Iterable

import structlog

from services.platform.bus.port import Assignment, Consumer
from services.platform.core.errors import OffsetOutOfRange, Unavailable, Unknown
from services.platform.processing.dead_letters import Stopped
from services.platform.processing.opening import Outdated
from services.platform.processing.partition import DRAIN_SECONDS, PartitionOwner
from services.platform.processing.processor import AnyProcessor
from services.platform.processing.restarts import Restarts
from services.platform.processing.runtime import Runtime

log = structlog.get_logger()

REJOIN_SECONDS = 1.0


class GroupMember:
    """Runs one processor in this process until cancelled, or until `drain` has finished."""

    def __init__(self, processor: AnyProcessor, runtime: Runtime) -> None:
        self._processor = processor
        self._runtime = runtime
        self._owners: dict[int, PartitionOwner] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stopped: dict[int, str] = {}
        self._restarts: dict[int, Restarts] = {}
        runtime.instruments.failing.labels(self.group).set_function(lambda: len(self._troubles()))
        self._joined = False
        self._draining = False

    @property
    def group(self) -> str:
        """The group that this is a member of."""
        return self._processor.group

    async def run(self) -> None:
        """Join, work, and join again whenever the bus was away."""
        while not self._draining:
            try:
                async with self._runtime.bus.consume(self._processor.group, self._processor.topics) as consumer:
                    await self._track_assignment(consumer)
            except (Unavailable, Unknown) as error:
                log.warning("group_lost", group=self.group, reason=type(error).__name__)
                await asyncio.sleep(REJOIN_SECONDS)
            finally:
                self._joined = False
                await self._release(list(self._tasks))

    async def _track_assignment(self, consumer: Consumer) -> None:
        known: Assignment = {}
        while True:
            assigned = await consumer.assignment(known)
            self._joined = True
            # Release before starting: a partition that was lost and won again needs a new owner, which reads its row anew.
            await self._release([p for p, generation in known.items() if assigned.get(p) != generation])
            for partition, generation in assigned.items():
                if known.get(partition) != generation:
                    self._tasks[partition] = asyncio.create_task(self._start_partition(partition, consumer))
            known = dict(assigned)
            self._runtime.instruments.partitions.labels(self.group).set(len(known))

    async def _release(self, partitions: Iterable[int]) -> None:
        tasks = [self._tasks.pop(p) for p in partitions if p in self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _start_partition(self, partition: int, consumer: Consumer) -> None:
        restarts = self._restarts[partition] = Restarts()
        while not self._draining:
            try:
                # A new owner each time: whatever the bug left in the memory of the old one goes with it.
                owner = PartitionOwner(self._processor, partition, consumer, self._runtime, restarts)
                self._owners[partition] = owner
                await owner.run()
                return
            except (Stopped, OffsetOutOfRange, Outdated) as error:
                self._stop(partition, error)
                return
            except Exception as error:
                restarts.note(error, self._runtime.time_source.monotonic())
                # No error that store or bus promise: a bug of ours. What is committed is whole, so start again from the row.
                log.exception("partition_failed", group=self.group, partition=partition)
                await asyncio.sleep(REJOIN_SECONDS)
            finally:
                self._owners.pop(partition, None)

    def _troubles(self) -> dict[int, str]:
        """Our partitions that make no progress, each with the reason."""
        now = self._runtime.time_source.monotonic()
        found = {p: self._restarts[p].trouble(now) for p in self._tasks if p in self._restarts}
        return {partition: trouble for partition, trouble in found.items() if trouble is not None}

    def _stop(self, partition: int, error: Exception) -> None:
        self._stopped[partition] = f"{type(error).__name__}: {error}"
        self._runtime.instruments.stopped.labels(self.group).set(len(self._stopped))
        log.critical("partition_stopped", group=self.group, partition=partition, reason=self._stopped[partition])

    async def drain(self) -> None:
        """Take no new records, let running effects finish (at most `DRAIN_SECONDS`), then leave the partitions."""
        self._draining = True
        for owner in list(self._owners.values()):
            owner.drain()
        # Not cancelled here: an owner ends itself once its effects have ended and their results are committed.
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=DRAIN_SECONDS)

    async def check(self) -> None:
        """Raise Unavailable while not joined, or when a partition waits for an operator or gets no further."""
        if self._stopped:
            partition, reason = next(iter(self._stopped.items()))
            raise Unavailable(f"{self.group}/{partition} stopped: {reason}; see `pasokh dead-letters list`")
        if troubles := self._troubles():
            raise Unavailable("; ".join(f"{self.group}/{partition}: {why}" for partition, why in troubles.items()))
        if not self._joined:
            raise Unavailable(f"{self.group} has not joined its group yet")
