"""Writes what the dispatcher decided as documents and events of the batch."""

from collections.abc import Sequence
from dataclasses import replace

from schemas.commands import Reroute
from schemas.routing import Assigned, Unassigned
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.agents import AGENTS, agent_id
from services.records.decisions import DECISIONS, DecisionRecord
from services.records.tasks import QUEUES, TASKS, TaskRecord
from services.router.dispatch.domain.dispatcher import DispatchOutcome, Requeued, TaskAssigned, Unmatched
from services.router.dispatch.domain.explain import Explanation
from services.router.dispatch.domain.values import Task
from services.router.dispatch.workspace_state import WorkspaceState


def record_outcomes(work: UnitOfWork, state: WorkspaceState, outcomes: Sequence[DispatchOutcome]) -> None:
    """Write the outcomes, the agents that they changed or removed, and the count of pulled tasks."""
    # In the order of the decisions: a task that was requeued and then assigned needs both events, in this order.
    for outcome in outcomes:
        match outcome:
            case TaskAssigned():
                _record_assigned(work, state, outcome)
            case Requeued():
                _record_requeued(work, state, outcome)
            case Unmatched():
                _record_unmatched(work, state, outcome)
    for agent, current in state.dispatcher.changed_agents.items():
        if current is None:
            work.delete(AGENTS, agent_id(state.workspace, agent))
            continue
        state.agents[agent] = replace(
            state.agents[agent], load=current.load, idle_since=current.idle_since, assigned_at=current.assigned_at
        )
        work.put(AGENTS, agent_id(state.workspace, agent), state.agents[agent])
    state.dispatcher.changed_agents.clear()
    if state.dispatcher.pulled != state.queue_record.pulled_since_reserve:
        state.queue_record = replace(state.queue_record, pulled_since_reserve=state.dispatcher.pulled)
        work.put(QUEUES, state.workspace, state.queue_record)


def request_replanning(work: UnitOfWork, state: WorkspaceState, task: TaskRecord) -> None:
    """Ask the task's conversation to apply the routing rules in force, unless the task was planned by them already."""
    version = state.queue_record.rules_version
    if task.state == "waiting" and task.config_version < version:
        work.emit("pasokh.command.reroute", task.key, Reroute(conversation=task.conversation, version=version))


def _record_assigned(work: UnitOfWork, state: WorkspaceState, outcome: TaskAssigned) -> None:
    decision = _put_decision(work, state, outcome.task, outcome.explanation, outcome.agent)
    waiting = state.tasks[outcome.task.id]
    task = replace(waiting, state="assigned", agent=outcome.agent, assigned_at=work.now, decision=decision.id)
    _put_task(work, state, task)
    assigned = Assigned(
        conversation=task.conversation,
        key=task.key,
        workspace=task.workspace,
        agent=outcome.agent,
        team=task.team,
        at=work.now,
        decision=decision.id,
        summary="",
    )
    work.emit("pasokh.assignment.assigned", task.key, assigned)


def _record_requeued(work: UnitOfWork, state: WorkspaceState, outcome: Requeued) -> None:
    task = replace(state.tasks[outcome.task.id], state="waiting", agent=None, assigned_at=None)
    _put_task(work, state, task)
    unassigned = Unassigned(
        conversation=task.conversation,
        key=task.key,
        workspace=task.workspace,
        agent=outcome.agent,
        at=work.now,
        reason=outcome.reason,
    )
    work.emit("pasokh.assignment.unassigned", task.key, unassigned)


def _record_unmatched(work: UnitOfWork, state: WorkspaceState, outcome: Unmatched) -> None:
    decision = _put_decision(work, state, outcome.task, outcome.explanation, None)
    task = replace(state.tasks[outcome.task.id], decision=decision.id)
    _put_task(work, state, task)
    # The rules may have changed while the task was on its way from the conversation that planned it.
    request_replanning(work, state, task)


def _put_task(work: UnitOfWork, state: WorkspaceState, task: TaskRecord) -> None:
    state.tasks[task.conversation] = task
    work.put(TASKS, task.conversation, task)


def _put_decision(
    work: UnitOfWork, state: WorkspaceState, task: Task, explanation: Explanation, agent: str | None
) -> DecisionRecord:
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
        reason=explanation.reason,
        requirement=record.requirement,
        rule=record.rule,
        candidates=explanation.candidates,
        excluded=explanation.excluded,
        config_version=record.config_version,
    )
    work.put(DECISIONS, decision.id, decision)
    return decision
