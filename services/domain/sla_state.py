"""The state of SLA clocks and of what a conversation waits for, as the pure rules of `sla` work on it and as stored."""

from dataclasses import dataclass, field

from schemas.business_calendar import Calendar
from schemas.configuration import Escalation, Targets
from schemas.sla import ClockMetric, ClockState
from schemas.values import Instant, Priority
from services.domain.response_tracking import ResponseTracking


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingReply:
    """An answer that was accepted `at` and is on its way to the customer."""

    message: str
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """An interval that does not count towards a target."""

    since: Instant
    until: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaClockState:
    """One run of one clock, with what deciding about it needs.

    `next_at` is the next moment at which a warning or the breach is due, None when neither is: the clock is over,
    breached or paused, or an answer that was in time is on its way. `warned` holds the fractions of `warn_at` that were
    emitted. `answers` are on their way; while there are any, `stopped_at` is the acceptance of the earliest.
    `ended_at`, of public_response alone, is when the conversation was resolved while an answer was on its way. `calendar` None: around the
    clock. `pauses` are over, oldest first; `paused_at` is the start of the present one.
    """

    metric: ClockMetric
    policy: str
    target_seconds: float
    started_at: Instant
    due_at: Instant
    state: ClockState
    stopped_at: Instant | None = None
    late_by_seconds: float | None = None
    run: int = 1
    policy_version: int = 0
    warn_at: list[float] = field(default_factory=list)
    warned: list[float] = field(default_factory=list)
    calendar: Calendar | None = None
    escalate: Escalation | None = None
    answers: list[PendingReply] = field(default_factory=list)
    ended_at: Instant | None = None
    paused_at: Instant | None = None
    pauses: list[Pause] = field(default_factory=list)
    next_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySnapshot:
    """A policy as it was when it was selected. `version` 0: a default."""

    policy: str
    version: int
    targets: Targets
    warn_at: list[float] = field(default_factory=list)
    calendar: Calendar | None = None
    escalate: Escalation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTarget:
    """A target that is open since `since`. `run` is that of its clock, None while the policy has no time for its metric."""

    since: Instant
    run: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationSlaState:
    """The open targets of one conversation, and the policy that they follow.

    `policy` was selected for `team` and `priority`; None: none matches. `selected_versions` are the versions of the
    workspace's configuration by which policies were selected, in order. `open_targets` has at most one of
    first_response and next_response, which follows the open response run. `runs` has the number of the last clock of
    each metric. `started_once` are metrics that a conversation has one target of at most, and has had it.
    `response_tracking` is given while the facts of the conversation are of a version without response runs.
    """

    conversation: str
    workspace: str
    team: str
    priority: Priority
    policy: PolicySnapshot | None = None
    selected_versions: list[int] = field(default_factory=list)
    open_targets: dict[ClockMetric, OpenTarget] = field(default_factory=dict)
    runs: dict[ClockMetric, int] = field(default_factory=dict)
    started_once: list[ClockMetric] = field(default_factory=list)
    response_tracking: ResponseTracking | None = None
