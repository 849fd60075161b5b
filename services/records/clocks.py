"""SLA clocks, the SLA state of each conversation, and the schedule of each partition. Written by the group `sla` alone."""

from dataclasses import dataclass

from schemas.sla import Clock, ClockMetric
from schemas.values import Instant
from services.domain.sla_state import ConversationSlaState, SlaClockState
from services.platform.store.port import Collection, Index

WRITER = "sla"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRecord(SlaClockState):
    """One run of one clock of a conversation. Its id is `conversation/metric/run`, see `clock_id`.

    `channel`, `account`, `surface`, `team` and `priority` are those of the conversation at its last fact.
    """

    conversation: str
    workspace: str
    key: str
    partition: int
    channel: str
    account: str
    surface: str
    team: str
    priority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSchedule:
    """When a partition checks its clocks next. The document's id is the partition number.

    `timer_at` is the time of its one timer, `in_flight` the time that conversations was asked to confirm, and `watermark`
    the latest time that it confirmed: every fact up to then has been read.
    """

    timer_at: Instant | None = None
    in_flight: Instant | None = None
    watermark: Instant | None = None


CLOCKS = Collection(
    "clocks",
    ClockRecord,
    writer=WRITER,
    indexes=(
        Index("conversation", ("workspace", "conversation", "started_at")),
        Index("due", ("partition", "next_at")),
    ),
)
SLA_STATES = Collection("sla_states", ConversationSlaState, writer=WRITER)
"""The SLA state of each conversation; the id is the conversation's."""
CLOCK_SCHEDULES = Collection("clock_schedules", ClockSchedule, writer=WRITER)


def clock_id(conversation: str, metric: ClockMetric, run: int) -> str:
    """The id of one run of one clock."""
    return f"{conversation}/{metric}/{run}"


def open_clock_ids(state: ConversationSlaState) -> dict[ClockMetric, str]:
    """The ids of the clocks of the open targets of a conversation."""
    targets = state.open_targets.items()
    return {m: clock_id(state.conversation, m, target.run) for m, target in targets if target.run is not None}


def to_view(record: ClockRecord) -> Clock:
    """The clock as REST and facts have it.

    While a late answer is on its way, `late_by_seconds` is how late it was accepted; the record gets that value once the
    answer is delivered.
    """
    late_by = record.late_by_seconds
    if late_by is None and record.state == "breached" and record.stopped_at is not None:
        late_by = max(0.0, (record.stopped_at - record.due_at).total_seconds())
    return Clock(
        metric=record.metric,
        policy=record.policy,
        target_seconds=record.target_seconds,
        started_at=record.started_at,
        due_at=record.due_at,
        state=record.state,
        stopped_at=record.stopped_at,
        late_by_seconds=late_by,
    )
