"""What happens to tasks: each event in, what the dispatcher decides about it out."""

from schemas.envelope import Event
from schemas.routing import TaskChanged, TaskClosed, TaskForceAssigned, TaskQueued
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.tasks import TASKS, TaskRecord
from services.router.dispatch.domain.dispatcher import DispatchOutcome
from services.router.dispatch.workspace_state import WorkspaceState, to_task

CHANGEABLE = ("team", "requirement", "priority", "due_at", "rule", "config_version")


def on_task_queued(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    """A conversation waits for an agent; a repeat changes nothing."""
    queued = event.payload_as(TaskQueued)
    if queued.conversation in state.tasks:
        return []
    record = TaskRecord(**vars(queued), state="waiting", agent=None, assigned_at=None, decision=None)
    state.tasks[record.conversation] = record
    return state.desk.enqueue(to_task(record), work.now)


def on_task_changed(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    """What a waiting or assigned conversation needs has changed."""
    changed = event.payload_as(TaskChanged)
    task = state.tasks.get(changed.conversation)
    if task is None:
        return []
    update = {name: value for name in CHANGEABLE if (value := getattr(changed, name)) is not None}
    if changed.clear_due:
        update["due_at"] = None
    if changed.keeps_agent and task.agent is not None:
        update.pop("team", None)
    record = task.model_copy(update=update)
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
