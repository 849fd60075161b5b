"""How conversations tell what happened, and answer commands."""

from schemas.commands import CommandResult
from schemas.conversation import ConversationFact, ResponseRun, Status
from schemas.routing import TaskClosed
from schemas.values import Json, Problem
from services.domain.conversation_state import ConversationState
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import OUTCOMES
from services.records.conversations import CONVERSATIONS
from services.router.conversations.domain import transitions
from services.router.conversations.domain.transitions import Change

_FACT_DEFAULTS: dict[str, object] = {
    **dict.fromkeys(("message", "message_surface", "author", "first_response", "error", "decision", "confirmed_by")),
}


def record_fact(work: UnitOfWork, verb: str, after: ConversationState, before: Status | None, **more: object) -> None:
    """Keep the conversation and emit `pasokh.conversation.<verb>`. `more` are further fields of ConversationFact."""
    work.put(CONVERSATIONS, after.id, after)
    runs = {"response": after.response_tracking.open_run(), "ended_responses": list[ResponseRun]()}
    known = {**_FACT_DEFAULTS, **runs, "needs_answer": True, "at": work.now, "agent": after.agent, **more}
    fact = ConversationFact.unvalidated(
        conversation=after.id, key=after.key, snapshot=after.public_view(), previous_status=before, **known
    )
    work.emit(f"pasokh.conversation.{verb}", after.key, fact)


def record_change(work: UnitOfWork, verb: str, change: Change, before: Status | None, **more: object) -> None:
    """As `record_fact`, with the response runs that ended."""
    record_fact(work, verb, change.conversation, before, ended_responses=list(change.ended), **more)


def queue(work: UnitOfWork, conversation: ConversationState, before: Status | None) -> None:
    """Tell that it waits, and ask dispatch for an agent."""
    record_fact(work, "queued", conversation, before)
    work.emit("pasokh.routing.task_queued", conversation.workspace, transitions.task(conversation))


def close_task(work: UnitOfWork, conversation: ConversationState) -> None:
    """Give the units of the agent back, or the place in the queue up."""
    closed = TaskClosed(
        conversation=conversation.id, key=conversation.key, workspace=conversation.workspace, at=work.now
    )
    work.emit("pasokh.routing.task_closed", conversation.workspace, closed)


def record_applied(
    work: UnitOfWork, command: ReceivedEvent, request_hash: str, result: str, *, created: bool = False
) -> None:
    """The command was applied."""
    outcome = CommandResult(
        id=command.event.id,
        workspace=command.event.workspace,
        status="applied",
        result=result,
        created=created,
        request_hash=request_hash,
        at=work.now,
    )
    work.put(OUTCOMES, outcome.id, outcome)


def record_rejected(work: UnitOfWork, command: ReceivedEvent, request_hash: str, problem: Problem) -> None:
    """The command was not applied; the problem says why and what to do."""
    outcome = CommandResult(
        id=command.event.id,
        workspace=command.event.workspace,
        status="refused",
        problem=problem,
        request_hash=request_hash,
        at=work.now,
    )
    work.put(OUTCOMES, outcome.id, outcome)


def next_sequence(work: UnitOfWork) -> str:
    """Where a new message stands in its conversation: after all of earlier batches, and of this one,
    for telling of a message always sends something.
    """
    return f"{work.place.seq:012d}.{len(work.outbox):06d}"


def encrypted_field(data: dict[str, Json], name: str) -> str:
    """A text of a timer's data. Raises TypeError when it is not there: our own bug."""
    value = data.get(name)
    if not isinstance(value, str):
        raise TypeError(f"timer data has no {name}")
    return value
