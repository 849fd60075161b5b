"""An answer reached the customer: the platform accepted it, or a receipt says so. The first of the two counts, once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from schemas.conversation import PEOPLE_OF_OURS, MessageState
from services.domain.conversation_state import ConversationState
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord
from services.router.conversations.domain import responses
from services.router.conversations.facts import FactDetails, record_change

DELIVERY_STATE_ORDER: Mapping[MessageState, int] = {"queued": 0, "sent": 1, "delivered": 2, "read": 3}
"""The states of an outbound message in the order in which they follow each other."""
ARRIVED: frozenset[MessageState] = frozenset({"delivered", "read"})
DOUBTFUL = frozenset({"outcome_unknown", "unreachable"})
"""Codes of failures that may be wrong: a receipt afterwards proves that the message arrived."""


def receive_receipt(work: UnitOfWork, message: MessageRecord, reported: str, at: datetime) -> None:
    """Store that a message was delivered or read. Receipts arrive in any order; the furthest state stays.

    A receipt that arrives before the result of the send, or after a doubtful failure, counts as that result.
    """
    state = next((known for known in DELIVERY_STATE_ORDER if known == reported), None)
    if state is None or not _is_further(message, state):
        return
    is_first = message.state in {"queued", "failed"}
    after = replace(message, state=state, error=None, sent_at=at if is_first else message.sent_at)
    work.put(MESSAGES, message.id, after)
    if is_first:
        record_delivered(work, after, work.get(CONVERSATIONS, message.conversation))


def _is_further(message: MessageRecord, state: MessageState) -> bool:
    """Whether a receipt changes a message: it says more than what is known, or contradicts a doubtful failure."""
    if message.state == "failed":
        # Only an arrival contradicts the failure; "sent" says no more than that the platform had the message.
        return message.error is not None and message.error.code in DOUBTFUL and state in ARRIVED
    current = DELIVERY_STATE_ORDER.get(message.state)
    return current is not None and DELIVERY_STATE_ORDER[state] > current


def record_delivered(
    work: UnitOfWork,
    message: MessageRecord,
    conversation: ConversationState | None,
    accepted_at: datetime | None = None,
) -> None:
    """Record that a message reached the customer; the first human answer is the first response.

    `accepted_at` is the time from which the message counts; None: when it was received.
    """
    if conversation is None:
        return
    at = accepted_at or message.received_at
    # A bot or the system answers no customer: its messages end no run, and are no first response.
    if message.author.kind in PEOPLE_OF_OURS:
        change = responses.delivered(conversation, message.id, work.now)
    else:
        change = responses.notice_delivered(conversation, at)
    details: FactDetails = {**message_details(message), "at": at, "first_response": change.first_response}
    record_change(work, "reply_delivered", change, conversation.status, **details)


def message_details(message: MessageRecord) -> FactDetails:
    """The fields of a fact that come from its message."""
    return {
        "at": message.received_at,
        "message": message.id,
        "message_surface": message.surface,
        "author": message.author.kind,
    }
