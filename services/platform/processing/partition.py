"""One owner of one partition: reads the row, then takes, decides, commits, publishes, settles, for as long as it may.

Invariants (design section 3). The next batch starts only after the outbox of the last one is acknowledged whole. Only
a definite success of a commit counts: after any other result everything in memory is dropped and read again, row
first. Nothing here knows what the stage decides.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

import structlog

from services.platform.bus.port import Bus, Consumer, ProducerRecord, Record
from services.platform.core.errors import Fenced, OutOfRange, Revoked, Unavailable, Unknown
from services.platform.core.instruments import ProcessorInstruments
from services.platform.core.time_source import Clock
from services.platform.processing import failpoints
from services.platform.processing.batch import (
    Batch,
    PendingInput,
    Poison,
    advanced_offsets,
    cause_of,
    commit_of,
    decode_inputs,
    mark_seen,
    outbox_key,
    row_key,
    start_batch,
    to_dead_letter,
)
from services.platform.processing.document_cache import DocumentCache
from services.platform.processing.effects import Effects
from services.platform.processing.processor import EffectCompleted, Input, LowPriority, StreamProcessor, TimerFired
from services.platform.processing.restarts import Reopenings
from services.platform.processing.time_slices import TimeSlicer
from services.platform.processing.timer_queue import TimerQueue
from services.platform.processing.unit_of_work import Effect, PartitionContext, UnitOfWork
from services.platform.store.collections import Outbox, PartitionCheckpoint, Timer
from services.platform.store.port import Key, Store, outbox_events

log = structlog.get_logger()

Memory = TypeVar("Memory")

BATCH_EVENTS = 500
GROWTH = 8
"""After a batch that was too large, each full one may be followed by one that is larger by this part of it."""
IDLE_SECONDS = 1.0
OFFSET_COMMIT_SECONDS = 0.5
MAX_UNCOMMITTED_SECONDS = 1.0
"""How long the position may be ahead of the stored one, while nothing that happens is worth a commit."""
FIRST_BACKOFF_SECONDS = 0.05
LONGEST_BACKOFF_SECONDS = 2.0
REMEMBERED_EVENTS = 100
DEAD_LETTERS_TO_STOP = 20
DRAIN_SECONDS = 8.0
TRANSIENT_ERRORS = (Unavailable, Unknown, Fenced)
PARTITION_RESET_ERRORS = (*TRANSIENT_ERRORS, Revoked, OutOfRange)


class Stopped(Exception):
    """Too many dead letters: the partition waits for an operator rather than empty its topic into them."""


class Outdated(Exception):
    """A newer version of Pasokh has migrated the data: this process must not write to them."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What every owner of a partition needs from its process."""

    store: Store
    bus: Bus
    clock: Clock
    instruments: ProcessorInstruments
    hook: failpoints.Hook = failpoints.no_failpoint
    turns: TimeSlicer = field(default_factory=TimeSlicer)
    data_version: int = 0
    """The newest version of the data that this process knows."""


@dataclass(frozen=True, slots=True)
class Barrier:
    """Timers that came due, and the end offsets that must be passed before they fire (rule 6)."""

    timers: Sequence[Timer]
    ends: dict[str, int]


class PartitionOwner(Generic[Memory]):
    """Runs a stage on one partition until it is cancelled, drained, revoked or stopped."""

    def __init__(
        self,
        stage: StreamProcessor[Memory],
        partition: int,
        consumer: Consumer,
        runtime: Runtime,
        reopenings: Reopenings | None = None,
    ) -> None:
        self._stage = stage
        self._partition = partition
        self._consumer = consumer
        self._runtime = runtime
        self._reopenings = reopenings or Reopenings()
        self._counted = runtime.instruments.of(stage.group)
        self._effects = Effects(stage.perform, self._effect_failed)
        self._recent: deque[bool] = deque(maxlen=REMEMBERED_EVENTS)
        self._draining = asyncio.Event()
        self._settled_at, self._settled_seq = 0.0, 0
        self._most = BATCH_EVENTS
        self._kept = DocumentCache()
        self._linger, self._next_at = stage.linger_seconds if isinstance(stage, LowPriority) else 0.0, 0.0
        self._reset_memory()

    def _reset_memory(self) -> None:
        """Drop everything that was in memory; `_open` reads it again."""
        self._row = PartitionCheckpoint(seq=0, decided_at=self._runtime.clock.now())
        self._opened = False
        self._owed_since: float | None = None
        self._outbox: Key | None = None
        self._barrier: Barrier | None = None
        self._forget_all_but_the_row()

    def _forget_all_but_the_row(self) -> None:
        """A workspace was closed or opened: what is remembered of it, its timers too, is gone or will be."""
        self._discard_decided()
        self._agenda = TimerQueue(self._stage.group, self._partition)
        self._barrier = None

    def _discard_decided(self) -> None:
        """Drop what a decision that was not committed may have changed."""
        self._memory = self._stage.new_memory()
        self._kept.clear()

    # -- life ----------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Own the partition. Returns when revoked or drained; raises Stopped, OutOfRange or Outdated when an operator must act."""
        try:
            await self._run()
        except Revoked:
            log.info("partition_revoked", group=self._stage.group, partition=self._partition)
        finally:
            await self._effects.close()

    def drain(self) -> None:
        """Take nothing more; finish what runs outside, write its results, then return from `run`."""
        self._draining.set()

    async def _run(self) -> None:
        backoff, since = FIRST_BACKOFF_SECONDS, self._runtime.clock.monotonic()
        while not self._drained(since):
            if not self._draining.is_set():
                since = self._runtime.clock.monotonic()
            try:
                await self._advance()
                backoff = FIRST_BACKOFF_SECONDS
            except TRANSIENT_ERRORS as error:
                self._release(error)
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)

    def _drained(self, since: float) -> bool:
        if not self._draining.is_set():
            return False
        return not self._effects.busy or self._runtime.clock.monotonic() - since > DRAIN_SECONDS

    def _release(self, error: Exception) -> None:
        reason = type(error).__name__
        self._reopenings.note(error, self._runtime.clock.monotonic())
        self._runtime.instruments.restarts.labels(self._stage.group, reason).inc()
        where = {"group": self._stage.group, "partition": self._partition}
        log.warning("partition_reopens", **where, reason=reason, detail=str(error), most=self._most)
        self._reset_memory()

    async def _advance(self) -> None:
        if not self._opened:
            await self._open()
        await self._yield_to_others()
        taken = await self._take()
        await (self._handle(taken) if taken else self._idle())

    async def _yield_to_others(self) -> None:
        """Let more come together where the stage is in no hurry: a batch costs nearly as much as what is in it."""
        if self._linger and not self._draining.is_set():
            await asyncio.sleep(max(0.0, self._next_at - self._runtime.clock.monotonic()))
            self._next_at = self._runtime.clock.monotonic() + self._linger

    async def _idle(self) -> None:
        """Nothing to do: write down a position that is owed, and show it."""
        if self._owed_since is not None:
            await self._commit(self._begin([]))
        await self._commit_offsets()

    async def _open(self) -> None:
        """Row first, then the outbox it left; publish that, shut earlier owners out, read on from the stored offsets."""
        group, partition = self._stage.group, self._partition
        key = row_key(group, partition)
        document = (await self._runtime.store.get_many([key])).get(key)
        if document is not None:
            self._row = PartitionCheckpoint.model_validate(document)
            if self._row.version > self._runtime.data_version:
                raise Outdated(f"the data are of version {self._row.version} now; end this process of an older version")
            await self._republish(outbox_key(group, partition, self._row.seq))
        positions = await self._consumer.seek(partition, self._row.offsets)
        self._row = self._row.model_copy(update={"offsets": {**positions, **self._row.offsets}})
        await self._fence_previous_owners()
        self._opened = True

    async def _fence_previous_owners(self) -> None:
        """Take the next number, so that no commit that is still on its way from before the row was read can succeed.

        One that succeeded later would leave its outbox unpublished and its timers unknown here, until something else
        happened to be committed (docs/adr/0007).
        """
        row, changes = commit_of(self._begin([]), self._row, self._outbox)
        await self._runtime.store.commit(changes)
        self._row, self._outbox = row, None

    async def _republish(self, key: Key) -> None:
        document = (await self._runtime.store.get_many([key])).get(key)
        if document is not None:
            await self._publish(outbox_events(Outbox.model_validate(document).events))
            self._outbox = key

    # -- taking --------------------------------------------------------------------------------------------------------

    def _now(self) -> datetime:
        return max(self._runtime.clock.now(), self._row.decided_at)

    async def _take(self) -> list[PendingInput]:
        """What there is to do: results first, then timers whose barrier is passed, then new records."""
        await self._agenda.refill(self._runtime.store, self._now())
        results = self._effects.pop_results()
        try:
            return await self._take_with([PendingInput(performed=one) for one in results])
        except TRANSIENT_ERRORS:
            # What the world has done cannot be read again.
            self._effects.put_back(results)
            raise

    async def _take_with(self, results: list[PendingInput]) -> list[PendingInput]:
        ready = results + [PendingInput(wake_up=one) for one in await self._due_timers()]
        if self._draining.is_set():
            return ready or await self._await_results()
        wait = 0.0 if ready else self._poll_timeout()
        return ready + await self._records(wait)

    async def _await_results(self) -> list[PendingInput]:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._effects.has_result(), timeout=0.1)
        return []

    def _poll_timeout(self) -> float:
        """Seconds until something but a record is due."""
        at = self._agenda.next_at()
        if at is None or self._barrier is not None:
            return IDLE_SECONDS
        return min(IDLE_SECONDS, max(0.0, (at - self._now()).total_seconds()))

    async def _records(self, wait: float) -> list[PendingInput]:
        """New records; comes back early when an effect has a result."""
        taking = self._consumer.poll(self._partition, wait=wait, limit=self._most)
        records = await (self._wait_for_input(taking) if self._effects.busy else taking)
        await self._runtime.hook(failpoints.BATCH_READ)
        return [PendingInput(record=r) for r in records]

    async def _wait_for_input(self, take: Coroutine[None, None, list[Record]]) -> list[Record]:
        taking, news = asyncio.ensure_future(take), asyncio.ensure_future(self._effects.has_result())
        try:
            await asyncio.wait({taking, news}, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                taking.cancel()
                await asyncio.wait({taking})
            return [] if taking.cancelled() else taking.result()
        finally:
            taking.cancel()
            news.cancel()

    async def _due_timers(self) -> list[TimerFired]:
        """Timers that are due and have been overtaken by all input that was there when they came due."""
        if self._barrier is None:
            timers = self._agenda.due(self._now(), self._most)
            if not timers:
                return []
            ends = await self._runtime.bus.end_offsets(self._stage.topics, self._partition)
            self._barrier = Barrier(timers, ends)
        if not self._passed(self._barrier.ends):
            return []
        due, self._barrier = self._barrier.timers, None
        return [TimerFired(t.name, t.due_at, t.data) for t in due if self._agenda.is_scheduled(t)]

    def _passed(self, ends: dict[str, int]) -> bool:
        """Whether every topic has been read, and what was read committed, up to these ends."""
        return all(self._row.offsets.get(topic, 0) >= end for topic, end in ends.items())

    # -- deciding ------------------------------------------------------------------------------------------------------

    async def _handle(self, taken: list[PendingInput]) -> None:
        try:
            await self._decide_and_commit(taken)
            self._grow(len(taken))
        except Poison:
            await self._one_by_one(taken)
        except TRANSIENT_ERRORS as error:
            self._effects.put_back(_results(taken))
            if not isinstance(error, Fenced):
                self._shrink(len(taken))
            raise

    def _shrink(self, tried: int) -> None:
        """It may have been too much for the store's deadline: all that is behind after an outage would be so for ever."""
        self._most = max(1, min(self._most, tried) // 2)

    def _grow(self, done: int) -> None:
        """Slowly, for each time that is once too much costs a whole deadline."""
        if done >= self._most:
            self._most = min(self._most + max(1, self._most // GROWTH), BATCH_EVENTS)

    async def _one_by_one(self, taken: list[PendingInput]) -> None:
        """Find the event that cannot be handled; everything before and after it is handled as ever."""
        self._discard_decided()
        for index, one in enumerate(taken):
            try:
                await self._decide_and_commit([one])
                self._recent.append(False)
            except Poison as poison:
                await self._dead_letter(one, poison.error)
            except TRANSIENT_ERRORS:
                self._effects.put_back(_results(taken[index:]))
                raise

    async def _dead_letter(self, one: PendingInput, error: Exception) -> None:
        self._discard_decided()
        self._recent.append(True)
        if sum(self._recent) >= DEAD_LETTERS_TO_STOP:
            raise Stopped(f"{sum(self._recent)} dead letters among the last {len(self._recent)} events") from error
        batch = self._begin([one])
        if one.wake_up is not None:
            batch.work.cancel_timer(one.wake_up.name)
        mark_seen(batch, one)
        to_dead_letter(batch.work, one, error)
        self._runtime.instruments.dead_letters.labels(self._stage.group).inc()
        log.error("event_set_aside", group=self._stage.group, partition=self._partition, error=type(error).__name__)
        await self._commit(batch)

    def _begin(self, taken: Sequence[PendingInput]) -> Batch:
        place = PartitionContext(self._stage.group, self._partition, self._runtime.bus.partitions, self._row.seq + 1)
        return start_batch(self._row, taken, UnitOfWork(place, self._now(), self._runtime.store, self._kept))

    async def _decide_and_commit(self, taken: Sequence[PendingInput]) -> None:
        batch = self._begin(taken)
        await self._read(batch)
        await self._decide(batch)
        if self._row.closed:
            batch.work.leave_out(self._row.closed)
        await self._runtime.hook(failpoints.DECIDED)
        await (self._commit(batch) if self._is_worth_a_commit(batch) else self._skip_commit(batch))
        self._count(batch)

    async def _read(self, batch: Batch) -> None:
        try:
            await decode_inputs(batch)
            await self._runtime.hook(failpoints.INPUTS_KNOWN)
            await self._stage.load(batch.work, self._memory, [one for _, one in batch.inputs])
        except (*PARTITION_RESET_ERRORS, Poison):
            raise
        except Exception as error:
            raise Poison(None, error) from error
        await self._runtime.hook(failpoints.DOCUMENTS_READ)

    async def _decide(self, batch: Batch) -> None:
        work, memory, decide = batch.work, self._memory, self._stage.decide

        def decide_one(pair: tuple[PendingInput, Input]) -> None:
            taken, one = pair
            work.cause = cause_of(one)
            try:
                decide(work, memory, one)
            except Exception as error:
                raise Poison(taken, error) from error

        if self._linger:
            await self._runtime.turns.slices(decide_one, batch.inputs, self._runtime.clock)
            return
        for pair in batch.inputs:
            decide_one(pair)

    def _is_worth_a_commit(self, batch: Batch) -> bool:
        """Timers and results are not of the log, so nobody could read them again."""
        if not batch.work.is_empty or any(one.record is None for one in batch.taken) or self._turns(batch):
            return True
        return (
            self._owed_since is not None
            and self._runtime.clock.monotonic() - self._owed_since >= MAX_UNCOMMITTED_SECONDS
        )

    def _turns(self, batch: Batch) -> bool:
        """Whether a workspace is closed or opened by it."""
        return batch.closed != frozenset(self._row.closed)

    async def _skip_commit(self, batch: Batch) -> None:
        """Nothing came of these inputs, so their position rides on the next commit.

        Whatever follows from having read them is in that commit, or a later one: a crash before it, or another owner,
        reads them again and nothing comes of them again.
        """
        self._row = advanced_offsets(batch, self._row.seq)
        if self._owed_since is None:
            self._owed_since = self._runtime.clock.monotonic()

    # -- committing ----------------------------------------------------------------------------------------------------

    async def _commit(self, batch: Batch) -> None:
        row, changes = commit_of(batch, self._row, self._outbox)
        began = self._runtime.clock.monotonic()
        try:
            to_publish = await self._runtime.store.commit(changes)
        finally:
            self._counted.commit.observe(self._runtime.clock.monotonic() - began)
        turned = self._turns(batch)
        self._row, self._owed_since = row, None
        self._kept.add(batch.work.written)
        self._outbox = changes.outbox_key if to_publish else None
        self._agenda.apply(batch.work.timers())
        if turned:
            self._forget_all_but_the_row()
        for effect in batch.work.effects:
            self._effects.start(effect)
        await self._runtime.hook(failpoints.COMMITTED)
        await self._publish(to_publish)
        await self._runtime.hook(failpoints.PUBLISHED)
        await self._commit_offsets()

    async def _commit_offsets(self) -> None:
        """Show the position to the bus, twice a second at most: it is for lag alone."""
        now = self._runtime.clock.monotonic()
        if self._settled_seq != self._row.seq and now - self._settled_at >= OFFSET_COMMIT_SECONDS:
            self._settled_at, self._settled_seq = now, self._row.seq
            await self._consumer.commit_offsets(self._partition, self._row.offsets)
            await self._runtime.hook(failpoints.SETTLED)

    async def _publish(self, events: Sequence[ProducerRecord]) -> None:
        """Publish all, from the first, until all are acknowledged; nothing else is written meanwhile (rule 3)."""
        backoff = FIRST_BACKOFF_SECONDS
        while events:
            try:
                await self._runtime.bus.publish(events)
                return
            except (Unavailable, Unknown) as error:
                self._reopenings.note(error, self._runtime.clock.monotonic())
                self._runtime.instruments.restarts.labels(self._stage.group, "publish").inc()
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)

    def _count(self, batch: Batch) -> None:
        self._reopenings.get_on()
        self._recent.extend(False for _ in batch.inputs)
        self._counted.events.inc(len(batch.inputs))
        self._counted.duplicates.inc(batch.duplicates)
        self._counted.batch.observe(len(batch.inputs))

    def _effect_failed(self, effect: Effect, error: BaseException) -> None:
        log.error("effect_failed", group=self._stage.group, partition=self._partition, error=type(error).__name__)


def _results(taken: Sequence[PendingInput]) -> list[EffectCompleted]:
    return [one.performed for one in taken if one.performed is not None]
