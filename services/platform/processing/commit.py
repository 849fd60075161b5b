"""Commit: a decided batch becomes one atomic change of the store, under the fence of the partition row.

The row is the input position, the fence, the number of outgoing events and the dedupe table in one (rule 2). A batch
from which nothing followed is not committed: its position rides on the next commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.platform.bus.port import ProducerRecord
from services.platform.core.time_source import TimeSource
from services.platform.processing.decide import Batch
from services.platform.store.collections import OUTBOXES, ROWS, PartitionCheckpoint
from services.platform.store.port import Changes, Condition, Key, Put, Store

MAX_UNCOMMITTED_SECONDS = 1.0
"""How long the position may be ahead of the stored one, while nothing that happens is worth a commit."""


def row_key(group: str, partition: int) -> Key:
    """Where the row of a partition is."""
    return Key(ROWS.name, f"{group}/{partition}")


def outbox_key(group: str, partition: int, seq: int) -> Key:
    """Where the outbox of a commit is."""
    return Key(OUTBOXES.name, f"{group}/{partition}/{seq}")


@dataclass(slots=True)
class Position:
    """Where a partition stands. `row` may be ahead of the stored one by inputs from which nothing followed.

    `outbox`: the document of the last commit's events, which the next commit deletes. `uncommitted_since`: monotonic
    seconds at which the position went ahead of the stored one.
    """

    row: PartitionCheckpoint
    outbox: Key | None = None
    uncommitted_since: float | None = None

    def is_worth_a_commit(self, batch: Batch, time_source: TimeSource) -> bool:
        """Whether the batch has to be committed now. Timers and results are not on the log, so they always have to."""
        if not batch.work.is_empty or batch.changes_gates or any(one.record is None for one in batch.pending):
            return True
        since = self.uncommitted_since
        return since is not None and time_source.monotonic() - since >= MAX_UNCOMMITTED_SECONDS

    def skip_commit(self, batch: Batch, time_source: TimeSource) -> None:
        """Go ahead without a commit.

        Whatever follows from having read these inputs is in the next commit, or a later one: a crash before it, or
        another owner, reads them again and nothing follows again.
        """
        self.row = advanced_row(batch, self.row.seq)
        if self.uncommitted_since is None:
            self.uncommitted_since = time_source.monotonic()

    async def commit(self, batch: Batch, store: Store) -> Sequence[ProducerRecord]:
        """Commit the batch; returns the events to publish. Raises what `Store.commit` does; then nothing has changed here."""
        row, changes = build_changes(batch, self.row, self.outbox)
        to_publish = await store.commit(changes)
        self.row, self.uncommitted_since = row, None
        self.outbox = changes.outbox_key if to_publish else None
        return to_publish


def build_changes(
    batch: Batch, row: PartitionCheckpoint, previous_outbox: Key | None
) -> tuple[PartitionCheckpoint, Changes]:
    """The new row and the one commit of a decided batch. A row of number 0 is not in the store yet."""
    work, place = batch.work, batch.work.place
    after = advanced_row(batch, place.seq)
    key = row_key(place.group, place.partition)
    fence = Condition(key) if row.seq == 0 else Condition(key, "seq", row.seq)
    deletes = [*work.deletes(), *([previous_outbox] if previous_outbox else [])]
    puts = [Put(key, after), *work.puts()]
    outbox = outbox_key(place.group, place.partition, after.seq)
    return after, Changes([fence], puts, deletes, tuple(work.outbox), outbox)


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
