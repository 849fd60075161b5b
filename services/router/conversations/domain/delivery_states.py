"""How the reports about one message of ours combine: results of the send, receipts and watermarks. Pure.

Reports arrive in any order and more than once. Each has a rank, and the highest one counts: so the state is the same in
whatever order they arrive.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from schemas.conversation import MessageState
from schemas.values import AgentLanguage, Failure, Surface
from services.domain.conversation_state import ConversationState
from services.domain.failure_phrases import failure_of_part

DOUBTFUL = frozenset({"outcome_unknown", "unreachable"})
"""Codes of failures that may be wrong: any report that the platform has the message proves the opposite."""
REACHED: frozenset[MessageState] = frozenset({"sent", "delivered", "read"})
"""States in which the platform has the message, and nothing says that it cannot deliver it."""
RANKS: Mapping[MessageState, int] = {"queued": 0, "sent": 2, "failed": 3, "delivered": 4, "read": 5}
"""A platform may fail to deliver what it accepted, but not what it delivered. A doubtful failure has the rank 1."""
WATERMARKS: tuple[MessageState, ...] = ("read", "delivered")
"""States that a platform can report of all messages until a time, the furthest first."""


def rank(state: MessageState, error: Failure | None) -> int:
    """The rank of a state of a message of ours. One that is in another state never changes."""
    if state == "failed" and error is not None and error.code in DOUBTFUL:
        return 1
    return RANKS.get(state, max(RANKS.values()))


def is_unsettled(state: MessageState, error: Failure | None) -> bool:
    """Whether it is not known of a message of ours in this state whether the platform has it."""
    return rank(state, error) < RANKS["sent"]


def furthest(reported: MessageState, covered: MessageState) -> MessageState:
    """The state of a message of which one state was reported and another by watermark: a watermark hides no failure."""
    return max(reported, covered, key=lambda state: RANKS[state]) if reported in REACHED else reported


def with_part(
    parts: Mapping[str, MessageState], part: str, state: MessageState, error: Failure | None
) -> dict[str, MessageState] | None:
    """The states of the parts after a report about one of them; None: it says nothing new."""
    # What is known of a part is never a doubt: the platform has given it an id.
    return {**parts, part: state} if rank(state, error) > rank(parts[part], None) else None


def of_parts(parts: Mapping[str, MessageState]) -> MessageState:
    """The state of a message in parts: failed when one failed, else that of the part which is least far.

    Of a part that was deleted since nothing is known any more.
    """
    states = [state for state in parts.values() if state != "deleted"]
    return "failed" if "failed" in states else min(states, key=lambda state: RANKS[state], default="sent")


def failure_with_part(parts: Mapping[str, MessageState], part: str, error: Failure, language: AgentLanguage) -> Failure:
    """Why a message failed of which one part did not arrive."""
    return error if len(parts) == 1 else failure_of_part(error, list(parts).index(part) + 1, len(parts), language)


def with_watermark(
    case: ConversationState, surface: Surface, state: MessageState, until: datetime
) -> ConversationState:
    """The conversation after the platform reported this state of all our messages there until a time."""
    name = _name(surface, state)
    known = case.watermarks.get(name)
    if known is not None and known >= until:
        return case
    return replace(case, watermarks={**case.watermarks, name: until})


def state_by_watermark(case: ConversationState, surface: Surface, sent_at: datetime) -> MessageState:
    """The state of a message that the platform has since `sent_at`, as far as the watermarks tell."""
    return next((state for state in WATERMARKS if _is_covered(case, _name(surface, state), sent_at)), "sent")


def _is_covered(case: ConversationState, name: str, sent_at: datetime) -> bool:
    until = case.watermarks.get(name)
    return until is not None and sent_at <= until


def _name(surface: Surface, state: MessageState) -> str:
    return f"{surface}/{state}"
