"""Commit: a decided batch becomes one atomic change of the store, under the fence of the partition row.

The row is the input position, the fence, the number of outgoing events and the dedupe table in one (rule 2). A batch
from which nothing followed is not committed: the next commit moves past its inputs, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.platform.bus.port import ProducerRecord
from services.platform.core.time_source import TimeSource
from services.platform.processing.batch import Batch
from services.platform.store.collections import OUTBOXES, ROWS, PartitionCheckpoint
from services.platform.store.port import Changes, Condition, Key, Put, Store

MAX_UNCOMMITTED_SECONDS = 1.0
"""Seconds that the position may be ahead of the stored one, while no batch is worth a commit."""


def row_key(group: str, partition: int) -> Key:
    """The key of the row of a partition."""
    return Key(ROWS.name, f"{group}/{partition}")


def outbox_key(group: str, partition: int, seq: int) -> Key:
    """The key of the outbox of a commit."""
    return Key(OUTBOXES.name, f"{group}/{partition}/{seq}")


@dataclass(slots=True)
class Position:
    """Where a partition stands. `row` may be ahead of the stored one by inputs from which nothing followed.

    `outbox`: the document of the last commit's events, which the next commit deletes. `uncommitted_since`: monotonic
    seconds at which the position went ahead of the stored one.
    """

    group: str
    partition: int
    row: PartitionCheckpoint
    outbox: Key | None = None
    uncommitted_since: float | None = None

    @classmethod
    def initial(cls, group: str, partition: int, time_source: TimeSource) -> "Position":
        """The position of a partition that has no row yet. Its number 0 is that of no stored row."""
        return cls(group, partition, PartitionCheckpoint(seq=0, decided_at=time_source.now()))

    def now(self, time_source: TimeSource) -> datetime:
        """The time of the next batch. It never goes back, even when the owner before had a clock that runs ahead."""
        return max(time_source.now(), self.row.decided_at)

    def set_offsets(self, offsets: Mapping[str, int]) -> None:
        """Go on at these offsets, which the bus sought: of a topic that the row does not know yet, or whose unread records expired."""
        self.row = replace(self.row, offsets={**self.row.offsets, **offsets})

    async def fence_previous_owners(self, store: Store, time_source: TimeSource) -> None:
        """Commit the next number and nothing else: a commit under an earlier number fails from here on."""
        row = replace(self.row, seq=self.row.seq + 1, decided_at=self.now(time_source))
        await store.commit(self._changes(row))
        self._move_to(row)

    def skip_commit(self, batch: Batch, time_source: TimeSource) -> bool:
        """Go ahead without a commit, if nothing of the batch is worth one; returns whether it did.

        Whatever follows from having read these inputs is in the next commit, or a later one: a crash before it, or
        another owner, reads them again and nothing follows again.
        """
        if self._is_worth_a_commit(batch, time_source):
            return False
        # The number stays: it counts commits, and the fence of the next one is the stored number.
        self.row = advanced_row(batch, self.row.seq)
        if self.uncommitted_since is None:
            self.uncommitted_since = time_source.monotonic()
        return True

    def _is_worth_a_commit(self, batch: Batch, time_source: TimeSource) -> bool:
        # Timers and results are not on the log, so that nothing would bring them back: they are committed in any case.
        if not batch.work.is_empty or batch.changes_gates or any(one.record is None for one in batch.pending):
            return True
        since = self.uncommitted_since
        return since is not None and time_source.monotonic() - since >= MAX_UNCOMMITTED_SECONDS

    async def commit(self, batch: Batch, store: Store) -> Sequence[ProducerRecord]:
        """Commit the batch; returns the events to publish. Raises what `Store.commit` does; then nothing has changed here."""
        work = batch.work
        row = advanced_row(batch, work.place.seq)
        changes = self._changes(row, work.puts(), work.deletes(), work.outbox)
        to_publish = await store.commit(changes)
        self._move_to(row, changes.outbox_key if to_publish else None)
        return to_publish

    def _changes(
        self,
        row: PartitionCheckpoint,
        puts: Sequence[Put] = (),
        deletes: Sequence[Key] = (),
        outbox: Sequence[ProducerRecord] = (),
    ) -> Changes:
        """One commit that puts `row` in the place of the row as this owner last wrote or read it."""
        key = row_key(self.group, self.partition)
        # Every owner that takes over writes a higher number, so an owner that was replaced fails here, however late it is.
        fence = Condition(key) if self.row.seq == 0 else Condition(key, "seq", self.row.seq)
        # The events of the last commit are published by now, or this one would not have begun (rule 3).
        published = [self.outbox] if self.outbox else []
        return Changes(
            [fence],
            [Put(key, row), *puts],
            [*deletes, *published],
            tuple(outbox),
            outbox_key(self.group, self.partition, row.seq),
        )

    def _move_to(self, row: PartitionCheckpoint, outbox: Key | None = None) -> None:
        self.row, self.outbox, self.uncommitted_since = row, outbox, None


def advanced_row(batch: Batch, seq: int) -> PartitionCheckpoint:
    """The row behind a batch, under this number."""
    return PartitionCheckpoint(
        seq=seq,
        offsets=batch.offsets,
        dedupe_vector=batch.seen.table,
        decided_at=batch.work.now,
        closed=sorted(batch.closed),
        version=batch.version,
    )
