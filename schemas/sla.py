"""SLA clocks, their facts on `sla` (person key), and the two control events that carry time through the log."""

from typing import Literal

from schemas.values import Contract, Instant

ClockMetric = Literal["first_response", "next_response", "resolution", "pickup", "public_response"]
ClockState = Literal["running", "paused", "fulfilled", "breached", "cancelled"]


class Clock(Contract):
    """One promise running on one conversation, as REST shows it. Durations in seconds."""

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

    `clock` is the clock after the fact. `changed` is told whenever an open clock is due at another time or counts by
    another policy: after a transfer, another priority, a reapply, the end of a pause, or an earlier message of its run. `warned_at_fraction` is given on warned. `earliest_due_at` is given on started:
    of all clocks of the conversation that are open then. `channel`, `surface`, `team` and `priority` are those of the
    conversation then, for counting.
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
    """`pasokh.control.watermark_request` on `sla`: sla asks conversations to say when it has read all that came before `at`."""

    at: Instant


class Watermark(Contract):
    """`pasokh.control.watermark` on `conversations`, same partition: everything before `at` has been said."""

    at: Instant
