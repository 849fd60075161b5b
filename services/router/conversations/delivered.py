"""An answer reached the customer: the platform took it, or a receipt says so. Whichever is first counts, once."""

from datetime import datetime

from schemas.conversation import PEOPLE_OF_OURS
from services.domain.conversation_state import ConversationState
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord
from services.router.conversations.domain import lifecycle
from services.router.conversations.facts import record_fact

RANK = {"queued": 0, "sent": 1, "delivered": 2, "read": 3}
ARRIVED = frozenset({"delivered", "read"})
DOUBTFUL = frozenset({"outcome_unknown", "unreachable"})
"""Codes of failures that nobody knows to be true: a receipt proves that the message arrived."""


def receive_receipt(work: UnitOfWork, message: MessageRecord, state: str, at: datetime) -> None:
    """Note that a message was delivered or read. Receipts come in any order; the furthest state stays.

    One that is there before the result of the send, or against a failure that is a doubt, counts as that result.
    """
    doubted = message.state == "failed" and message.error is not None and message.error.code in DOUBTFUL
    if not doubted and (message.state not in RANK or RANK.get(state, -1) <= RANK[message.state]):
        return
    if doubted and state not in ARRIVED:
        return
    is_first = doubted or message.state == "queued"
    changed: dict[str, object] = {"state": state, "error": None}
    after = message.model_copy(update=changed | ({"sent_at": at} if is_first else {}))
    work.put(MESSAGES, message.id, after)
    if is_first:
        tell_delivered(work, after, work.get(CONVERSATIONS, message.conversation))


def tell_delivered(work: UnitOfWork, message: MessageRecord, conversation: ConversationState | None) -> None:
    """Tell that a message arrived in its conversation; the first of an agent is the first response."""
    if conversation is None:
        return
    by_agent = message.author.kind in PEOPLE_OF_OURS
    after = lifecycle.delivered(conversation, message.received_at, work.now) if by_agent else conversation
    first = after.first_response if conversation.first_response is None else None
    record_fact(work, "reply_delivered", after, conversation.status, first_response=first, **about(message))


def about(message: MessageRecord) -> dict[str, object]:
    """What facts say of the message that they are about."""
    return {
        "at": message.received_at,
        "message": message.id,
        "message_surface": message.surface,
        "author": message.author.kind,
    }
