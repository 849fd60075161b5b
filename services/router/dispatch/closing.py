"""The end of the day: what waits for an agent who is not online goes back to the queue when the hours of its team end."""

from dataclasses import replace
from datetime import datetime

from schemas.commands import ReturnTask
from services.domain.business_hours import next_closing, opening_at
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.tasks import QUEUES
from services.router.dispatch.workspace_state import WorkspaceState

CLOSING = "closing/"
"""The timer of the end of opening hours; the workspace follows."""


def set_closing_timer(work: UnitOfWork, state: WorkspaceState) -> None:
    """Set the timer of the next end of opening hours, unless it is set. A workspace without hours has none."""
    record = state.queue_record
    if not state.settings.calendars or (record.closing_at is not None and record.closing_at > work.now):
        return
    closing_at = _next_closing(state, work.now)
    if closing_at is None:
        return
    state.queue_record = replace(record, closing_at=closing_at)
    work.put(QUEUES, state.workspace, state.queue_record)
    work.set_timer(f"{CLOSING}{state.workspace}", closing_at, {"workspace": state.workspace})


def on_closing(work: UnitOfWork, state: WorkspaceState) -> None:
    """Ask the conversations of agents who are not online whether their customers wait, where it is closed now."""
    for task in state.tasks.values():
        agent = state.agents.get(task.agent) if task.state == "assigned" and task.agent else None
        calendar = state.settings.calendar(task.team)
        if agent is None or agent.presence == "online" or calendar is None or opening_at(work.now, calendar)[0]:
            continue
        asked = ReturnTask(
            conversation=task.conversation,
            agent=agent.id,
            reason="day_ended",
            preferred_seconds=state.settings.preferred_seconds,
        )
        work.emit("pasokh.command.return_task", task.key, asked)
    set_closing_timer(work, state)


def _next_closing(state: WorkspaceState, now: datetime) -> datetime | None:
    known = [next_closing(now, calendar) for calendar in state.settings.calendars]
    return min((at for at in known if at is not None), default=None)
