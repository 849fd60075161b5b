"""The state of SLA clocks and of what a conversation waits for, as the pure rules of `sla` work on it and as stored."""

from schemas.configuration import Calendar, Escalation, Targets
from schemas.sla import Clock, ClockMetric
from schemas.values import Contract, Instant, Priority
from services.domain.response_tracking import ResponseTracking


class PendingReply(Contract):
    """An answer that was accepted `at` and is on its way to the customer."""

    message: str
    at: Instant


class Pause(Contract):
    """A time that does not count."""

    since: Instant
    until: Instant


class SlaClockState(Clock):
    """One run of one clock, with what deciding about it needs.

    `next_at` is the next moment at which a warning or the breach is due, None when neither is: the clock is over,
    breached or paused, or an answer that was in time is on its way. `warned` holds the fractions of `warn_at` that were
    emitted. `answers` are on their way; while there are any, `stopped_at` is the acceptance of the earliest.
    `ended_at`, of public_response alone, is when the conversation was resolved while an answer was on its way. `calendar` None: around the
    clock. `pauses` are over, oldest first; `paused_at` is the start of the present one.
    """

    run: int = 1
    policy_version: int = 0
    warn_at: list[float] = []
    warned: list[float] = []
    calendar: Calendar | None = None
    escalate: Escalation | None = None
    answers: list[PendingReply] = []
    ended_at: Instant | None = None
    paused_at: Instant | None = None
    pauses: list[Pause] = []
    next_at: Instant | None = None


class PolicySnapshot(Contract):
    """A policy as it was when it was selected. `version` 0: a default."""

    policy: str
    version: int
    targets: Targets
    warn_at: list[float] = []
    calendar: Calendar | None = None
    escalate: Escalation | None = None


class OpenTarget(Contract):
    """Something is waited for since `since`. `run` is that of its clock, None while the policy has no target for it."""

    since: Instant
    run: int | None = None


class ConversationSlaState(Contract):
    """What is waited for on one conversation.

    `policy` was selected for `team` and `priority`; None: none matches. `selected_versions` are the versions of the
    workspace's configuration by which policies were selected, in order. `open_targets` are what is waited for, by
    metric: of first_response and next_response at most one, which follows the response run that is open. `runs` holds
    the last run of each clock. `started_once` are the metrics of which a conversation has one target at most and has had
    it. `response_tracking` is given while the facts of the conversation are of a version that gives no response runs.
    """

    conversation: str
    workspace: str
    team: str
    priority: Priority
    policy: PolicySnapshot | None = None
    selected_versions: list[int] = []
    open_targets: dict[ClockMetric, OpenTarget] = {}
    runs: dict[ClockMetric, int] = {}
    started_once: list[ClockMetric] = []
    response_tracking: ResponseTracking | None = None
