"""Business counters, and the little that must be remembered to keep them exact. Written by the group `metrics` alone.

A counter document holds all series of one workspace from one partition, so what it says is as exact as the batches that
wrote it; the totals are the sums over partitions.
"""

from schemas.conversation import Status
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


class Turn(Contract):
    """The customer waits for an answer. `since` is when it counts, `begun` the time of the fact that said so."""

    since: Instant
    begun: Instant


class Said(Contract):
    """An agent's answer on its way; `asked`: the customer wrote again after it, before the next answer."""

    message: str
    asked: Turn | None = None


class CaseRecord(Contract):
    """What counting a conversation must remember; there is none once it is closed. Its id is the conversation.

    `waiting` is the series in which it is counted as waiting now, `waiting_since` when it was queued (kept while it is
    offered), `reopened` whether it was resolved before. `opened` is the time of that fact. `status` stands since
    `status_since`. `pending_seconds` are of its whole life, `handled_seconds` (with an agent whose move it is) since it
    was opened or reopened last, the first of them at `handled_since`. `turn` is what the customer waits for, `said`
    what is on its way. `answered` and `answered_by_any` tell which first answers were counted.
    """

    workspace: str
    waiting: str | None = None
    waiting_since: Instant | None = None
    reopened: bool = False
    opened: Instant | None = None
    status: Status | None = None
    status_since: Instant | None = None
    pending_seconds: float = 0.0
    handled_seconds: float = 0.0
    handled_since: Instant | None = None
    turn: Turn | None = None
    said: list[Said] = []
    answered: bool = False
    answered_by_any: bool = False


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
