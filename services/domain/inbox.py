"""Where a conversation stands in the lists of an inbox: by what is due, by who waits longest, and by the latest message. Pure."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from schemas.conversation import Status
from schemas.sla import ClockFact, ClockMetric
from schemas.values import instant_text
from services.domain.conversation_state import ConversationState, InboxKeys, OpenClock
from services.domain.lifecycle import OPEN, QUEUED, RESOLVED, WITH_AGENT

InboxView = Literal["mine", "waiting", "team", "snoozed", "mentions", "done"]
InboxSort = Literal["due", "waiting", "newest"]
"""`due`: what is due first. `waiting`: whose customer waits longest for an answer. `newest`: the latest message first."""

Shelf = Literal[Status, "snoozed", "snoozed_waiting"]
"""Where a conversation stands for the lists of an inbox: its status, but for those that are snoozed: `snoozed` with an agent,
`snoozed_waiting` without one."""
UNTAKEN: frozenset[Shelf] = frozenset({*QUEUED, "snoozed_waiting"})
"""What no agent has accepted."""
SHELVES_OF_VIEW: dict[InboxView, frozenset[Shelf]] = {
    "mine": frozenset(WITH_AGENT),
    "waiting": frozenset(QUEUED),
    "team": frozenset({*OPEN, "snoozed", "snoozed_waiting"}),
    "snoozed": frozenset({"snoozed", "snoozed_waiting"}),
    "done": frozenset(RESOLVED),
}
"""The shelves of each view; `mentions` goes by notes."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 10**17
"""Microseconds: later than any time that is stored."""


@dataclass(frozen=True, slots=True)
class Due:
    """The SLA clock of a conversation that is due first."""

    metric: ClockMetric
    clock: OpenClock


def unanswered_since(case: ConversationState) -> datetime | None:
    """Since when the customer waits for an answer that nobody has written; None: the next word is theirs."""
    return case.response_tracking.unanswered_since()


def first_due(case: ConversationState) -> Due | None:
    """The open clock that is due first; None: there is none."""
    known = [Due(metric, clock) for metric, clock in case.clocks.items()]
    return min(known, key=lambda due: (due.clock.due_at, due.metric), default=None)


def shelf(status: Status, *, is_snoozed: bool) -> Shelf:
    """Where a conversation of this status stands. What is finished, or with a bot, rests not."""
    if is_snoozed and status in WITH_AGENT:
        return "snoozed"
    return "snoozed_waiting" if is_snoozed and status in QUEUED else status


def shelf_of(case: ConversationState) -> Shelf:
    """Where a conversation stands for the lists of an inbox."""
    return shelf(case.status, is_snoozed=case.snoozed_until is not None)


def inbox_keys(case: ConversationState) -> InboxKeys:
    """The positions of a conversation. What is not due, and who does not wait, comes behind all that is and who do."""
    since, due, latest = unanswered_since(case), first_due(case), case.last_at or case.opened_at
    waiting = f"1{instant_text(since)}" if since is not None else f"2{instant_text(latest)}"
    return InboxKeys(
        shelf=shelf_of(case),
        due=f"1{instant_text(due.clock.due_at)}" if due is not None else f"2{waiting}",
        waiting=waiting,
        # Counted down, so that every order is ascending.
        newest=f"{_LATEST - (latest - _EPOCH) // timedelta(microseconds=1):017d}",
    )


def with_keys(case: ConversationState) -> ConversationState:
    """The conversation as it is stored, with its positions."""
    keys = inbox_keys(case)
    return case if keys == case.inbox else replace(case, inbox=keys)


def with_clock(case: ConversationState, fact: ClockFact, *, is_over: bool) -> ConversationState:
    """The conversation after a fact about one of its clocks, which may be over by it. One about an earlier run changes nothing."""
    known, clock = case.clocks.get(fact.metric), fact.clock
    if known is not None and fact.run < known.run:
        return case
    others = {metric: one for metric, one in case.clocks.items() if metric != fact.metric}
    opened = {} if is_over else {fact.metric: OpenClock(run=fact.run, due_at=clock.due_at, state=clock.state)}
    return replace(case, clocks={**others, **opened})
