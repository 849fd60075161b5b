"""What became of a message of ours: the result of its send and the platform's receipts, in whatever order they arrive."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from schemas.conversation import PEOPLE_OF_OURS, MessageState
from schemas.values import Failure
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_assigned
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord
from services.router.conversations.domain import responses
from services.router.conversations.domain.delivery_states import (
    REACHED,
    failure_with_part,
    furthest,
    of_parts,
    rank,
    state_by_watermark,
    with_part,
)
from services.router.conversations.domain.transitions import status_after
from services.router.conversations.facts import FactDetails, record_change, record_fact
from services.router.conversations.task_counting import resume_task, with_silence_timer

NOT_REPORTED = Failure(code="not_delivered", detail="")
"""The error of a message whose receipt `failed` gives no reason."""


def advance(
    work: UnitOfWork,
    message: MessageRecord,
    state: MessageState,
    at: datetime,
    error: Failure | None = None,
    part: str | None = None,
) -> MessageRecord:
    """The message after a report that it is in this state, stored with the facts that follow.

    A report of a lower rank than what is known changes nothing. The first that says that the platform has the message
    counts as the answer; one that it cannot deliver it fails the answer, also after it was sent. `part` is the id of the
    message at the platform that the report names: of a message that became several there it is about that one alone.
    """
    before = _reported(message)
    after, news = _after_part(message, part, state, error) if part in message.parts else _after(message, state, error)
    if news is not None:
        after = _stored_in_state(work, after, news, at, is_first=_is_first(before, news.state))
        _record_news(work, after, before, news)
    elif after is not message:
        work.put(MESSAGES, after.id, after)
    return after


class _News(NamedTuple):
    """The state that a message is reported to be in from now on, and why where it failed."""

    state: MessageState
    error: Failure | None


def _after(message: MessageRecord, state: MessageState, error: Failure | None) -> tuple[MessageRecord, _News | None]:
    """The message after a report about it as a whole; None: that says nothing new."""
    # It does not bring a part to the customer that failed.
    is_incomplete = state in REACHED and "failed" in message.parts.values()
    is_news = not is_incomplete and rank(state, error) > rank(_reported(message), message.error)
    return message, _News(state, error) if is_news else None


def _after_part(
    message: MessageRecord, part: str, state: MessageState, error: Failure | None
) -> tuple[MessageRecord, _News | None]:
    """The message after a report about one of its parts; None: that says nothing new of the message."""
    parts = with_part(message.parts, part, state, error)
    if parts is None:
        return message, None
    before, after = of_parts(message.parts), of_parts(parts)
    failure = message.error
    if state == "failed" and error is not None:
        failure = failure_with_part(parts, part, error, message.language or "en")
    is_turned = (before == "failed") != (after == "failed")
    is_news = is_turned or rank(after, failure) > rank(_reported(message), message.error)
    news = _News(after, failure if after == "failed" else None)
    return replace(message, parts=parts), news if is_news else None


def _is_first(before: MessageState, state: MessageState) -> bool:
    """Whether nothing has said before that the platform has the message."""
    return before not in REACHED and state in REACHED


def _stored_in_state(
    work: UnitOfWork, message: MessageRecord, news: _News, at: datetime, *, is_first: bool
) -> MessageRecord:
    # The time of the result is better than that of a receipt, and stays.
    sent_at = (message.sent_at or at) if is_first else message.sent_at
    message = replace(message, error=news.error, sent_at=sent_at)
    after = _in_state(message, news.state, work.get(CONVERSATIONS, message.conversation))
    work.put(MESSAGES, after.id, after)
    return after


def _record_news(work: UnitOfWork, message: MessageRecord, before: MessageState, news: _News) -> None:
    """Record the facts that follow from the first report that a message has arrived, or that it does not."""
    case = work.get(CONVERSATIONS, message.conversation)
    if _is_first(before, news.state):
        record_delivered(work, message, case)
        if before == "failed" and message.author.kind in PEOPLE_OF_OURS:
            _wait_for_customer(work, message.conversation)
    elif news.state == "failed" and before != "failed" and news.error is not None:
        record_failed(work, message, case, news.error)


def cover(work: UnitOfWork, message: MessageRecord) -> MessageRecord:
    """The message in the state that the watermarks of its conversation give it, stored where that is another."""
    reported, case = _reported(message), work.get(CONVERSATIONS, message.conversation)
    after = _in_state(message, reported, case) if reported in REACHED else message
    if after != message:
        work.put(MESSAGES, after.id, after)
    return after


def _reported(message: MessageRecord) -> MessageState:
    """The state that was reported of the message itself."""
    return message.reported or message.delivery or message.state


def _in_state(message: MessageRecord, reported: MessageState, case: ConversationState | None) -> MessageRecord:
    shown = reported
    if case is not None and message.sent_at is not None:
        shown = furthest(reported, state_by_watermark(case, message.surface, message.sent_at))
    message = replace(message, reported=reported if shown != reported else None)
    # A deletion hides the state of delivery, which goes on.
    return replace(message, delivery=shown) if message.state == "deleted" else replace(message, state=shown)


def _wait_for_customer(work: UnitOfWork, conversation: str) -> None:
    """An answer that was taken for failed has reached the customer: nobody has to answer again."""
    case = work.get(CONVERSATIONS, conversation)
    if case is not None and is_assigned(case.status) and case.response_tracking.open_run() is None:
        after = replace(case, status=status_after(case, "replied"), silent_since=work.now)
        record_fact(work, "pending", with_silence_timer(work, after, work.now), case.status)


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
    resume_task(work, conversation, change.conversation)


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
