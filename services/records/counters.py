"""Business counters, and the states that keep them exact. Written by the group `metrics` alone.

A counter document holds all series of one workspace from one partition, and is written with the batch that it counts;
the totals are the sums over partitions.
"""

from dataclasses import dataclass, field
from datetime import datetime

from schemas.topics import DEDUPE_RETENTION_SECONDS
from schemas.values import Instant
from services.domain.metrics_state import ConversationMetricsState
from services.platform.store.port import Collection, Expiry, Index

WRITER = "metrics"


@dataclass(frozen=True, slots=True)
class Slots:
    """How recent events are counted: the length of a slot, and how long slots stay; both in seconds."""

    seconds: int
    retention_seconds: int

    def slot_start(self, at: datetime) -> int:
        """The start of the slot that a time lies in."""
        return int(at.timestamp()) // self.seconds * self.seconds

    def count(self, counted: dict[str, int], at: datetime) -> None:
        """Count one event at a time, and drop the slots that are too old by the latest one."""
        slot = self.slot_start(at)
        if (known := counted.get(str(slot))) is not None:
            counted[str(slot)] = known + 1
            return
        counted[str(slot)] = 1
        # By the latest slot and not by the present time, so that the counts follow from the events alone.
        oldest = max(map(int, counted)) - self.retention_seconds
        for old in [start for start in counted if int(start) < oldest]:
            del counted[old]


MESSAGE_SLOTS = Slots(seconds=5, retention_seconds=6 * 60)
OPENED_SLOTS = Slots(seconds=60, retention_seconds=31 * 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A histogram: observations per bucket (its upper bound as text, `+Inf` the last; not cumulative), and their sum."""

    counts: dict[str, int] = field(default_factory=dict)
    total: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterRecord:
    """The series of a workspace from one partition. Its id is `partition/workspace`.

    A series is named by its metric and label values joined with `|`, in the order that the table of instruments gives.
    `version` is the number of the commit that wrote it: it rises within a partition, so readers ask for what is new.
    `recent_messages` and `recent_opened` count the customers' messages and the opened conversations of the last minutes
    by the start of their slot, in seconds since 1970: see `MESSAGE_SLOTS` and `OPENED_SLOTS`.
    """

    workspace: str
    partition: int
    version: int
    values: dict[str, float] = field(default_factory=dict)
    distributions: dict[str, Distribution] = field(default_factory=dict)
    recent_messages: dict[str, int] = field(default_factory=dict)
    recent_opened: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DedupeRecord:
    """An activity that was counted at this time; its id is the activity's."""

    at: Instant


COUNTERS = Collection("counters", CounterRecord, writer=WRITER, indexes=(Index("changed", ("partition", "version")),))
METRICS_STATES = Collection("metrics_states", ConversationMetricsState, writer=WRITER)
COUNTED = Collection(
    "counted_activities",
    DedupeRecord,
    writer=WRITER,
    indexes=(Index("at", ("at",)),),
    expires=Expiry("at", DEDUPE_RETENTION_SECONDS),
)


def counter_id(partition: int, workspace: str) -> str:
    """The id of a counter document."""
    return f"{partition}/{workspace}"
