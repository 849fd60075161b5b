"""Whether the task of a conversation counts, and the timer of its customer's silence.

The timer is early on purpose: an answer leaves it where it is if it fires before anything is due. So a lively conversation
sets it once in a while, and not with every answer.
"""

from dataclasses import replace
from datetime import datetime

from schemas.configuration import WorkspaceConfiguration
from schemas.routing import ReturnReason, TaskPaused, TaskResumed, TaskReturned
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_assigned, is_pending
from services.platform.processing.unit_of_work import UnitOfWork
from services.router.conversations.domain.silence import settings_of
from services.router.conversations.facts import record_fact

SILENCE_TIMER = "silence/"
"""Prefix of the timer of a customer's silence; the conversation's id follows."""


def with_silence_timer(work: UnitOfWork, case: ConversationState, at: datetime) -> ConversationState:
    """The conversation with its timer set, unless it fires by then anyway."""
    if case.silence_timer_at is not None and case.silence_timer_at <= at:
        return case
    data = {"conversation": case.id, "key": case.key, "workspace": case.workspace}
    work.set_timer(f"{SILENCE_TIMER}{case.id}", at, dict(data))
    return replace(case, silence_timer_at=at)


def pause_task(work: UnitOfWork, case: ConversationState) -> None:
    """Have the task of a conversation stop counting for its agent."""
    if case.agent is not None:
        paused = TaskPaused(conversation=case.id, key=case.key, workspace=case.workspace, agent=case.agent, at=work.now)
        work.emit("pasokh.routing.task_paused", case.workspace, paused)


def wake(
    work: UnitOfWork, case: ConversationState, configuration: WorkspaceConfiguration | None = None
) -> ConversationState:
    """End the snooze of a conversation: its task counts again, for its agent if they are there. Returns the conversation."""
    after = replace(case, snoozed_until=None, wake_on_reply=False, updated_at=work.now)
    if is_pending(after.status):
        after = with_silence_timer(work, replace(after, silent_since=work.now), work.now)
    record_fact(work, "woken", after, case.status)
    _send_resume(work, after, configuration)
    return after


def resume_task(
    work: UnitOfWork,
    before: ConversationState,
    after: ConversationState,
    configuration: WorkspaceConfiguration | None = None,
) -> None:
    """Have the task count again if the change made a pending conversation the agent's turn. Without an agent it has none.

    One whose agent went and kept it goes back to the queue, now that the customer wrote again.
    """
    if after.active_call is not None:
        # Its task counts, and stays with the agent who is on the telephone.
        return
    if after.snoozed_until is None and is_pending(before.status) and is_assigned(after.status):
        _send_resume(work, after, configuration)
    elif before.kept_by is not None and before.kept_by == after.agent and after.snoozed_until is None:
        send_returned(
            work, after, after.agent, "not_online", settings_of(configuration, after.team).preferred_agent_seconds
        )


def send_returned(
    work: UnitOfWork, case: ConversationState, agent: str, reason: ReturnReason, preferred_seconds: float | None
) -> None:
    """Have the task go back to its old place in the queue, if this agent has it."""
    returned = TaskReturned(
        conversation=case.id,
        key=case.key,
        workspace=case.workspace,
        agent=agent,
        reason=reason,
        preferred_seconds=preferred_seconds,
    )
    work.emit("pasokh.routing.task_returned", case.workspace, returned)


def _send_resume(work: UnitOfWork, case: ConversationState, configuration: WorkspaceConfiguration | None) -> None:
    resumed = TaskResumed(
        conversation=case.id,
        key=case.key,
        workspace=case.workspace,
        at=work.now,
        preferred_seconds=settings_of(configuration, case.team).preferred_agent_seconds,
    )
    work.emit("pasokh.routing.task_resumed", case.workspace, resumed)
