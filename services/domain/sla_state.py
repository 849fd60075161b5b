"""A clock with what deciding about it needs besides, and what a conversation waits for: shapes that pure code works on.

They rest in the store as they are.
"""

from typing import Literal

from schemas.configuration import Calendar, Escalation, Targets
from schemas.sla import Clock, ClockMetric
from schemas.values import Contract, Instant, Priority


class PendingReply(Contract):
    """An answer that was accepted `at` and is on its way to the customer.

    `asked_at`: the customer wrote again after it, first at this time, and before the next answer.
    """

    message: str
    at: Instant
    asked_at: Instant | None = None


class Pause(Contract):
    """A time that does not count."""

    since: Instant
    until: Instant


class SlaClockState(Clock):
    """One run of one clock.

    `next_at` is the next moment at which something is to be told (a warning or the breach), None when nothing is: it
    is over, breached, paused, or an answer that was in time is on its way. `warned` holds the fractions of `warn_at`
    that were told. `answers` are on their way; while there are any, `stopped_at` is the acceptance of the earliest.
    `ended_at` is when the conversation was resolved without an answer that has arrived. `calendar` None: around the
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
    configuration by which they ever were, in order. `waits` are open, by metric; `runs` the
    last run of each; `begun` metrics of which there is one wait at most have had it (an agent who speaks first spends
    that of first_response). `answers` are human answers on their way, in the order they were said.
    """

    conversation: str
    workspace: str
    team: str
    priority: Priority
    terms: PolicySnapshot | None = None
    picked: list[int] = []
    waits: dict[ClockMetric, OpenTarget] = {}
    runs: dict[ClockMetric, int] = {}
    begun: list[Literal["first_response", "public_response"]] = []
    answers: list[PendingReply] = []
