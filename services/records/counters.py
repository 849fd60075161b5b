"""Business counters, and the little that must be remembered to keep them exact. Written by the group `metrics` alone.

A counter document holds all series of one workspace from one partition, so what it says is as exact as the batches that
wrote it; the totals are the sums over partitions.
"""

from schemas.counted import CaseRecord
from schemas.values import Contract, Instant
from services.runtime.store.port import Collection, Index

WRITER = "metrics"


class Distribution(Contract):
    """A histogram: observations per bucket (its upper bound as text, `+Inf` the last; not cumulative), and their sum."""

    counts: dict[str, int] = {}
    total: float = 0.0


class CounterRecord(Contract):
    """The series of a workspace from one partition. Its id is `partition/workspace`.

    A series is named by its metric and label values joined with `|`, in the order that the table of instruments gives.
    `version` is the number of the commit that wrote it: it rises within a partition, so readers ask for what is new.
    """

    workspace: str
    partition: int
    version: int
    values: dict[str, float] = {}
    distributions: dict[str, Distribution] = {}


class CountedRecord(Contract):
    """An activity that was counted; its id is the activity's. Dropped when no repeat of it can come any more."""

    partition: int
    at: Instant


COUNTERS = Collection("counters", CounterRecord, writer=WRITER, indexes=(Index("changed", ("partition", "version")),))
COUNTED_CASES = Collection("counted_cases", CaseRecord, writer=WRITER)
COUNTED = Collection("counted_activities", CountedRecord, writer=WRITER, indexes=(Index("at", ("partition", "at")),))


def counter_id(partition: int, workspace: str) -> str:
    """The id of a counter document."""
    return f"{partition}/{workspace}"
