"""An answer reached the customer: the platform took it, or a receipt says so. Whichever is first counts, once."""

from datetime import datetime

from schemas.conversation import PEOPLE_OF_OURS
from services.domain.conversation_state import ConversationState
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord
from services.router.conversations.domain import transitions
from services.router.conversations.facts import FactDetails, record_change

DELIVERY_STATE_ORDER = {"queued": 0, "sent": 1, "delivered": 2, "read": 3}
ARRIVED = frozenset({"delivered", "read"})
DOUBTFUL = frozenset({"outcome_unknown", "unreachable"})
"""Codes of failures that nobody knows to be true: a receipt proves that the message arrived."""


def receive_receipt(work: UnitOfWork, message: MessageRecord, state: str, at: datetime) -> None:
    """Note that a message was delivered or read. Receipts come in any order; the furthest state stays.

    One that is there before the result of the send, or against a failure that is a doubt, counts as that result.
    """
    doubted = message.state == "failed" and message.error is not None and message.error.code in DOUBTFUL
    if not doubted and (
        message.state not in DELIVERY_STATE_ORDER
        or DELIVERY_STATE_ORDER.get(state, -1) <= DELIVERY_STATE_ORDER[message.state]
    ):
        return
    if doubted and state not in ARRIVED:
        return
    is_first = doubted or message.state == "queued"
    changed: dict[str, object] = {"state": state, "error": None}
    after = message.model_copy(update=changed | ({"sent_at": at} if is_first else {}))
    work.put(MESSAGES, message.id, after)
    if is_first:
        record_delivered(work, after, work.get(CONVERSATIONS, message.conversation))


def record_delivered(
    work: UnitOfWork,
    message: MessageRecord,
    conversation: ConversationState | None,
    accepted_at: datetime | None = None,
) -> None:
    """Tell that a message arrived in its conversation; the first human answer is the first response.

    `accepted_at` is when the message counts, where that is not when it was received.
    """
    if conversation is None:
        return
    at = accepted_at or message.received_at
    if message.author.kind in PEOPLE_OF_OURS:
        change = transitions.delivered(conversation, message.id, work.now)
    else:
        change = transitions.notice_delivered(conversation, at)
    more: FactDetails = {**about(message), "at": at, "first_response": change.first_response}
    record_change(work, "reply_delivered", change, conversation.status, **more)


def about(message: MessageRecord) -> FactDetails:
    """What facts say of the message that they are about."""
    return {
        "at": message.received_at,
        "message": message.id,
        "message_surface": message.surface,
        "author": message.author.kind,
    }
