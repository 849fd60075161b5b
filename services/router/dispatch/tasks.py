"""Applies events on tasks to a workspace; each handler returns the outcomes that the dispatcher decides."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from schemas.envelope import Event
from schemas.routing import TaskChanged, TaskClosed, TaskForceAssigned, TaskPaused, TaskQueued, TaskResumed
from schemas.values import RelaxStep, Surface, WorkClass
from services.platform.processing.inputs import TimerFired
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.tasks import TASKS, TaskRecord
from services.router.dispatch.domain.outcomes import DispatchOutcome
from services.router.dispatch.workspace_state import DispatchSettings, WorkspaceState, to_task

Value = TypeVar("Value")


def on_task_queued(
    work: UnitOfWork, state: WorkspaceState, event: Event, class_for: Callable[[str, Surface], WorkClass]
) -> list[DispatchOutcome]:
    """A conversation waits for an agent. A repeat changes nothing. `class_for`: the class of work of a channel and surface."""
    queued = event.payload_as(TaskQueued)
    if queued.conversation in state.tasks:
        return []
    record = waiting_task(queued, queued.work_class or class_for(queued.channel, queued.surface))
    if queued.preferred is not None and queued.preferred_seconds is not None:
        record = replace(record, preferred_until=work.now + timedelta(seconds=queued.preferred_seconds))
    record = of_team(record, state.settings, queued)
    state.tasks[record.conversation] = record
    # It goes on: its last agent does not wrap it up any more.
    agent = state.agents.get(queued.preferred or "")
    ended = state.dispatcher.end_wrap_ups(agent.id, work.now, record.conversation) if agent and agent.wrap_ups else []
    # The outcome, assigned or unmatched, writes the task with the decision's id.
    return [*ended, *state.dispatcher.enqueue(to_task(record), work.now)]


def on_task_changed(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    """The priority, team, requirement or due time of a conversation changed. An unknown conversation is ignored."""
    changed = event.payload_as(TaskChanged)
    task = state.tasks.get(changed.conversation)
    if task is None:
        return []
    # With `keeps_agent` a task of an agent also keeps its team: a change of team would take it from the agent.
    keeps_team = changed.keeps_agent and task.agent is not None
    team = task.team if keeps_team else _new_or_current(changed.team, task.team)
    record = replace(
        task,
        team=team,
        requirement=_new_or_current(changed.requirement, task.requirement),
        priority=_new_or_current(changed.priority, task.priority),
        due_at=None if changed.clear_due else _new_or_current(changed.due_at, task.due_at),
        relax=_new_or_current(changed.relax, task.relax),
        # How far new steps have got is a matter of their times alone.
        relaxed=task.relaxed
        if changed.relax in (None, task.relax)
        else steps_due(changed.relax, work.now - task.queued_at),
        rule=_new_or_current(changed.rule, task.rule),
        config_version=_new_or_current(changed.config_version, task.config_version),
    )
    if team != task.team:
        record = of_team(record, state.settings)
    state.tasks[record.conversation] = record
    # Here, because the dispatcher may have nothing to decide: then no outcome would write the task.
    work.put(TASKS, record.conversation, record)
    return state.dispatcher.change(to_task(record), work.now)


def take_in(state: WorkspaceState, queued: TaskQueued, class_for: Callable[[str, Surface], WorkClass]) -> None:
    """Add the task of a conversation that a person takes and that had none. Nobody else gets it meanwhile."""
    if queued.conversation in state.tasks:
        return
    record = of_team(
        waiting_task(queued, queued.work_class or class_for(queued.channel, queued.surface)), state.settings, queued
    )
    state.tasks[record.conversation] = record
    state.dispatcher.set_aside(to_task(record))


def on_task_force_assigned(
    work: UnitOfWork, state: WorkspaceState, event: Event, class_for: Callable[[str, Surface], WorkClass]
) -> list[DispatchOutcome]:
    """A person chose the agent of the conversation."""
    command = event.payload_as(TaskForceAssigned)
    if command.task is not None:
        take_in(state, command.task, class_for)
    return state.dispatcher.force_assign(command.conversation, command.to_agent, command.by, work.now)


def on_task_closed(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    """The conversation is resolved: it leaves the queue or its agent. A repeat changes nothing."""
    closed = event.payload_as(TaskClosed)
    task = state.tasks.get(closed.conversation)
    # Nobody writes up a conversation of somebody who is being erased.
    seconds = state.settings.of(task.team).wrap_up_seconds if task is not None and not closed.erased else 0
    return state.dispatcher.close(closed.conversation, work.now, seconds)


def waiting_task(queued: TaskQueued, work_class: WorkClass = "chat") -> TaskRecord:
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
        work_class=work_class,
        units=queued.units or 1,
        relax=queued.relax,
        offer_seconds=queued.offer_seconds,
        overflow=queued.overflow,
        rule=queued.rule,
        config_version=queued.config_version,
    )


def on_task_paused(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    """A task stops counting: its customer is silent, or it is snoozed. Ignored once somebody else than the agent named has it."""
    paused = event.payload_as(TaskPaused)
    task = state.tasks.get(paused.conversation)
    has_moved = paused.agent is not None and task is not None and (task.state, task.agent) != ("assigned", paused.agent)
    if task is None or has_moved:
        return []
    return state.dispatcher.pause(paused.conversation, work.now)


def on_task_resumed(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    """It is the agent's turn again. A customer never waits for somebody who is not there, whether the task counted or not."""
    resumed = event.payload_as(TaskResumed)
    task = state.tasks.get(resumed.conversation)
    if task is None:
        return []
    if not task.counting:
        return state.dispatcher.resume(task.conversation, work.now, resumed.preferred_seconds)
    agent = state.agents.get(task.agent) if task.state == "assigned" and task.agent else None
    if agent is None or agent.presence == "online":
        return []
    return state.dispatcher.give_back([task.conversation], "not_online", work.now, resumed.preferred_seconds)


def on_task_timer(work: UnitOfWork, state: WorkspaceState, timer: TimerFired) -> list[DispatchOutcome]:
    """Something is due for a task: its offer expires, or waiting longer changes what it asks for."""
    return state.dispatcher.advance(str(timer.data["conversation"]), work.now)


def of_team(record: TaskRecord, all_settings: DispatchSettings, queued: TaskQueued | None = None) -> TaskRecord:
    """The task as the settings of its team have it, where the event that queued it does not say otherwise."""
    settings = all_settings.of(record.team)
    asked = queued.offer_seconds if queued else None
    return replace(
        record,
        units=queued.units if queued and queued.units is not None else settings.units(record.work_class),
        offer_seconds=settings.offer_seconds if asked is None else asked,
        overflow=(queued.overflow if queued else None) or settings.overflow,
        overflowed=False,
    )


def steps_due(steps: Sequence[RelaxStep], waited: timedelta) -> int:
    """How many steps apply to a task that has waited so long."""
    return sum(1 for step in steps if step.after_seconds <= waited.total_seconds())


def _new_or_current(new: Value | None, current: Value) -> Value:
    return current if new is None else new
