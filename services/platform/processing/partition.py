"""One owner of one partition: polls, decides, commits, publishes, for as long as it may.

Read `PartitionOwner` from top to bottom; each step has a file of its own (`opening`, `poll`, `decide`, `commit`,
`publish`, `timers`, `dead_letters`). The invariants (docs/adr/0002): the next batch starts only after the outbox of the last one is
acknowledged whole. Only a definite success of a commit counts: after any other result everything in memory is dropped
and read again, row first. Nothing here knows what the processor decides.
"""

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from services.platform.bus.port import Consumer
from services.platform.core.backoff import Backoff
from services.platform.core.errors import Fenced, OffsetOutOfRange, Revoked
from services.platform.processing import failpoints
from services.platform.processing.batch import Batch, start_batch
from services.platform.processing.commit import Position
from services.platform.processing.dead_letters import RecentDeadLetters, set_aside
from services.platform.processing.decide import Poison, decide
from services.platform.processing.document_cache import DocumentCache
from services.platform.processing.effects import Effects
from services.platform.processing.inputs import PendingInput
from services.platform.processing.opening import open_position
from services.platform.processing.poll import BatchLimit, InputPoller
from services.platform.processing.processor import AnyProcessor
from services.platform.processing.publish import OffsetReporter, Publisher
from services.platform.processing.restarts import (
    FIRST_BACKOFF_SECONDS,
    MAX_BACKOFF_SECONDS,
    TRANSIENT_ERRORS,
    Restarts,
)
from services.platform.processing.runtime import Runtime
from services.platform.processing.timers import TimerQueue
from services.platform.processing.unit_of_work import Effect, PartitionContext

log = structlog.get_logger()

DRAIN_SECONDS = 8.0


class PartitionOwner:
    """Runs a processor on one partition until it is cancelled, drained, revoked or stopped."""

    def __init__(
        self,
        processor: AnyProcessor,
        partition: int,
        consumer: Consumer,
        runtime: Runtime,
        restarts: Restarts | None = None,
    ) -> None:
        self._processor = processor
        self._group, self._partition = processor.group, partition
        self._consumer, self._runtime = consumer, runtime
        self._restarts = restarts or Restarts()
        self._counters = runtime.instruments.of(self._group)
        self._effects = Effects(processor.perform, self._effect_failed)
        self._poller = InputPoller(
            processor.topics, partition, consumer, runtime.bus, runtime.store, self._effects, runtime.hook
        )
        self._publisher = Publisher(
            self._group, runtime.bus, runtime.store, runtime.time_source, runtime.instruments, self._restarts
        )
        self._offsets = OffsetReporter(consumer, partition, runtime.time_source, runtime.hook)
        self._limit, self._letters = BatchLimit(), RecentDeadLetters()
        self._draining = asyncio.Event()
        self._next_batch_at = 0.0
        self._cache = DocumentCache()
        self._reset()

    # -- its life ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Own the partition. Returns when revoked or drained; raises Stopped, OffsetOutOfRange or Outdated when an operator must act."""
        try:
            await self._run()
        except Revoked:
            log.info("partition_revoked", group=self._group, partition=self._partition)
        finally:
            await self._effects.close()

    def drain(self) -> None:
        """Take no new records; finish what runs outside, commit its results, then return from `run`."""
        self._draining.set()

    async def _run(self) -> None:
        backoff, since = Backoff(FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS), self._runtime.time_source.monotonic()
        overtaken: Mapping[str, int] = {}
        while not self._is_drained(since):
            if not self._draining.is_set():
                since = self._runtime.time_source.monotonic()
            try:
                await self._advance()
                backoff.reset()
            except TRANSIENT_ERRORS as error:
                self._restart(error)
                await asyncio.sleep(backoff.next())
            except OffsetOutOfRange as error:
                # Retention overtook us. Opening again goes on behind it where the topic allows that, and raises where not.
                if not self._is_open or self._position.row.offsets == overtaken:
                    raise
                overtaken = self._position.row.offsets
                self._restart(error)

    def _is_drained(self, since: float) -> bool:
        if not self._draining.is_set():
            return False
        return not self._effects.must_finish or self._runtime.time_source.monotonic() - since > DRAIN_SECONDS

    async def _advance(self) -> None:
        """One round: whatever there is to do is handled, committed and published."""
        if not self._is_open:
            await self._open()
        await self._linger()
        now = self._position.now(self._runtime.time_source)
        pending = await self._poller.poll(
            self._timers, self._position.row, now, self._limit.size, draining=self._draining.is_set()
        )
        if not pending:
            await self._idle()
            return
        try:
            await self._handle(pending)
            self._limit.grow(len(pending))
        except TRANSIENT_ERRORS as error:
            # A fenced commit says nothing about the size of the batch: another owner has the partition.
            if not isinstance(error, Fenced):
                self._limit.shrink(len(pending))
            raise

    async def _idle(self) -> None:
        """Without inputs: commit a position that is ahead of the stored one, and report it to the bus."""
        if self._position.uncommitted_since is not None:
            await self._commit(self._start_batch([]))
        await self._offsets.report(self._position.row)

    async def _linger(self) -> None:
        """Wait until `linger_seconds` have passed since the last batch began: a batch costs nearly as much as its inputs do."""
        linger, time_source = self._processor.linger_seconds, self._runtime.time_source
        if linger and not self._draining.is_set():
            await asyncio.sleep(max(0.0, self._next_batch_at - time_source.monotonic()))
            self._next_batch_at = time_source.monotonic() + linger

    # -- what is in memory ---------------------------------------------------------------------------------------------

    def _reset(self) -> None:
        """Drop everything that was in memory; `_open` reads it again."""
        self._is_open = False
        self._position = Position.initial(self._group, self._partition, self._runtime.time_source)
        self._reset_but_position()

    def _reset_but_position(self) -> None:
        """Read memory and timers again: a workspace was closed or opened, and its documents are deleted or may come back."""
        self._discard_decided()
        self._timers = TimerQueue(self._group, self._partition)

    def _discard_decided(self) -> None:
        """Drop what a decision that was not committed may have changed."""
        self._memory = self._processor.new_memory()
        self._cache.clear()

    def _restart(self, error: Exception) -> None:
        """Start over after an error that leaves open what was committed: all is read again, row first (rule 2)."""
        reason = type(error).__name__
        self._restarts.note(error, self._runtime.time_source.monotonic())
        self._runtime.instruments.restarts.labels(self._group, reason).inc()
        log.warning(
            "partition_restarting",
            group=self._group,
            partition=self._partition,
            reason=reason,
            detail=str(error),
            limit=self._limit.size,
        )
        self._reset()

    async def _open(self) -> None:
        self._position = await open_position(
            self._group, self._partition, self._runtime, self._consumer, self._publisher
        )
        self._is_open = True

    # -- one batch -----------------------------------------------------------------------------------------------------

    def _start_batch(self, pending: Sequence[PendingInput]) -> Batch:
        position, runtime = self._position, self._runtime
        place = PartitionContext(self._group, self._partition, runtime.bus.partitions, position.row.seq + 1)
        now = position.now(runtime.time_source)
        work = self._processor.unit_of_work(place, now, runtime.store, self._cache, runtime.immutable)
        return start_batch(position.row, pending, work)

    async def _handle(self, pending: Sequence[PendingInput]) -> None:
        """Handle inputs in one batch or, when one of them cannot be handled, each in a batch of its own (rule 8)."""
        parts: list[Sequence[PendingInput]] = [pending]
        while parts:
            part = parts.pop(0)
            batch = self._start_batch(part)
            try:
                await decide(batch, self._processor, self._memory, self._runtime)
            except Poison as poison:
                self._discard_decided()
                if part is pending:
                    # One input alone is decided once more, too: what a batch before left in memory may be at fault.
                    parts = [[one] for one in pending]
                    continue
                self._letters.note_dead_letter(poison.error)
                batch = self._start_batch(part)
                await set_aside(batch, poison.error, self._processor.accounting)
                self._report_dead_letter(poison.error)
            if not self._position.skip_commit(batch, self._runtime.time_source):
                await self._commit(batch)
            self._restarts.reset()
            self._letters.note_handled(len(batch.inputs))
            self._counters.count_batch(len(batch.inputs), batch.duplicates)

    async def _commit(self, batch: Batch) -> None:
        """Commit, take over what follows from it, and publish. Only then may the next batch begin."""
        began = self._runtime.time_source.monotonic()
        try:
            to_publish = await self._position.commit(batch, self._runtime.store)
        finally:
            self._counters.commit.observe(self._runtime.time_source.monotonic() - began)
        # No await until all of memory is taken over: it is as the store is, or not changed at all.
        self._cache.add(batch.work.written)
        self._timers.apply(batch.work.timers())
        if batch.changes_gates:
            self._reset_but_position()
        self._effects.acknowledge(batch.results)
        for effect in batch.work.effects:
            self._effects.start(effect, is_repeatable=self._processor.is_repeatable(effect))
        await self._runtime.hook(failpoints.COMMITTED)
        # Waits until the bus has all of it, however long: the next commit deletes this outbox.
        await self._publisher.publish(to_publish)
        await self._runtime.hook(failpoints.PUBLISHED)
        await self._offsets.report(self._position.row)

    # -- reporting -----------------------------------------------------------------------------------------------------

    def _report_dead_letter(self, error: Exception) -> None:
        self._runtime.instruments.dead_letters.labels(self._group).inc()
        log.error("event_dead_lettered", group=self._group, partition=self._partition, error=type(error).__name__)

    def _effect_failed(self, effect: Effect, error: BaseException) -> None:
        log.error("effect_failed", group=self._group, partition=self._partition, error=type(error).__name__)
