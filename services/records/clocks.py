"""SLA clocks, what each conversation waits for, and per partition when to look next. Written by the group `sla` alone."""

from schemas.sla import Clock, ClockMetric
from schemas.values import Contract, Instant
from services.domain.sla_state import ConversationSlaState, SlaClockState
from services.platform.store.port import Collection, Index

WRITER = "sla"


class ClockRecord(SlaClockState):
    """One run of one clock of a conversation. Its id is `conversation/metric/run`, see `clock_id`.

    `channel`, `account`, `surface`, `team` and `priority` are the conversation's when it last said something.
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

    def public_view(self) -> Clock:
        """As REST and facts show it. An answer that is on its way to the customer is late by as much as it stopped late."""
        shown = Clock(**{name: getattr(self, name) for name in Clock.model_fields})
        if shown.state != "breached" or shown.stopped_at is None or shown.late_by_seconds is not None:
            return shown
        late_by = max(0.0, (shown.stopped_at - shown.due_at).total_seconds())
        return shown.model_copy(update={"late_by_seconds": late_by})


class ClockSchedule(Contract):
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
SLA_STATES = Collection("clock_watches", ConversationSlaState, writer=WRITER)
"""What each conversation waits for; the id is the conversation's."""
CLOCK_SCHEDULES = Collection("clock_agendas", ClockSchedule, writer=WRITER)


def clock_id(conversation: str, metric: ClockMetric, run: int) -> str:
    """The id of one run of one clock."""
    return f"{conversation}/{metric}/{run}"
