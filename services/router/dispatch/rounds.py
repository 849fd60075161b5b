"""Rounds: a request to many conversations of a workspace, page by page, each page in a batch of its own.

A timer carries the start of the next page, so that a round resumes after a restart. A request that a
conversation has fulfilled already changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from heapq import nsmallest

from schemas.commands import CommandResult, ReapplySla
from schemas.envelope import Event
from schemas.routing import ReapplySlaPolicies
from schemas.values import Json, instant, instant_text
from services.platform.processing.inputs import TimerFired
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import OUTCOMES
from services.records.tasks import QUEUES, TaskRecord
from services.router.dispatch.recording import request_replanning
from services.router.dispatch.workspace_state import WorkspaceState

PAGE_SIZE = 200
REPLANNING, REAPPLYING = "rules/", "policies/"
"""The rounds, as prefixes of their timers; the workspace follows."""


def start_replanning(work: UnitOfWork, state: WorkspaceState, version: int) -> None:
    """Routing rules of this version are in force: start a round that has each waiting task planned by them."""
    # Announcements may come late or twice; a version that is not newer was dealt with.
    if version > state.queue_record.rules_version:
        state.queue_record = replace(state.queue_record, rules_version=version)
        work.put(QUEUES, state.workspace, state.queue_record)
        _page(work, state, REPLANNING, {})


def start_reapplying(work: UnitOfWork, state: WorkspaceState, event: Event) -> None:
    """Ask every open conversation to apply the SLA policies in force. The `result` of the outcome is their number."""
    if work.get(OUTCOMES, event.id) is not None:
        return
    command = event.payload_as(ReapplySlaPolicies)
    outcome = CommandResult(
        id=event.id,
        workspace=state.workspace,
        status="applied",
        result=str(len(state.tasks)),
        request_hash=command.request_hash,
        at=work.now,
    )
    work.put(OUTCOMES, outcome.id, outcome)
    _page(work, state, REAPPLYING, {"agent": command.agent, "at": instant_text(command.accepted_at)})


def continue_round(work: UnitOfWork, state: WorkspaceState, timer: TimerFired) -> None:
    """Request the next page of the round that the timer belongs to."""
    for round_ in _ROUNDS:
        if timer.name.startswith(round_):
            _page(work, state, round_, timer.data)


def _page(work: UnitOfWork, state: WorkspaceState, round_: str, data: Mapping[str, Json]) -> None:
    after = data.get("after")
    rest = (name for name in state.tasks if not isinstance(after, str) or name > after)
    # By id, so that the next page has a definite start. Tasks that are queued behind it need no request: they are planned by
    # the rules in force, or `request_replanning` finds that they were not.
    page = nsmallest(PAGE_SIZE, rest)
    for name in page:
        _ROUNDS[round_](work, state, state.tasks[name], data)
    if len(page) == PAGE_SIZE:
        work.set_timer(
            f"{round_}{state.workspace}", work.now, {**data, "workspace": state.workspace, "after": page[-1]}
        )


def _request_plan(work: UnitOfWork, state: WorkspaceState, task: TaskRecord, data: Mapping[str, Json]) -> None:
    request_replanning(work, state, task)


def _request_reapply(work: UnitOfWork, state: WorkspaceState, task: TaskRecord, data: Mapping[str, Json]) -> None:
    agent = data.get("agent")
    command = ReapplySla(
        conversation=task.conversation,
        agent=agent if isinstance(agent, str) else None,
        accepted_at=instant(str(data["at"])),
        request_hash="",
    )
    work.emit("pasokh.command.reapply_sla", task.key, command)


_ROUNDS: Mapping[str, Callable[[UnitOfWork, WorkspaceState, TaskRecord, Mapping[str, Json]], None]] = {
    REPLANNING: _request_plan,
    REAPPLYING: _request_reapply,
}
