"""Stores a conversation together with the fact about it, and sends dispatch its tasks."""

from dataclasses import replace
from datetime import datetime
from typing import TypedDict, Unpack

from schemas.channel import ActionKind
from schemas.conversation import (
    AuthorKind,
    ConversationFact,
    FirstResponse,
    MessageReaction,
    ResponseRun,
    Status,
    SurveyRating,
)
from schemas.routing import TaskClosed, TaskForceAssigned
from schemas.values import Failure, Json, Surface
from services.domain.conversation_state import ConversationState, conversation_view
from services.domain.inbox import with_keys
from services.domain.lifecycle import is_closed
from services.domain.mentions import no_longer_mentioning
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MessageRecord
from services.records.mentions import MENTIONS, mention_id, mentions_of
from services.router.conversations.domain import responses, transitions
from services.router.conversations.domain.responses import Change

CLOSE_TIMER = "close/"
"""Prefix of the timer that closes a resolved conversation; its id follows."""


class FactDetails(TypedDict, total=False):
    """Fields of a ConversationFact that differ from those of its conversation and from the defaults of the contract."""

    at: datetime
    message: str | None
    message_surface: Surface | None
    author: AuthorKind | None
    agent: str | None
    first_response: FirstResponse | None
    error: Failure | None
    action: ActionKind | None
    decision: str | None
    confirmed_by: str | None
    needs_answer: bool
    response: ResponseRun | None
    ended_responses: list[ResponseRun]
    reaction: MessageReaction
    reason: str | None
    mentions: list[str]
    previous_agent: str | None
    ratings: list[SurveyRating]


def put_conversation(work: UnitOfWork, conversation: ConversationState) -> None:
    """Store a conversation, with its positions in the lists of an inbox."""
    stored = with_keys(conversation)
    work.put(CONVERSATIONS, stored.id, _put_mentions(work, stored) if stored.mentioned else stored)


def _put_mentions(work: UnitOfWork, case: ConversationState) -> ConversationState:
    """Store whom a conversation calls, in the lists of these agents. A closed one calls nobody any more."""
    if is_closed(case.status):
        for agent in case.mentioned:
            work.delete(MENTIONS, mention_id(case.id, agent))
        return replace(case, mentioned={})
    for identity, mention in mentions_of(case).items():
        work.put(MENTIONS, identity, mention)
    return case


def end_mention(work: UnitOfWork, case: ConversationState, agent: str | None) -> ConversationState:
    """The conversation after this agent wrote in it, which ends what called them to it. It is stored by the caller."""
    after = no_longer_mentioning(case, agent)
    if after is not case and agent is not None:
        work.delete(MENTIONS, mention_id(case.id, agent))
    return after


def record_fact(
    work: UnitOfWork, verb: str, after: ConversationState, before: Status | None, **details: Unpack[FactDetails]
) -> None:
    """Store the conversation and emit `pasokh.conversation.<verb>`. `before` is its status before, None: it is new."""
    # In one commit: no fact without its state, and no state without its fact.
    put_conversation(work, after)
    known: FactDetails = {
        "at": work.now,
        "agent": after.agent,
        "response": after.response_tracking.open_run(),
        "ended_responses": [],
        **details,
    }
    fact = ConversationFact(
        conversation=after.id, key=after.key, snapshot=conversation_view(after), previous_status=before, **known
    )
    work.emit(f"pasokh.conversation.{verb}", after.key, fact)


def record_message_fact(
    work: UnitOfWork, verb: str, case: ConversationState, changed: MessageRecord, **details: Unpack[FactDetails]
) -> None:
    """As `record_fact`, for a change of a message that changes nothing else of its conversation."""
    known: FactDetails = {"message": changed.id, "message_surface": changed.surface, **details}
    record_fact(work, verb, replace(case, updated_at=work.now), case.status, **known)


def record_change(
    work: UnitOfWork, verb: str, change: Change, before: Status | None, **details: Unpack[FactDetails]
) -> None:
    """As `record_fact`, with the response runs that the change ended."""
    known: FactDetails = {"ended_responses": list(change.ended), **details}
    record_fact(work, verb, change.conversation, before, **known)


def queue(
    work: UnitOfWork, conversation: ConversationState, before: Status | None, *, preferred_seconds: float | None = None
) -> None:
    """Record that a conversation waits, and give dispatch its task, which waits for its last agent for so long first."""
    record_fact(work, "queued", conversation, before)
    queued = transitions.task(conversation).model_copy(update={"preferred_seconds": preferred_seconds})
    work.emit("pasokh.routing.task_queued", conversation.workspace, queued)


def force_assign(
    work: UnitOfWork, conversation: ConversationState, agent: str, by: str | None, *, has_task: bool = True
) -> None:
    """Have dispatch give a conversation to this agent, whatever skills and capacity they have. `by` decided it.

    `has_task`: whether dispatch knows of it; what was answered elsewhere it does not.
    """
    forced = TaskForceAssigned(
        conversation=conversation.id,
        key=conversation.key,
        workspace=conversation.workspace,
        to_agent=agent,
        by=by,
        task=None if has_task else transitions.task(conversation),
    )
    work.emit("pasokh.routing.task_force_assigned", conversation.workspace, forced)


def close_task(work: UnitOfWork, conversation: ConversationState, *, erased: bool = False) -> None:
    """End the task of a conversation: its agent has capacity again, or it leaves the queue. `erased`: its customer is being erased."""
    closed = TaskClosed(
        conversation=conversation.id,
        key=conversation.key,
        workspace=conversation.workspace,
        at=work.now,
        erased=erased,
    )
    work.emit("pasokh.routing.task_closed", conversation.workspace, closed)


def record_resolved(work: UnitOfWork, conversation: ConversationState, *, reason: str | None = None) -> str:
    """Resolve a conversation, end its task, and close it after `CLOSES_AFTER` by a timer. Returns its id.

    `reason`: why it is resolved without anybody's decision.
    """
    change = responses.resolved(conversation, work.now)
    record_change(work, "resolved", change, conversation.status, reason=reason)
    close_task(work, change.conversation)
    closing: dict[str, Json] = {"conversation": conversation.id, "key": conversation.key}
    work.set_timer(f"{CLOSE_TIMER}{conversation.id}", work.now + transitions.CLOSES_AFTER, closing)
    return conversation.id


def next_sequence(work: UnitOfWork) -> str:
    """The `order` of a new message: after all messages of earlier batches, and of this batch.

    The text sorts by the number of the batch, then by the events that the batch has emitted so far.
    """
    # Every new message emits at least one fact, so that the next one of the batch has a higher number.
    return f"{work.place.seq:012d}.{len(work.outbox):06d}"


def text_field(data: dict[str, Json], name: str) -> str:
    """A text in the data of a timer. Raises TypeError when it is missing, which is our bug."""
    value = data.get(name)
    if not isinstance(value, str):
        raise TypeError(f"timer data has no {name}")
    return value
