"""A batch: the inputs of one partition that one commit will cover, and the position behind them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.platform.processing.dedupe import DedupeVector
from services.platform.processing.inputs import EffectCompleted, Input, PendingInput
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import PartitionCheckpoint


@dataclass(slots=True)
class Batch:
    """What one commit will cover.

    `pending`: the inputs that were polled. `inputs`: those of them that are left to decide, without repeats and without
    events of closed workspaces. `offsets` and `seen`: the position behind the batch. `closed`: workspaces that are being
    deleted, as the batch leaves them; `closed_before`: as it found them. `version` is that of the row.
    """

    work: UnitOfWork
    pending: Sequence[PendingInput]
    offsets: dict[str, int]
    seen: DedupeVector
    inputs: list[Input] = field(default_factory=list)
    duplicates: int = 0
    closed: frozenset[str] = frozenset()
    closed_before: frozenset[str] = frozenset()
    version: int = 0

    @property
    def changes_gates(self) -> bool:
        """Whether it closes a workspace, or opens one again."""
        return self.closed != self.closed_before

    @property
    def results(self) -> list[EffectCompleted]:
        """The results of effects among its inputs."""
        return [one.completed for one in self.pending if one.completed is not None]


def start_batch(row: PartitionCheckpoint, pending: Sequence[PendingInput], work: UnitOfWork) -> Batch:
    """A batch that starts where the row stands."""
    offsets = dict(row.offsets)
    for one in pending:
        if one.record is not None:
            # Records of several topics come mixed: each topic ends behind its last one.
            offsets[one.record.topic] = max(offsets.get(one.record.topic, 0), one.record.offset + 1)
    closed = frozenset(row.closed)
    seen = DedupeVector(row.dedupe_vector)
    return Batch(work, pending, offsets, seen, closed=closed, closed_before=closed, version=row.version)
