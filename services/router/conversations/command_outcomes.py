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
from services.router.conversations.domain.refusals import NO_CONVERSATION


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
    *,
    created: bool = False,
) -> None:
    """Apply a command to its conversation unless it is refused, and store the outcome. A repeat does nothing.

    `refuse` says why not, `apply` returns the id of its result; `created`: the result is a new resource.
    """
    if is_repeat(work, command):
        return
    case = work.get(CONVERSATIONS, fields.conversation)
    problem = NO_CONVERSATION if case is None else refuse(case)
    result = apply(case) if case is not None and problem is None else None
    event = command.event
    outcome = CommandResult(
        id=event.id,
        workspace=event.workspace,
        status="applied" if problem is None else "refused",
        result=result,
        created=created and problem is None,
        problem=problem,
        request_hash=fields.request_hash,
        at=work.now,
    )
    work.put(OUTCOMES, outcome.id, outcome)


def is_repeat(work: UnitOfWork, command: ReceivedEvent) -> bool:
    """Whether the command has its outcome already."""
    return work.get(OUTCOMES, command.event.id) is not None
