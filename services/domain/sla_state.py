"""A clock with what deciding about it needs besides, and what a conversation waits for: shapes that pure code works on.

They rest in the store as they are.
"""

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
    """One run of one clock.

    `next_at` is the next moment at which something is to be told (a warning or the breach), None when nothing is: it
    is over, breached, paused, or an answer that was in time is on its way. `warned` holds the fractions of `warn_at`
    that were told. `answers` are on their way; while there are any, `stopped_at` is the acceptance of the earliest.
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
    """What one policy promises, as it was when it was picked. `version` 0: a default."""

    policy: str
    version: int
    targets: Targets
    warn_at: list[float] = []
    calendar: Calendar | None = None
    escalate: Escalation | None = None


class OpenTarget(Contract):
    """Something is waited for since then. `run` is that of its clock, None while nothing is promised about it."""

    since: Instant
    run: int | None = None


class ConversationSlaState(Contract):
    """What is waited for on one conversation.

    `terms` were picked for `team` and `priority`; None: no policy matches. `picked` are the versions of the workspace's
    configuration by which they ever were, in order. `waits` are open, by metric: of first_response and next_response at
    most one, which follows the response run that is open; `runs` the last run of each clock. `begun` are the metrics
    that have had the one wait which a conversation has of them. `response_tracking` is given while the facts of the
    conversation are of a version that gives no response runs.
    """

    conversation: str
    workspace: str
    team: str
    priority: Priority
    terms: PolicySnapshot | None = None
    picked: list[int] = []
    waits: dict[ClockMetric, OpenTarget] = {}
    runs: dict[ClockMetric, int] = {}
    begun: list[ClockMetric] = []
    response_tracking: ResponseTracking | None = None
