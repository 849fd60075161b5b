"""Conversations that rest until a time, or until the customer writes. The status stays, and clocks go on."""

from dataclasses import replace

from schemas.commands import Snooze, Unsnooze
from schemas.routing import TaskPaused
from schemas.values import Json
from services.domain.conversation_state import ConversationState
from services.platform.processing.inputs import ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS
from services.router.conversations.command_outcomes import handle_command
from services.router.conversations.context import ConversationsContext
from services.router.conversations.domain.refusals import refuse_finished, refuse_unsnooze
from services.router.conversations.facts import record_fact, text_field
from services.router.conversations.task_counting import wake

SNOOZE_TIMER = "snooze/"
"""Prefix of the timer that wakes a conversation; its id follows."""


def handle_snooze(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Let a conversation rest: it uses no unit, and one that waits is given to nobody. A second snooze replaces the first."""
    command = received.event.payload_as(Snooze)
    handle_command(context.work, received, command, refuse_finished, lambda case: _snooze(context.work, case, command))


def _snooze(work: UnitOfWork, case: ConversationState, command: Snooze) -> str:
    after = replace(case, snoozed_until=command.until, wake_on_reply=command.wake_on_reply, updated_at=work.now)
    record_fact(work, "snoozed", after, case.status)
    paused = TaskPaused(conversation=case.id, key=case.key, workspace=case.workspace, agent=case.agent, at=work.now)
    work.emit("pasokh.routing.task_paused", case.workspace, paused)
    data: dict[str, Json] = {"conversation": case.id, "key": case.key, "workspace": case.workspace}
    work.set_timer(f"{SNOOZE_TIMER}{case.id}", command.until, data)
    return case.id


def handle_unsnooze(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Wake a conversation now."""
    work, command = context.work, received.event.payload_as(Unsnooze)
    handle_command(
        work,
        received,
        command,
        refuse_unsnooze,
        lambda case: wake(work, case, context.configuration(case.workspace)).id,
    )


def on_snooze_timer(context: ConversationsContext, timer: TimerFired) -> None:
    """Wake a conversation at its time, unless its snooze ended or was replaced."""
    work = context.work
    case = work.get(CONVERSATIONS, text_field(timer.data, "conversation"))
    if case is not None and case.snoozed_until is not None and case.snoozed_until <= work.now:
        wake(work, case, context.configuration(case.workspace))
