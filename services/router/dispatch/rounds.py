"""Rounds: requests to many conversations of a workspace, page by page, each page in a batch of its own.

A timer carries the start of the next page, so that a round resumes after a restart. Repeated requests change nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from heapq import nsmallest

from schemas.commands import CommandResult, ReapplySla, Reroute
from schemas.envelope import Event
from schemas.routing import ReapplySlaPolicies
from schemas.values import Json, instant, instant_text
from services.platform.processing.inputs import TimerFired
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import OUTCOMES
from services.records.tasks import TaskRecord
from services.router.dispatch.workspace_state import WorkspaceState

PAGE = 200
RULES, POLICIES = "rules/", "policies/"


def learn_rules(work: UnitOfWork, state: WorkspaceState, version: int) -> None:
    """Routing rules of this version are in force: every waiting task that was planned before is planned again."""
    if version > state.remembered.rules_version:
        state.remembered = replace(state.remembered, rules_version=version)
        _page(work, state, RULES, {})


def request_replanning(work: UnitOfWork, state: WorkspaceState, task: TaskRecord) -> None:
    """Ask its conversation for a plan by the rules of now, unless the task has one."""
    version = state.remembered.rules_version
    if task.state == "waiting" and task.config_version < version:
        work.emit("pasokh.command.reroute", task.key, Reroute(conversation=task.conversation, version=version))


def reapply_all(work: UnitOfWork, state: WorkspaceState, event: Event) -> None:
    """Ask every open conversation to follow the SLA policies of now; the outcome's result says how many there are."""
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
    _page(work, state, POLICIES, {"agent": command.agent, "at": instant_text(command.accepted_at)})


def on_page_timer(work: UnitOfWork, state: WorkspaceState, timer: TimerFired) -> None:
    """The next page of a round."""
    for round_ in _ROUNDS:
        if timer.name.startswith(round_):
            _page(work, state, round_, timer.data)


def _page(work: UnitOfWork, state: WorkspaceState, round_: str, data: Mapping[str, Json]) -> None:
    after = data.get("after")
    rest = (name for name in state.tasks if not isinstance(after, str) or name > after)
    page = nsmallest(PAGE, rest)
    for name in page:
        _ROUNDS[round_](work, state, state.tasks[name], data)
    if len(page) == PAGE:
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
    RULES: _request_plan,
    POLICIES: _request_reapply,
}
