"""What was given to an agent who does not look at it: a miss, and back to its old place.

Only agents with a lease: of the desk of an integrator we do not know what its agents look at.
"""

from dataclasses import replace
from datetime import timedelta

from schemas.commands import ReturnTask
from schemas.values import instant_text
from services.platform.processing.inputs import TimerFired
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.read_marks import READ_MARKS
from services.records.tasks import TaskRecord
from services.router.dispatch.domain.outcomes import DispatchOutcome
from services.router.dispatch.presence import put_presence
from services.router.dispatch.workspace_state import WorkspaceState

UNREAD_TIMER = "unread/"
"""The timer of an assignment that nobody may have looked at; the conversation's id follows."""


def set_unread_timer(work: UnitOfWork, state: WorkspaceState, task: TaskRecord) -> None:
    """Look later whether the agent whom dispatch chose for a task has looked at it."""
    seconds = state.settings.of(task.team).unread_return_seconds
    agent = state.agents.get(task.agent or "")
    if seconds is None or agent is None or agent.leased_at is None or task.assigned_at is None:
        return
    data = {"workspace": task.workspace, "conversation": task.conversation, "at": instant_text(task.assigned_at)}
    work.set_timer(f"{UNREAD_TIMER}{task.conversation}", work.now + timedelta(seconds=seconds), dict(data))


def on_unread_timer(work: UnitOfWork, state: WorkspaceState, timer: TimerFired) -> list[DispatchOutcome]:
    """Ask the conversation to go back if its agent has not looked at it since it was assigned."""
    task = state.tasks.get(str(timer.data["conversation"]))
    if task is None or task.state != "assigned" or task.assigned_at is None or not task.counting:
        return []
    agent = state.agents.get(task.agent or "")
    # Of an agent who is not there somebody else takes care. Assigned anew since: another timer is set.
    if agent is None or agent.presence != "online" or instant_text(task.assigned_at) != timer.data["at"]:
        return []
    marks = work.get(READ_MARKS, task.conversation)
    mark = marks.marks.get(agent.id) if marks is not None else None
    if mark is not None and mark.at >= task.assigned_at:
        # Who looks misses nothing: the count of misses in a row starts again.
        return put_presence(work, state, replace(agent, missed_offers=0)) if agent.missed_offers else []
    command = ReturnTask(
        conversation=task.conversation,
        agent=agent.id,
        reason="unread",
        unread_since=task.assigned_at,
        preferred_seconds=None,
    )
    work.emit("pasokh.command.return_task", task.key, command)
    return []
