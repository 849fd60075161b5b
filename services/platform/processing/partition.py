"""One owner of one partition: polls, decides, commits, publishes, for as long as it may.

Read `PartitionOwner` from top to bottom; each step has a file of its own (`poll`, `decide`, `commit`, `publish`,
`timers`, `dead_letters`). The invariants (docs/adr/0002): the next batch starts only after the outbox of the last one is
acknowledged whole. Only a definite success of a commit counts: after any other result everything in memory is dropped
and read again, row first. Nothing here knows what the processor decides.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from services.platform.bus.port import Bus, Consumer
from services.platform.core.backoff import Backoff
from services.platform.core.errors import Fenced, Revoked
from services.platform.core.instruments import ProcessorInstruments
from services.platform.core.time_source import TimeSource
from services.platform.processing import failpoints
from services.platform.processing.commit import Position, outbox_key, row_key
from services.platform.processing.dead_letters import RecentDeadLetters, set_aside
from services.platform.processing.decide import Batch, Poison, decide, start_batch
from services.platform.processing.document_cache import DocumentCache, ImmutableDocuments
from services.platform.processing.effects import Effects
from services.platform.processing.inputs import PendingInput
from services.platform.processing.poll import BatchLimit, InputPoller
from services.platform.processing.processor import AnyProcessor
from services.platform.processing.publish import OffsetReporter, Publisher
from services.platform.processing.restarts import (
    FIRST_BACKOFF_SECONDS,
    MAX_BACKOFF_SECONDS,
    TRANSIENT_ERRORS,
    Restarts,
)
from services.platform.processing.time_slices import TimeSlicer
from services.platform.processing.timers import TimerQueue
from services.platform.processing.unit_of_work import Effect, PartitionContext
from services.platform.store.collections import ROWS, PartitionCheckpoint
from services.platform.store.port import Store

log = structlog.get_logger()

DRAIN_SECONDS = 8.0


class Outdated(Exception):
    """A newer version of Pasokh has migrated the data: this process must not write to them."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What every owner of a partition needs from its process."""

    store: Store
    bus: Bus
    time_source: TimeSource
    instruments: ProcessorInstruments
    hook: failpoints.Hook = failpoints.no_failpoint
    slicer: TimeSlicer = field(default_factory=TimeSlicer)
    immutable: ImmutableDocuments = field(default_factory=ImmutableDocuments)
    data_version: int = 0
    """The newest version of the data that this process knows."""


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
        """Own the partition. Returns when revoked or drained; raises Stopped, OutOfRange or Outdated when an operator must act."""
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
        while not self._is_drained(since):
            if not self._draining.is_set():
                since = self._runtime.time_source.monotonic()
            try:
                await self._advance()
                backoff.reset()
            except TRANSIENT_ERRORS as error:
                self._restart(error)
                await asyncio.sleep(backoff.next())

    def _is_drained(self, since: float) -> bool:
        if not self._draining.is_set():
            return False
        return not self._effects.busy or self._runtime.time_source.monotonic() - since > DRAIN_SECONDS

    async def _advance(self) -> None:
        """One round: whatever there is to do is handled, committed and published."""
        if not self._is_open:
            await self._open()
        await self._linger()
        pending = await self._poller.poll(
            self._timers, self._position.row, self._now(), self._limit.size, draining=self._draining.is_set()
        )
        if pending:
            await self._handle(pending)
        else:
            await self._idle()

    async def _idle(self) -> None:
        """There is nothing to do: commit a position that is ahead, and show it to the bus."""
        if self._position.uncommitted_since is not None:
            await self._commit(self._start_batch([]))
        await self._offsets.report(self._position.row)

    async def _linger(self) -> None:
        """Let more come together where nobody waits for the group: a batch costs nearly as much as what is in it."""
        linger, clock = self._processor.linger_seconds, self._runtime.time_source
        if linger and not self._draining.is_set():
            await asyncio.sleep(max(0.0, self._next_batch_at - clock.monotonic()))
            self._next_batch_at = clock.monotonic() + linger

    # -- what is in memory ---------------------------------------------------------------------------------------------

    def _reset(self) -> None:
        """Drop everything that was in memory; `_open` reads it again."""
        self._is_open = False
        self._position = Position(PartitionCheckpoint(seq=0, decided_at=self._runtime.time_source.now()))
        self._reset_but_position()

    def _reset_but_position(self) -> None:
        """A workspace was closed or opened: what is remembered of it, its timers too, is gone or will be."""
        self._discard_decided()
        self._timers = TimerQueue(self._group, self._partition)

    def _discard_decided(self) -> None:
        """Drop what a decision that was not committed may have changed."""
        self._memory = self._processor.new_memory()
        self._cache.clear()

    def _restart(self, error: Exception) -> None:
        """After an error nobody knows what was committed: all is read again, row first (rule 2)."""
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
        """PartitionCheckpoint first, then the outbox it left; publish that, fence earlier owners, read on from the stored offsets."""
        key = row_key(self._group, self._partition)
        document = (await self._runtime.store.get_many([key])).get(key)
        if document is not None:
            row = ROWS.decode(document)
            if row.version > self._runtime.data_version:
                raise Outdated(f"the data are of version {row.version} now; end this process of an older version")
            outbox = outbox_key(self._group, self._partition, row.seq)
            is_left = await self._publisher.republish(outbox)
            self._position = Position(row, outbox if is_left else None)
        row = self._position.row
        offsets = await self._consumer.seek(self._partition, row.offsets)
        self._position.row = replace(row, offsets={**offsets, **row.offsets})
        await self._fence_previous_owners()
        self._is_open = True

    async def _fence_previous_owners(self) -> None:
        """Take the next number, so that no commit that is still on its way from before the row was read can succeed.

        One that succeeded later would leave its outbox unpublished and its timers unknown here, until something else
        happened to be committed (docs/adr/0007).
        """
        await self._position.commit(self._start_batch([]), self._runtime.store)

    # -- one batch -----------------------------------------------------------------------------------------------------

    def _now(self) -> datetime:
        """The time of the next batch, which never goes back."""
        return max(self._runtime.time_source.now(), self._position.row.decided_at)

    def _start_batch(self, pending: Sequence[PendingInput]) -> Batch:
        row, partitions = self._position.row, self._runtime.bus.partitions
        place = PartitionContext(self._group, self._partition, partitions, row.seq + 1)
        work = self._processor.unit_of_work(
            place, self._now(), self._runtime.store, self._cache, self._runtime.immutable
        )
        return start_batch(row, pending, work)

    async def _handle(self, pending: list[PendingInput]) -> None:
        try:
            await self._decide_and_commit(pending)
            self._limit.grow(len(pending))
        except Poison:
            await self._one_by_one(pending)
        except TRANSIENT_ERRORS as error:
            self._put_results_back(pending)
            if not isinstance(error, Fenced):
                self._limit.shrink(len(pending))
            raise

    async def _one_by_one(self, pending: list[PendingInput]) -> None:
        """Find the input that cannot be handled; everything before and after it is handled as ever (rule 8)."""
        self._discard_decided()
        for index, one in enumerate(pending):
            try:
                await self._decide_and_commit([one])
                self._letters.note_handled(1)
            except Poison as poison:
                await self._dead_letter(one, poison.error)
            except TRANSIENT_ERRORS:
                self._put_results_back(pending[index:])
                raise

    async def _decide_and_commit(self, pending: Sequence[PendingInput]) -> None:
        batch = self._start_batch(pending)
        await decide(batch, self._processor, self._memory, self._runtime)
        if self._position.is_worth_a_commit(batch, self._runtime.time_source):
            await self._commit(batch)
        else:
            self._position.skip_commit(batch, self._runtime.time_source)
        self._count(batch)

    async def _dead_letter(self, one: PendingInput, error: Exception) -> None:
        """Set aside what cannot be handled, in the commit that moves past it. Raises Stopped when that is too much."""
        self._discard_decided()
        self._letters.note_dead_letter(error)
        batch = self._start_batch([one])
        set_aside(batch.work, batch.seen, one, error)
        self._runtime.instruments.dead_letters.labels(self._group).inc()
        log.error("event_dead_lettered", group=self._group, partition=self._partition, error=type(error).__name__)
        await self._commit(batch)

    async def _commit(self, batch: Batch) -> None:
        """Commit, take over what follows from it, and publish. Only then may the next batch begin."""
        began = self._runtime.time_source.monotonic()
        try:
            to_publish = await self._position.commit(batch, self._runtime.store)
        finally:
            self._counters.commit.observe(self._runtime.time_source.monotonic() - began)
        self._cache.add(batch.work.written)
        self._timers.apply(batch.work.timers())
        if batch.changes_gates:
            self._reset_but_position()
        for effect in batch.work.effects:
            self._effects.start(effect)
        await self._runtime.hook(failpoints.COMMITTED)
        await self._publisher.publish(to_publish)
        await self._runtime.hook(failpoints.PUBLISHED)
        await self._offsets.report(self._position.row)

    def _put_results_back(self, pending: Sequence[PendingInput]) -> None:
        self._effects.put_back([one.completed for one in pending if one.completed is not None])

    # -- what is counted -----------------------------------------------------------------------------------------------

    def _count(self, batch: Batch) -> None:
        self._restarts.reset()
        self._letters.note_handled(len(batch.inputs))
        self._counters.events.inc(len(batch.inputs))
        self._counters.duplicates.inc(batch.duplicates)
        self._counters.batch.observe(len(batch.inputs))

    def _effect_failed(self, effect: Effect, error: BaseException) -> None:
        log.error("effect_failed", group=self._group, partition=self._partition, error=type(error).__name__)
