"""Handles commands on agents and their presence: each is validated, applied once, and answered by an outcome document."""

from collections.abc import Callable, Set
from dataclasses import replace

from schemas.commands import CommandResult
from schemas.configuration import DEFAULT_TEAM
from schemas.envelope import Event
from schemas.routing import AgentDeleted, AgentPut, PresenceSet
from schemas.values import Json, Problem
from services.platform.http.if_match import holds
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import OUTCOMES
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.router.dispatch.domain.dispatcher import DispatchOutcome
from services.router.dispatch.recording import record_outcomes
from services.router.dispatch.workspace_state import WorkspaceState, to_agent

AGENT_PUT = "pasokh.routing.agent_put"


class AgentCommandRejected(Exception):
    """The command cannot be applied. Nothing was changed."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(title)
        self.problem = Problem(status=status, title=title, detail=detail)


def handle_command(work: UnitOfWork, state: WorkspaceState, teams: Set[str], event: Event) -> None:
    """Apply or reject a command once; its outcome document marks it as handled. `teams` are the workspace's teams."""
    identity = event.id
    if work.get(OUTCOMES, identity) is not None:
        return
    agent, request_hash = str(event.data["agent"]), str(event.data.get("request_hash", ""))
    outcome = CommandResult(
        id=identity,
        workspace=state.workspace,
        status="applied",
        result=agent,
        created=agent not in state.agents,
        request_hash=request_hash,
        at=work.now,
    )
    try:
        record_outcomes(work, state, COMMANDS[event.type](work, state, teams, event.data))
    except AgentCommandRejected as refused:
        update = {"status": "refused", "problem": refused.problem, "result": None, "created": False}
        outcome = outcome.model_copy(update=update)
    work.put(OUTCOMES, identity, outcome)


def _agent_put(
    work: UnitOfWork, state: WorkspaceState, teams: Set[str], data: dict[str, Json]
) -> list[DispatchOutcome]:
    command = AgentPut.model_validate(data)
    stored = state.agents.get(command.agent)
    _check_precondition(command.if_match, stored.version if stored else None, command.agent)
    missing = sorted(set(command.body.teams) - teams - {DEFAULT_TEAM})
    if missing:
        raise AgentCommandRejected(422, "Unknown team", f"no team {', '.join(missing)}; PUT it first or name another")
    if stored is None:
        record = AgentRecord(workspace=state.workspace, id=command.agent, body=command.body, at=work.now)
    else:
        record = replace(stored, body=command.body, version=stored.version + 1, at=work.now)
    return _upsert_agent(work, state, record)


def _agent_deleted(
    work: UnitOfWork, state: WorkspaceState, teams: Set[str], data: dict[str, Json]
) -> list[DispatchOutcome]:
    command = AgentDeleted.model_validate(data)
    stored = _require_agent(state, command.agent)
    _check_precondition(command.if_match, stored.version, command.agent)
    del state.agents[command.agent]
    work.delete(AGENTS, agent_id(state.workspace, command.agent))
    return state.desk.remove_agent(command.agent, work.now)


def _presence_set(
    work: UnitOfWork, state: WorkspaceState, teams: Set[str], data: dict[str, Json]
) -> list[DispatchOutcome]:
    command = PresenceSet.model_validate(data)
    stored = _require_agent(state, command.agent)
    _check_precondition(command.if_match, stored.presence_version, command.agent)
    changed = replace(stored, presence=command.status, presence_version=stored.presence_version + 1, at=work.now)
    return _upsert_agent(work, state, changed)


def _upsert_agent(work: UnitOfWork, state: WorkspaceState, record: AgentRecord) -> list[DispatchOutcome]:
    state.agents[record.id] = record
    return state.desk.put_agent(to_agent(record), work.now)


def _require_agent(state: WorkspaceState, agent: str) -> AgentRecord:
    if agent not in state.agents:
        raise AgentCommandRejected(404, "Not found", f"there is no agent {agent}; PUT it first")
    return state.agents[agent]


def _check_precondition(if_match: str | None, version: int | None, agent: str) -> None:
    if holds(if_match, version):
        return
    now = f'its ETag is "{version}"' if version is not None else "it does not exist"
    raise AgentCommandRejected(
        412, "Precondition failed", f"agent {agent} has changed: {now}; read it again before writing"
    )


Handler = Callable[[UnitOfWork, WorkspaceState, Set[str], dict[str, Json]], list[DispatchOutcome]]
COMMANDS: dict[str, Handler] = {
    AGENT_PUT: _agent_put,
    "pasokh.routing.agent_deleted": _agent_deleted,
    "pasokh.routing.presence_set": _presence_set,
}
