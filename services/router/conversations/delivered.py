"""What became of a message of ours: the result of its send and the platform's receipts, in whatever order they arrive."""

from dataclasses import replace
from datetime import datetime

from schemas.conversation import PEOPLE_OF_OURS, MessageState
from schemas.values import Failure
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_assigned
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord
from services.router.conversations.domain import responses
from services.router.conversations.domain.delivery_states import REACHED, rank, state_by_watermark
from services.router.conversations.domain.transitions import status_after
from services.router.conversations.facts import FactDetails, record_change, record_fact

NOT_REPORTED = Failure(code="not_delivered", detail="The platform reported that it could not deliver the message.")
"""The error of a message whose receipt `failed` gives no reason."""


def advance(
    work: UnitOfWork, message: MessageRecord, state: MessageState, at: datetime, error: Failure | None = None
) -> MessageRecord:
    """The message after a report that it is in this state, stored with the facts that follow.

    A report of a lower rank than what is known changes nothing. The first that says that the platform has the message
    counts as the answer; one that it cannot deliver it fails the answer, also after it was sent.
    """
    before = message.delivery or message.state
    if rank(state, error) <= rank(before, message.error):
        return message
    case, is_first = work.get(CONVERSATIONS, message.conversation), before not in REACHED and state in REACHED
    if state == "sent" and case is not None:
        state = state_by_watermark(case, message.surface, at)
    after = _in_state(replace(message, error=error, sent_at=at if is_first else message.sent_at), state)
    work.put(MESSAGES, after.id, after)
    if is_first:
        record_delivered(work, after, case)
        if before == "failed" and message.author.kind in PEOPLE_OF_OURS:
            _wait_for_customer(work, message.conversation)
    elif state == "failed" and before != "failed" and error is not None:
        record_failed(work, after, case, error)
    return after


def _in_state(message: MessageRecord, state: MessageState) -> MessageRecord:
    # A deletion hides the state of delivery, which goes on.
    return replace(message, delivery=state) if message.state == "deleted" else replace(message, state=state)


def _wait_for_customer(work: UnitOfWork, conversation: str) -> None:
    """An answer that was taken for failed has reached the customer: nobody has to answer again."""
    case = work.get(CONVERSATIONS, conversation)
    if case is not None and is_assigned(case.status) and case.response_tracking.open_run() is None:
        record_fact(work, "pending", replace(case, status=status_after(case, "replied")), case.status)


def record_failed(
    work: UnitOfWork, message: MessageRecord, conversation: ConversationState | None, error: Failure
) -> None:
    """Record that a message does not reach the customer; a human answer has not been given then."""
    if conversation is None:
        return
    is_answer = message.author.kind in PEOPLE_OF_OURS
    unchanged = responses.Change(conversation)
    change = responses.reply_failed(conversation, message.id, work.now) if is_answer else unchanged
    details: FactDetails = {**message_details(message), "error": error}
    record_change(work, "reply_failed", change, conversation.status, **details)


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
