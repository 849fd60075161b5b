"""The answer to a command: applied once, or refused with a reason. The outcome is also the command's dedupe record."""

from collections.abc import Callable
from typing import Protocol

from schemas.commands import CommandResult
from schemas.values import Problem
from services.domain.conversation_state import ConversationState
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import OUTCOMES
from services.records.conversations import CONVERSATIONS
from services.router.conversations.domain.refusals import NO_CONVERSATION, refuse_erased


class CommandFields(Protocol):
    """The fields that every command of an agent has."""

    @property
    def conversation(self) -> str: ...

    @property
    def request_hash(self) -> str: ...


def handle_command(
    work: UnitOfWork,
    command: ReceivedEvent,
    fields: CommandFields,
    refuse: Callable[[ConversationState], Problem | None],
    apply: Callable[[ConversationState], str],
) -> None:
    """Apply a command to its conversation unless it is refused, and store the outcome. A repeat does nothing.

    `refuse` says why not, `apply` returns the id of its result.
    """
    decide_command(work, command, fields, lambda case: refuse(case) or apply(case))


def decide_command(
    work: UnitOfWork,
    command: ReceivedEvent,
    fields: CommandFields,
    decide: Callable[[ConversationState], Problem | str],
    *,
    created: bool = False,
) -> None:
    """As `handle_command`, by one function that refuses a command, or applies it and returns the id of its result."""
    case = work.get(CONVERSATIONS, fields.conversation)
    decided = (lambda: NO_CONVERSATION) if case is None else (lambda: refuse_erased(case) or decide(case))
    record_outcome(work, command, fields.request_hash, decided, created=created)


def record_outcome(
    work: UnitOfWork,
    command: ReceivedEvent,
    request_hash: str,
    decide: Callable[[], Problem | str],
    *,
    created: bool = False,
) -> None:
    """Decide a command once, and store its outcome. `created`: the result is a new resource."""
    if is_repeat(work, command):
        return
    decided, event = decide(), command.event
    problem = decided if isinstance(decided, Problem) else None
    outcome = CommandResult(
        id=event.id,
        workspace=event.workspace,
        status="applied" if problem is None else "refused",
        result=None if isinstance(decided, Problem) else decided,
        created=created and problem is None,
        problem=problem,
        request_hash=request_hash,
        at=work.now,
    )
    work.put(OUTCOMES, outcome.id, outcome)


def is_repeat(work: UnitOfWork, command: ReceivedEvent) -> bool:
    """Whether the command has its outcome already."""
    return work.get(OUTCOMES, command.event.id) is not None
