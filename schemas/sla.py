"""SLA clocks, their facts on topic `sla` (keyed by person), the two control events for watermarks, and the commands that follow."""

from typing import Literal

from schemas.values import Contract, Instant, Priority

ClockMetric = Literal["first_response", "next_response", "resolution", "pickup", "public_response"]
ClockState = Literal["running", "paused", "fulfilled", "breached", "cancelled"]


class Clock(Contract):
    """One SLA target running on one conversation, as REST returns it. Durations are in seconds."""

    metric: ClockMetric
    policy: str
    target_seconds: float
    started_at: Instant
    due_at: Instant
    state: ClockState
    stopped_at: Instant | None = None
    late_by_seconds: float | None = None


class ClockFact(Contract):
    """The data of every `pasokh.sla.*` fact: started, changed, paused, resumed, warned, breached, late,
    fulfilled, cancelled.

    `clock` is the clock after the fact. `changed` is emitted when the due time or the policy of an open clock changes:
    after a transfer, a change of priority, a reapply, the end of a pause, or an earlier message of its run.
    `warned_at_fraction` is set on `warned`. `earliest_due_at` is set on `started`: the earliest due time of all clocks
    of the conversation that are open then. `channel`, `account`, `surface`, `team` and `priority` are those of the
    conversation at that time, for counting.
    """

    conversation: str
    key: str
    workspace: str
    metric: ClockMetric
    run: int = 1
    clock: Clock
    policy_version: int
    warned_at_fraction: float | None = None
    late_by_seconds: float | None = None
    earliest_due_at: Instant | None = None
    channel: str
    account: str
    surface: str
    team: str
    priority: str


class WatermarkRequest(Contract):
    """`pasokh.control.watermark_request` on `sla`: sla asks conversations for a `Watermark` of the time `at`."""

    at: Instant


class Watermark(Contract):
    """`pasokh.control.watermark` on `conversations`, same partition: all facts before `at` stand before this event."""

    at: Instant


class TaskDueChanged(Contract):
    """`pasokh.command.task_due_changed`: the earliest due time of the open clocks of a waiting conversation changed;
    None: no clock.
    """

    conversation: str
    due_at: Instant | None = None


class Escalate(Contract):
    """`pasokh.command.escalate`: raise the priority or change the team, because a clock was breached or a handoff
    expired.
    """

    conversation: str
    priority: Priority | None = None
    to_team: str | None = None
    reason: str
