"""Decides whether a customer waits for an answer, and since when. Pure: a state and an event in, a state and ended runs out.

A *run* begins with a customer message that nobody has answered, starts at the earliest own time of its messages, and
ends with the acceptance of a human answer that was delivered, or with a resolve. `schemas.conversation.ResponseRun`
says what each of its fields means.

Whether an answer reaches the customer is known only later. Until then it is not known either to which run the messages
after it belong: to the next one if it is delivered, to the present one if it fails. `ResponseTracking.log` therefore
holds the entries since the open run began, in the order of the topic, and a run ends once its end is certain. The order
on the topic decides which messages an answer has answered: the own time of a message may be earlier than its arrival.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal

from schemas.conversation import PEOPLE_OF_OURS, ConversationFact, ResponseKind, ResponseRun
from schemas.values import OMITTED_IF_EMPTY, Instant


@dataclass(frozen=True, slots=True)
class CustomerMessages:
    """Successive messages that need an answer. `since` is the earliest of their own times, `last` the id of the latest."""

    since: Instant
    count: int
    last: str
    entry: Literal["messages"] = "messages"


@dataclass(frozen=True, slots=True)
class Answer:
    """A human answer that was accepted at `at`, and its delivery."""

    message: str
    at: Instant
    state: Literal["unconfirmed", "delivered", "failed"] = "unconfirmed"
    entry: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class Resolution:
    """The conversation was resolved or closed at `at`: later entries belong to another run."""

    at: Instant
    entry: Literal["resolve"] = "resolve"


@dataclass(frozen=True, slots=True)
class AnsweredRun:
    """The run that an answer has ended: the answer and its acceptance, the kind, the start of the wait, and the messages."""

    answer: str
    at: Instant
    kind: ResponseKind
    since: Instant
    count: int
    last: str


Entry = CustomerMessages | Answer | Resolution


@dataclass(frozen=True, slots=True)
class ResponseTracking:
    """The response runs of one conversation, as far as they are still open.

    `run` is the number of the last run that began, 0 before the first. `log` begins with the first messages of the open
    run, and is empty when none is open; `kind` is the kind of the open run, `visible_at` the acceptance of the first
    answer of any author that was delivered in it. `was_answered` tells whether a human answer ever reached the customer.
    `answered` is the last run, as long as its answer is the last word: that answer may turn out to have failed.
    """

    run: int = 0
    kind: ResponseKind = "first_response"
    was_answered: bool = False
    visible_at: Instant | None = None
    log: tuple[Entry, ...] = ()
    answered: Annotated[AnsweredRun | None, OMITTED_IF_EMPTY] = None

    def open_run(self) -> ResponseRun | None:
        """The open run; None when the customer waits for no answer."""
        return _first_run(self) if self.log else None

    def unanswered_since(self) -> Instant | None:
        """Since when the customer waits for an answer that nobody has written; None where the next word is theirs.

        An answer on its way counts as written: if it fails, the customer has waited since the messages before it.
        """
        # Resolves and answers that have not failed; what stands behind the last of them is unanswered.
        ends = [index for index, entry in enumerate(self.log) if _ends_run(entry)]
        unanswered = self.log[ends[-1] + 1 :] if ends else self.log
        return min((entry.since for entry in unanswered if isinstance(entry, CustomerMessages)), default=None)


@dataclass(frozen=True, slots=True)
class Tracked:
    """The tracking after an event, and the runs that the event ended, oldest first."""

    tracking: ResponseTracking
    ended: tuple[ResponseRun, ...] = ()


def message_received(tracking: ResponseTracking, message: str, at: datetime) -> Tracked:
    """A customer message that needs an answer arrived; `at` is its own time."""
    last = tracking.log[-1] if tracking.log else None
    if isinstance(last, CustomerMessages):
        merged = CustomerMessages(min(last.since, at), last.count + 1, message)
        return Tracked(replace(tracking, log=(*tracking.log[:-1], merged)))
    entry = CustomerMessages(at, 1, message)
    if tracking.log:
        return Tracked(replace(tracking, log=(*tracking.log, entry)))
    return Tracked(_begun(tracking, (entry,)))


def answer_accepted(tracking: ResponseTracking, message: str, at: datetime) -> Tracked:
    """A human answer was accepted `at`; whether it will reach the customer is not known yet."""
    if not tracking.log or _position(tracking, message) is not None:
        return Tracked(tracking)
    return Tracked(replace(tracking, log=(*tracking.log, Answer(message, at))))


def answer_delivered(tracking: ResponseTracking, message: str) -> Tracked:
    """A human answer reached the customer, also one that was taken for failed.

    It ends the run in which it was accepted. Answers that were accepted earlier and are still unconfirmed end none any
    more. An answer that was accepted while nobody waited ends no run.
    """
    position = _position(tracking, message)
    answered = replace(tracking, was_answered=True)
    if position is None:
        # The customer has another answer beside the one that ended the last run.
        is_same = tracking.answered is not None and tracking.answered.answer == message
        return Tracked(answered if is_same else replace(answered, answered=None))
    before = _all_failed(answered.log[:position])
    delivered = _with_state(answered.log[position], "delivered")
    return settle(replace(answered, log=(*before, delivered, *answered.log[position + 1 :])))


def answer_failed(tracking: ResponseTracking, message: str) -> Tracked:
    """A human answer will not reach the customer: the run goes on as if the answer had not been accepted.

    When it ended a run already, because the platform had accepted it, its messages wait again: in a run of the same kind
    and start, or in the one that is open.
    """
    position = _position(tracking, message)
    if position is None:
        return Tracked(_waiting_again(tracking, message))
    log = tracking.log
    return settle(replace(tracking, log=(*log[:position], _with_state(log[position], "failed"), *log[position + 1 :])))


def _waiting_again(tracking: ResponseTracking, message: str) -> ResponseTracking:
    answered = tracking.answered
    if answered is None or answered.answer != message:
        return tracking
    # With the answer, which may prove to be delivered after all.
    waiting = CustomerMessages(answered.since, answered.count, answered.last)
    again = replace(tracking, answered=None, log=(waiting, Answer(message, answered.at, "failed"), *tracking.log))
    if tracking.log:
        return again
    was_answered = answered.kind == "next_response"
    return replace(again, run=again.run + 1, kind=answered.kind, was_answered=was_answered, visible_at=None)


def notice_delivered(tracking: ResponseTracking, at: datetime) -> Tracked:
    """A message of a bot or of the system that was accepted `at` reached the customer: visible, and no human answer."""
    run = tracking.open_run()
    if run is None or tracking.visible_at is not None or at < run.started_at:
        return Tracked(tracking)
    return Tracked(replace(tracking, visible_at=at))


def resolved(tracking: ResponseTracking, at: datetime) -> Tracked:
    """The conversation was resolved. An open run ends unanswered, unless an answer on its way is delivered after all."""
    return settle(_with_resolve(replace(tracking, answered=None), at))


def closed(tracking: ResponseTracking, at: datetime) -> Tracked:
    """The conversation is done for good: nothing is open after it, and answers still on their way end nothing."""
    return settle(_with_resolve(replace(tracking, log=_all_failed(tracking.log), answered=None), at))


def _with_resolve(tracking: ResponseTracking, at: datetime) -> ResponseTracking:
    return replace(tracking, log=(*tracking.log, Resolution(at))) if tracking.log else tracking


def follow_fact(tracking: ResponseTracking, name: str, fact: ConversationFact) -> Tracked:
    """The tracking after a fact without runs; `name` is the last word of its event type.

    Only facts that a version before response runs wrote lack them. All others carry their runs.
    """
    message, is_human = fact.message or "", fact.author in PEOPLE_OF_OURS
    match name:
        case "message_received" if fact.needs_answer and fact.author in (None, "customer"):
            return message_received(tracking, message, fact.at)
        case "resolved":
            return resolved(tracking, fact.at)
        case "closed":
            return closed(tracking, fact.at)
        case "replied" if is_human:
            return answer_accepted(tracking, message, fact.at)
        case "reply_delivered" if is_human:
            return answer_delivered(tracking, message)
        case "reply_delivered":
            return notice_delivered(tracking, fact.at)
        case "reply_failed" if is_human:
            return answer_failed(tracking, message)
    return Tracked(tracking)


def settle(tracking: ResponseTracking) -> Tracked:
    """End the runs whose end is certain, and begin the run that follows from what came after."""
    ended: list[ResponseRun] = []
    while tracking.log and (run := _first_run(tracking)).ended_at is not None:
        ended.append(run)
        tracking = replace(tracking, answered=_answered_run(run))
        tracking = _begun(tracking, tracking.log[_end_of_first_run(tracking.log) + 1 :])
    return Tracked(tracking, tuple(ended))


def _first_run(tracking: ResponseTracking) -> ResponseRun:
    """The run with which the log begins, as far as it is known."""
    end = _end_of_first_run(tracking.log)
    messages = [entry for entry in tracking.log[:end] if isinstance(entry, CustomerMessages)]
    run = ResponseRun(
        run=tracking.run,
        kind=tracking.kind,
        state="waiting",
        started_at=min(entry.since for entry in messages),
        accepted_at=None,
        answer=None,
        ended_at=None,
        visible_at=tracking.visible_at,
        messages=sum(entry.count for entry in messages),
        last_message=messages[-1].last,
    )
    match tracking.log[end] if end < len(tracking.log) else None:
        case Answer() as answer:
            return _answered(run, answer)
        case Resolution(at=at):
            return run.model_copy(update={"state": "unanswered", "ended_at": max(at, run.started_at)})
    return run


def _answered(run: ResponseRun, answer: Answer) -> ResponseRun:
    # The time of a message and of an acceptance come from two machines: no run lasts a negative time.
    at = max(answer.at, run.started_at)
    accepted = {"accepted_at": at, "answer": answer.message}
    if answer.state == "unconfirmed":
        return run.model_copy(update={**accepted, "state": "answered_unconfirmed"})
    visible_at = min(run.visible_at or at, at)
    return run.model_copy(update={**accepted, "state": "answered", "ended_at": at, "visible_at": visible_at})


def _answered_run(run: ResponseRun) -> AnsweredRun | None:
    if run.answer is None or run.accepted_at is None or run.state != "answered":
        return None
    return AnsweredRun(run.answer, run.accepted_at, run.kind, run.started_at, run.messages, run.last_message or "")


def _begun(tracking: ResponseTracking, log: Sequence[Entry]) -> ResponseTracking:
    """The tracking after a run ended, `log` being the entries that follow: the first messages in it begin the next run."""
    first = next((index for index, entry in enumerate(log) if isinstance(entry, CustomerMessages)), None)
    # Answers and resolves before the next message belong to no run any more.
    if first is None:
        return replace(tracking, log=(), visible_at=None)
    kind: ResponseKind = "next_response" if tracking.was_answered else "first_response"
    return replace(tracking, run=tracking.run + 1, kind=kind, visible_at=None, log=tuple(log[first:]))


def _end_of_first_run(log: Sequence[Entry]) -> int:
    """The index of the entry that ends the first run: an answer that has not failed, or a resolve; else the length."""
    return next((index for index, entry in enumerate(log) if _ends_run(entry)), len(log))


def _ends_run(entry: Entry) -> bool:
    return isinstance(entry, Resolution) or (isinstance(entry, Answer) and entry.state != "failed")


def _position(tracking: ResponseTracking, message: str) -> int | None:
    answers = ((index, entry) for index, entry in enumerate(tracking.log) if isinstance(entry, Answer))
    return next((index for index, answer in answers if answer.message == message), None)


def _with_state(entry: Entry, state: Literal["delivered", "failed"]) -> Entry:
    return replace(entry, state=state) if isinstance(entry, Answer) else entry


def _all_failed(log: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(_with_state(entry, "failed") for entry in log)
