"""Writes what the dispatcher decided as documents, timers and events of the batch."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

from schemas.commands import Reroute
from schemas.routing import Assigned, OfferClosed, Offered, Unassigned
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.agents import AGENTS, agent_id
from services.records.decisions import DECISIONS, DecisionRecord
from services.records.offers import OFFERS, OfferRecord
from services.records.tasks import QUEUES, TASKS, TaskRecord
from services.router.dispatch.domain.explain import Explanation
from services.router.dispatch.domain.outcomes import (
    AgentSetAway,
    DispatchOutcome,
    OfferEnded,
    Requeued,
    TaskAssigned,
    TaskOffered,
    Unmatched,
)
from services.router.dispatch.domain.placements import Placement
from services.router.dispatch.presence import PRESENCE_TIMER, change_presence, finish, presence_of, with_timer
from services.router.dispatch.unread import set_unread_timer
from services.router.dispatch.usage import with_usage
from services.router.dispatch.workspace_state import WorkspaceState, with_placement
from services.router.dispatch.wrap_ups import WRAP_UP_TIMER, with_wrap_ups

TASK_TIMER = "task/"
"""The timer of the next change of a task by time; the conversation's id follows."""


BY_PEOPLE = frozenset({"forced", "claimed", "accepted"})
"""The kinds of reasons of assignments that somebody decided."""


def record_outcomes(work: UnitOfWork, state: WorkspaceState, outcomes: Sequence[DispatchOutcome]) -> None:
    """Write the outcomes, the tasks and agents that they changed or removed, and the count of pulled tasks.

    Agents who wanted to finish their work first, and have none now, are what they said to be afterwards.
    """
    outcomes = [*outcomes, *_finish(work, state)]
    # In the order of the decisions: a task that was requeued and then assigned needs both events, in this order.
    for outcome in outcomes:
        record = _RECORDING.get(type(outcome))
        if record is not None:
            record(work, state, outcome)
    _record_tasks(work, state)
    _record_agents(work, state)
    if state.dispatcher.pulled != state.queue_record.pulled_since_reserve:
        state.queue_record = replace(state.queue_record, pulled_since_reserve=state.dispatcher.pulled)
        work.put(QUEUES, state.workspace, state.queue_record)
    for outcome in outcomes:
        # The rules may have changed while the task was on its way from the conversation that planned it.
        if isinstance(outcome, Unmatched):
            request_replanning(work, state, state.tasks[outcome.task.id])


def _finish(work: UnitOfWork, state: WorkspaceState) -> list[DispatchOutcome]:
    idle = [
        agent.id
        for agent in state.dispatcher.changed_agents.values()
        if agent is not None and agent.is_finishing and not agent.in_hand.total
    ]
    return [outcome for agent in idle for outcome in finish(work, state, agent)]


def request_replanning(work: UnitOfWork, state: WorkspaceState, task: TaskRecord) -> None:
    """Ask the task's conversation to apply the routing rules in force, unless the task was planned by them already."""
    version = state.queue_record.rules_version
    if task.state == "waiting" and task.config_version < version:
        work.emit("pasokh.command.reroute", task.key, Reroute(conversation=task.conversation, version=version))


def _record_tasks(work: UnitOfWork, state: WorkspaceState) -> None:
    for name, placement in state.dispatcher.changed_tasks.items():
        before = state.tasks[name]
        if placement is None:
            del state.tasks[name]
            work.delete(TASKS, name)
            if before.next_change_at is not None:
                work.cancel_timer(f"{TASK_TIMER}{name}")
            continue
        state.tasks[name] = with_placement(before, placement)
        work.put(TASKS, name, state.tasks[name])
        _set_task_timer(work, before, placement)
    state.dispatcher.changed_tasks.clear()


def _set_task_timer(work: UnitOfWork, before: TaskRecord, placement: Placement) -> None:
    if placement.next_change == before.next_change_at:
        return
    name = f"{TASK_TIMER}{before.conversation}"
    if placement.next_change is None:
        work.cancel_timer(name)
    else:
        work.set_timer(
            name, placement.next_change, {"workspace": before.workspace, "conversation": before.conversation}
        )


def _record_agents(work: UnitOfWork, state: WorkspaceState) -> None:
    for agent, current in state.dispatcher.changed_agents.items():
        if current is None:
            work.delete(AGENTS, agent_id(state.workspace, agent))
            for timer in (PRESENCE_TIMER, WRAP_UP_TIMER):
                work.cancel_timer(f"{timer}{agent_id(state.workspace, agent)}")
            continue
        state.agents[agent] = replace(
            with_usage(state.agents[agent], work.now),
            presence=current.presence,
            load=current.load,
            loads=current.in_hand.by_class(),
            missed_offers=current.missed_offers,
            reserved_for=current.reserved_for,
            wrap_ups=with_wrap_ups(work, state.agents[agent], current.wrap_ups),
            idle_since=current.idle_since,
            assigned_at=current.assigned_at,
        )
        work.put(AGENTS, agent_id(state.workspace, agent), state.agents[agent])
    state.dispatcher.changed_agents.clear()


def _record_assigned(work: UnitOfWork, state: WorkspaceState, outcome: TaskAssigned) -> None:
    decision = _put_decision(work, state, outcome.task.id, outcome.explanation, "assigned", outcome.agent)
    task = replace(state.tasks[outcome.task.id], agent=outcome.agent, assigned_at=work.now, decision=decision.id)
    state.tasks[task.conversation] = task
    if outcome.explanation.reason.kind not in BY_PEOPLE:
        set_unread_timer(work, state, task)
    assigned = Assigned(
        conversation=task.conversation,
        key=task.key,
        workspace=task.workspace,
        agent=outcome.agent,
        team=task.team,
        at=work.now,
        decision=decision.id,
        summary="",
        previous=outcome.previous,
        by_person=outcome.explanation.reason.kind in ("claimed", "forced"),
    )
    work.emit("pasokh.assignment.assigned", task.key, assigned)


def _record_offered(work: UnitOfWork, state: WorkspaceState, outcome: TaskOffered) -> None:
    decision = _put_decision(work, state, outcome.task.id, outcome.explanation, "offered", outcome.agent)
    task = state.tasks[outcome.task.id] = replace(state.tasks[outcome.task.id], decision=decision.id)
    offered = Offered(
        conversation=task.conversation,
        key=task.key,
        workspace=task.workspace,
        offer=outcome.offer.id,
        agent=outcome.agent,
        team=task.team,
        at=work.now,
        expires_at=outcome.offer.expires_at,
        decision=decision.id,
    )
    work.put(OFFERS, outcome.offer.id, _offer_record(task, outcome))
    work.emit("pasokh.assignment.offered", task.key, offered)


def _record_offer_ended(work: UnitOfWork, state: WorkspaceState, outcome: OfferEnded) -> None:
    task = state.tasks[outcome.task.id]
    ended = OfferClosed(
        conversation=task.conversation,
        key=task.key,
        workspace=task.workspace,
        offer=outcome.offer.id,
        agent=outcome.agent,
        at=work.now,
        why=outcome.why,
        reason=outcome.reason,
        missed=outcome.missed,
    )
    record = replace(_offer_record(task, outcome), ended_at=work.now, why=outcome.why, reason=outcome.reason)
    work.put(OFFERS, record.id, record)
    work.emit("pasokh.assignment.offer_ended", task.key, ended)


def _record_set_away(work: UnitOfWork, state: WorkspaceState, outcome: AgentSetAway) -> None:
    stored = state.agents[outcome.agent]
    lowered = change_presence(work, stored, presence_of(stored).lowered_by("missed_offers", outcome.at))
    state.agents[outcome.agent] = with_timer(work, lowered, state)


def _offer_record(task: TaskRecord, outcome: TaskOffered | OfferEnded) -> OfferRecord:
    offer, seconds = outcome.offer, outcome.task.offer_seconds or 0.0
    return OfferRecord(
        id=offer.id,
        workspace=task.workspace,
        conversation=task.conversation,
        agent=offer.agent,
        made_at=offer.expires_at - timedelta(seconds=seconds),
        expires_at=offer.expires_at,
    )


def _record_requeued(work: UnitOfWork, state: WorkspaceState, outcome: Requeued) -> None:
    task = state.tasks[outcome.task.id]
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
    decision = _put_decision(work, state, outcome.task.id, outcome.explanation, "waiting", None)
    state.tasks[outcome.task.id] = replace(state.tasks[outcome.task.id], decision=decision.id)


def _put_decision(
    work: UnitOfWork,
    state: WorkspaceState,
    task: str,
    explanation: Explanation,
    outcome: Literal["assigned", "offered", "waiting"],
    agent: str | None,
) -> DecisionRecord:
    record = state.tasks[task]
    decision = DecisionRecord(
        id=work.new_id("decision"),
        workspace=record.workspace,
        key=record.key,
        conversation=record.conversation,
        at=work.now,
        outcome=outcome,
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


# Any: each outcome is recorded by the function beside its class.
_RECORDING: dict[type[DispatchOutcome], Callable[[UnitOfWork, WorkspaceState, Any], None]] = {
    TaskAssigned: _record_assigned,
    TaskOffered: _record_offered,
    OfferEnded: _record_offer_ended,
    Requeued: _record_requeued,
    Unmatched: _record_unmatched,
    AgentSetAway: _record_set_away,
}
