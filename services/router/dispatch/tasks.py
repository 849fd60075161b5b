"""Applies events on tasks to a workspace; each handler returns the outcomes that the dispatcher decides."""

from dataclasses import replace
from typing import TypeVar

from schemas.envelope import Event
from schemas.routing import TaskChanged, TaskClosed, TaskForceAssigned, TaskQueued
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.tasks import TASKS, TaskRecord
from services.router.dispatch.domain.dispatcher import DispatchOutcome
from services.router.dispatch.workspace_state import WorkspaceState, to_task

Value = TypeVar("Value")


def on_task_queued(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    """A conversation waits for an agent; a repeat changes nothing."""
    queued = event.payload_as(TaskQueued)
    if queued.conversation in state.tasks:
        return []
    record = waiting_task(queued)
    state.tasks[record.conversation] = record
    return state.desk.enqueue(to_task(record), work.now)


def on_task_changed(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    """What a waiting or assigned conversation needs has changed."""
    changed = event.payload_as(TaskChanged)
    task = state.tasks.get(changed.conversation)
    if task is None:
        return []
    keeps_team = changed.keeps_agent and task.agent is not None
    record = replace(
        task,
        team=task.team if keeps_team else _new_or_current(changed.team, task.team),
        requirement=_new_or_current(changed.requirement, task.requirement),
        priority=_new_or_current(changed.priority, task.priority),
        due_at=None if changed.clear_due else _new_or_current(changed.due_at, task.due_at),
        rule=_new_or_current(changed.rule, task.rule),
        config_version=_new_or_current(changed.config_version, task.config_version),
    )
    state.tasks[record.conversation] = record
    work.put(TASKS, record.conversation, record)
    return state.desk.change(to_task(record), work.now)


def on_task_force_assigned(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    """Somebody decided which agent gets the conversation."""
    command = event.payload_as(TaskForceAssigned)
    return state.desk.force_assign(command.conversation, command.to_agent, command.by, work.now)


def on_task_closed(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    """The conversation is resolved: its agent is free again, or its place in the queue is."""
    closed = event.payload_as(TaskClosed)
    if state.tasks.pop(closed.conversation, None) is None:
        return []
    work.delete(TASKS, closed.conversation)
    return state.desk.close(closed.conversation, work.now)


def waiting_task(queued: TaskQueued) -> TaskRecord:
    """The record of a conversation that has just been queued."""
    return TaskRecord(
        conversation=queued.conversation,
        key=queued.key,
        workspace=queued.workspace,
        channel=queued.channel,
        account=queued.account,
        surface=queued.surface,
        team=queued.team,
        requirement=queued.requirement,
        priority=queued.priority,
        language=queued.language,
        queued_at=queued.queued_at,
        due_at=queued.due_at,
        preferred=queued.preferred,
        rule=queued.rule,
        config_version=queued.config_version,
    )


def _new_or_current(new: Value | None, current: Value) -> Value:
    return current if new is None else new
