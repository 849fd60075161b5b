"""The lifecycle of a conversation: a table of which status follows from a status and an event. Pure.

`bot` → `waiting` → `offered` → `assigned` ⇄ `pending` (on the customer) → `resolved` → `closed`. A customer message
brings `pending` back to `assigned`, and the message that reopens brings `resolved` back to `waiting`.

Every pair of status and event is decided here. No other module compares a status with a literal: callers use the
predicates and the sets of this module.
"""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from schemas.conversation import Status

LifecycleEvent = Literal[
    "message_received",
    "offered",
    "offer_ended",
    "assigned",
    "unassigned",
    "transferred_to_agent",
    "transferred_to_team",
    "replied",
    "reply_delivered",
    "reply_failed",
    "resolved",
    "reopened",
    "closed",
    "discarded",
]
"""What changes a status, or could. `replied`: a person of our own side answered, here or elsewhere. `discarded`: the
message that opened the conversation was deleted before it arrived: the conversation is closed at once."""

STATUSES: Final[tuple[Status, ...]] = get_args(Status)
EVENTS: Final[tuple[LifecycleEvent, ...]] = get_args(LifecycleEvent)

OPEN: Final[frozenset[Status]] = frozenset({"bot", "waiting", "offered", "assigned", "pending"})
"""Statuses in which the conversation is not finished."""
QUEUED: Final[frozenset[Status]] = frozenset({"waiting", "offered"})
"""Statuses in which no agent has accepted the conversation; one may have been offered it."""
WITH_AGENT: Final[frozenset[Status]] = frozenset({"assigned", "pending"})
"""Statuses after the queue. A `pending` conversation may have no agent: it was answered elsewhere."""
RESOLVED: Final[frozenset[Status]] = frozenset({"resolved"})
"""Statuses in which nothing is left to do, unless the customer writes again."""
FINISHED: Final[frozenset[Status]] = frozenset({"resolved", "closed"})
"""Statuses in which nothing is left to do."""

Row = Mapping[Status, Status | None]


def _row(**following: Status) -> dict[Status, Status | None]:
    """The statuses that follow from one event; the event is impossible in a status that is not named."""
    return {status: following.get(status) for status in STATUSES}


_UNCHANGED: dict[Status, Status | None] = {status: status for status in STATUSES}

TRANSITIONS: Final[Mapping[LifecycleEvent, Row]] = {
    # A finished conversation is reopened first, or another one is opened.
    "message_received": _row(bot="bot", waiting="waiting", offered="offered", assigned="assigned", pending="assigned"),
    "offered": _row(waiting="offered"),
    # Of an accepted offer the assignment follows: until then it stays offered.
    "offer_ended": _row(offered="waiting"),
    # A transfer shows its agent at once, and dispatch confirms it when the conversation may be pending already.
    "assigned": _row(bot="assigned", waiting="assigned", offered="assigned", assigned="assigned", pending="pending"),
    "unassigned": _row(offered="waiting", assigned="waiting", pending="waiting"),
    "transferred_to_agent": _row(
        bot="assigned", waiting="assigned", offered="assigned", assigned="assigned", pending="pending"
    ),
    "transferred_to_team": _row(
        bot="waiting", waiting="waiting", offered="waiting", assigned="waiting", pending="waiting"
    ),
    # A person who answers elsewhere (by phone, in the platform's own app) needs no assignment.
    "replied": _row(bot="pending", waiting="pending", offered="pending", assigned="pending", pending="pending"),
    "reply_delivered": _UNCHANGED,
    # The agent has to act again; a conversation that moved on meanwhile stays where it is.
    "reply_failed": {**_UNCHANGED, "pending": "assigned"},
    "resolved": _row(bot="resolved", waiting="resolved", offered="resolved", assigned="resolved", pending="resolved"),
    "reopened": _row(resolved="waiting"),
    "closed": _row(resolved="closed"),
    "discarded": _row(waiting="closed"),
}
"""By event, then by the status before it: the status after it. None: the event is impossible in that status."""


def next_status(status: Status, event: LifecycleEvent, *, has_agent: bool = True) -> Status | None:
    """The status after an event, None where the event is impossible in this status.

    Without an agent a conversation is never `assigned` by a message or a failure: it goes back into the queue when the
    customer writes, and stays as it is when an answer fails, because another person of our own side answered it.
    """
    after = TRANSITIONS[event][status]
    # Of the statuses after the queue only `pending` may have no agent.
    if has_agent or not is_pending(status):
        return after
    if event == "message_received":
        return "waiting"
    return status if event == "reply_failed" else after


def is_open(status: Status | None) -> bool:
    """Whether it is not finished. None: there is no conversation yet."""
    return status in OPEN


def is_finished(status: Status | None) -> bool:
    """Whether it is resolved or closed."""
    return status in FINISHED


def is_queued(status: Status | None) -> bool:
    """Whether it waits for an agent to accept it."""
    return status in QUEUED


def is_with_agent(status: Status | None) -> bool:
    """Whether it left the queue and is not finished."""
    return status in WITH_AGENT


def is_waiting(status: Status | None) -> bool:
    """Whether it waits for an agent and is offered to none."""
    return status == "waiting"


def is_offered(status: Status | None) -> bool:
    """Whether an agent is asked to accept it."""
    return status == "offered"


def is_assigned(status: Status | None) -> bool:
    """Whether it is an agent's turn to act."""
    return status == "assigned"


def is_pending(status: Status | None) -> bool:
    """Whether it is the customer's turn to act."""
    return status == "pending"


def is_resolved(status: Status | None) -> bool:
    """Whether it is done until the customer writes again, or until it closes."""
    return status == "resolved"


def is_closed(status: Status | None) -> bool:
    """Whether it is done for good."""
    return status == "closed"
