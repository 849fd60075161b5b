"""Writes the dispatcher's outcomes as documents and events of the batch."""

from collections.abc import Sequence
from dataclasses import replace

from schemas.routing import Assigned, Unassigned
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.agents import AGENTS, agent_id
from services.records.decisions import DECISIONS, DecisionRecord
from services.records.tasks import QUEUES, TASKS, TaskRecord
from services.router.dispatch.domain.dispatcher import DispatchOutcome, Requeued, TaskAssigned, Unmatched
from services.router.dispatch.domain.explain import Explanation
from services.router.dispatch.domain.values import Task
from services.router.dispatch.rounds import request_replanning
from services.router.dispatch.workspace_state import WorkspaceState


def record_outcomes(work: UnitOfWork, state: WorkspaceState, verdicts: Sequence[DispatchOutcome]) -> None:
    """Write the outcomes of this batch, and every agent that they changed."""
    for verdict in verdicts:
        match verdict:
            case TaskAssigned():
                _record_assigned(work, state, verdict)
            case Unmatched():
                _record_waiting(work, state, verdict)
            case Requeued():
                _returned(work, state, verdict)
    _write_agents(work, state)
    if state.desk.drawn != state.remembered.pulled_since_reserve:
        state.remembered = replace(state.remembered, pulled_since_reserve=state.desk.drawn)
    write_remembered(work, state)


def write_remembered(work: UnitOfWork, state: WorkspaceState) -> None:
    """Write what is remembered of the workspace, where it changed."""
    if state.remembered is not state.written:
        state.written = state.remembered
        work.put(QUEUES, state.workspace, state.remembered)


def _write_agents(work: UnitOfWork, state: WorkspaceState) -> None:
    for agent in sorted(state.desk.touched):
        now = state.desk.roster.agents[agent]
        state.agents[agent] = replace(
            state.agents[agent], load=now.load, idle_since=now.idle_since, assigned_at=now.assigned_at
        )
        work.put(AGENTS, agent_id(state.workspace, agent), state.agents[agent])
    state.desk.touched.clear()


def _record_assigned(work: UnitOfWork, state: WorkspaceState, verdict: TaskAssigned) -> None:
    decision = _decide(work, state, verdict.task, verdict.explanation, verdict.agent)
    waiting = state.tasks[verdict.task.id]
    assigned_task = replace(waiting, state="assigned", agent=verdict.agent, assigned_at=work.now, decision=decision.id)
    task = _put_task(work, state, assigned_task)
    assigned = Assigned(
        conversation=task.conversation,
        key=task.key,
        workspace=task.workspace,
        agent=verdict.agent,
        team=task.team,
        at=work.now,
        decision=decision.id,
        summary="",
    )
    work.emit("pasokh.assignment.assigned", task.key, assigned)


def _record_waiting(work: UnitOfWork, state: WorkspaceState, verdict: Unmatched) -> None:
    decision = _decide(work, state, verdict.task, verdict.why, None)
    task = _put_task(work, state, replace(state.tasks[verdict.task.id], decision=decision.id))
    request_replanning(work, state, task)


def _returned(work: UnitOfWork, state: WorkspaceState, verdict: Requeued) -> None:
    task = _put_task(work, state, replace(state.tasks[verdict.task.id], state="waiting", agent=None, assigned_at=None))
    unassigned = Unassigned(
        conversation=task.conversation,
        key=task.key,
        workspace=task.workspace,
        agent=verdict.agent,
        at=work.now,
        reason=verdict.reason,
    )
    work.emit("pasokh.assignment.unassigned", task.key, unassigned)


def _put_task(work: UnitOfWork, state: WorkspaceState, task: TaskRecord) -> TaskRecord:
    state.tasks[task.conversation] = task
    work.put(TASKS, task.conversation, task)
    return task


def _decide(work: UnitOfWork, state: WorkspaceState, task: Task, why: Explanation, agent: str | None) -> DecisionRecord:
    record = state.tasks[task.id]
    decision = DecisionRecord(
        id=work.new_id("decision"),
        workspace=record.workspace,
        key=record.key,
        conversation=record.conversation,
        at=work.now,
        outcome="assigned" if agent else "waiting",
        agent=agent,
        summary="",
        reason=why.reason,
        requirement=record.requirement,
        rule=record.rule,
        candidates=why.candidates,
        excluded=why.excluded,
        config_version=record.config_version,
    )
    work.put(DECISIONS, decision.id, decision)
    return decision
