"""Rounds that ask the conversations of an agent who is not there what becomes of them, page by page, each page in a batch of its own.

Dispatch knows who has a task, and the conversation whether its customer waits for an answer: so dispatch asks, and what waits
comes back as `pasokh.routing.task_returned`. A timer carries the start of the next page.
"""

from datetime import datetime
from heapq import nsmallest

from schemas.commands import ReturnTask
from schemas.envelope import Event
from schemas.routing import ReturnReason, TaskReturned, WorkReturned
from schemas.values import Json
from services.platform.processing.inputs import TimerFired
from services.platform.processing.unit_of_work import UnitOfWork
from services.router.dispatch.domain.outcomes import DispatchOutcome
from services.router.dispatch.workspace_state import WorkspaceState

PAGE_SIZE = 200
RETURNING = "returning/"
"""The timer of the next page; the workspace and the agent follow."""


def withdraw_offers(state: WorkspaceState, agent: str, now: datetime) -> list[DispatchOutcome]:
    """End the offers in the hand of an agent who went."""
    offered = [placement.task.id for placement in state.dispatcher.tasks_of(agent) if placement.offer is not None]
    return state.dispatcher.give_back(offered, "not_online", now)


def start_return(
    work: UnitOfWork, state: WorkspaceState, agent: str, reason: ReturnReason, *, keeps: bool = False
) -> None:
    """Ask about every task that counts for the agent. With `keeps` they stay until the customer writes again."""
    seconds, count = state.settings.preferred_seconds, len(_held(state, agent))
    if count and not keeps:
        body = state.agents[agent].body
        fact = WorkReturned(
            agent=agent, name=body.name, teams=body.teams, reason=reason, conversations=count, at=work.now
        )
        work.emit("pasokh.agent.work_returned", state.workspace, fact)
    _page(work, state, ReturnTask(conversation="", agent=agent, reason=reason, keeps=keeps, preferred_seconds=seconds))


def on_return_timer(work: UnitOfWork, state: WorkspaceState, timer: TimerFired) -> None:
    """Ask about the next page."""
    _page(work, state, ReturnTask.model_validate(timer.data["last"]))


def _page(work: UnitOfWork, state: WorkspaceState, last: ReturnTask) -> None:
    held = [task for task in _held(state, last.agent) if task > last.conversation]
    page = nsmallest(PAGE_SIZE, held)
    for task in page:
        last = last.model_copy(update={"conversation": task})
        work.emit("pasokh.command.return_task", state.tasks[task].key, last)
    if len(page) == PAGE_SIZE:
        data: dict[str, Json] = {"workspace": state.workspace, "last": last.model_dump(mode="json")}
        work.set_timer(f"{RETURNING}{state.workspace}/{last.agent}", work.now, data)


def _held(state: WorkspaceState, agent: str) -> list[str]:
    # What does not count goes back when the customer writes.
    placements = state.dispatcher.tasks_of(agent)
    return [placement.task.id for placement in placements if placement.offer is None and placement.counting]


def on_task_returned(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    """A customer waits for an agent who is not there, or does not look: back to the old place. A repeat changes nothing."""
    returned = event.payload_as(TaskReturned)
    task, agent = state.tasks.get(returned.conversation), state.agents.get(returned.agent)
    if task is None or agent is None or (task.state, task.agent) != ("assigned", returned.agent):
        return []
    is_missed = returned.reason == "unread"
    if agent.presence == "online" and not is_missed:
        return []
    return state.dispatcher.give_back(
        [task.conversation], returned.reason, work.now, returned.preferred_seconds, missed=is_missed
    )
