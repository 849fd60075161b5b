"""Up to where an agent has read a conversation, and how much of it is unread. Pure.

Reading is of one agent alone: it changes nothing of the conversation. That a customer waits for an answer is another thing.
"""

from dataclasses import dataclass, replace

from schemas.values import Instant
from services.domain.conversation_state import ConversationState


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMark:
    """An agent has read the messages up to the one with this `order`; `received` of them are the customer's.

    `at` is when the agent looked last.
    """

    order: str
    received: int
    at: Instant


def unread_of(case: ConversationState, mark: ReadMark | None) -> int:
    """How many messages of the customer an agent with this mark has not read."""
    return max(0, case.received - (mark.received if mark is not None else 0))


def read_up_to(known: ReadMark | None, mark: ReadMark) -> ReadMark:
    """The mark of an agent who has read up to another: it moves forward only. That they looked counts in any case."""
    if known is not None and known.order >= mark.order:
        return replace(known, at=mark.at)
    return mark


def unread_again(case: ConversationState, known: ReadMark | None, order_before: str, at: Instant) -> ReadMark | None:
    """The mark before the customer's latest message, which follows the message of `order_before`. None: it is unread anyhow."""
    if unread_of(case, known):
        return known
    return ReadMark(order=order_before, received=case.received - 1, at=at)
