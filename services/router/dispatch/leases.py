"""Leases: the pages of agents answer the beats of their stream, and a silent one lowers the presence of its agent.

A beat is a document, not an event. Only the first one after a silence is sent here; a timer per agent looks at the document.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from schemas.envelope import Event
from schemas.routing import LeaseRenewed, ReturnReason
from services.platform.processing.inputs import TimerFired
from services.platform.processing.reads import Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.configuration import CONFIGURATION_HEADS, numbered_configuration
from services.records.leases import LEASES
from services.router.dispatch.context import DispatchContext, workspace_documents
from services.router.dispatch.domain.outcomes import DispatchOutcome
from services.router.dispatch.domain.presence import PageLease, Presence, advance, heard
from services.router.dispatch.presence import change_presence, presence_of, put_presence, set_timer
from services.router.dispatch.returns import start_return
from services.router.dispatch.workspace_state import WorkspaceState

LATE = timedelta(seconds=30)
"""A timer that fires so late was held up with everything else here: then no page could be heard either."""


def on_lease_renewed(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    """The page of an agent is heard for the first time, or again. An unknown agent is ignored."""
    renewed = event.payload_as(LeaseRenewed)
    stored = state.agents.get(renewed.agent)
    if stored is None:
        return []
    lease = PageLease(renewed.at, renewed.input_at, renewed.push)
    before = presence_of(stored)
    record = replace(stored, leased_at=stored.leased_at or renewed.at)
    after = heard(before, lease, state.settings.presence, work.now)
    return _apply(work, state, change_presence(work, record, after), lease)


def on_presence_timer(work: UnitOfWork, state: WorkspaceState, timer: TimerFired) -> list[DispatchOutcome]:
    """Apply what silence and time have done to the presence of an agent, and set the timer for what comes next."""
    stored = state.agents.get(str(timer.data["agent"]))
    if stored is None:
        return []
    record = replace(stored, presence_timer_at=None)
    if record.leased_at is not None and work.now - timer.due_at > LATE:
        # Whoever is there is heard again within a beat. Who is not, is not waited for much longer.
        record = replace(record, leased_at=work.now)
    return _apply(work, state, record, _lease(work, record))


def _lease(work: UnitOfWork, record: AgentRecord) -> PageLease | None:
    if record.leased_at is None:
        return None
    stored = work.get(LEASES, agent_id(record.workspace, record.id))
    if stored is None:
        return PageLease(record.leased_at)
    # What the agent declared in the meantime was said by somebody who is there.
    input_at = max(stored.input_at, record.leased_at) if stored.input_at is not None else None
    return PageLease(max(stored.beat_at, record.leased_at), input_at, stored.push)


def _apply(
    work: UnitOfWork, state: WorkspaceState, record: AgentRecord, lease: PageLease | None
) -> list[DispatchOutcome]:
    step = advance(presence_of(record), lease, state.settings.presence, work.now)
    after = change_presence(work, record, step.presence)
    if step.forgets_lease:
        after = replace(after, leased_at=None)
    if step.next_at is not None and step.next_at != after.presence_timer_at:
        set_timer(work, after, step.next_at)
        after = replace(after, presence_timer_at=step.next_at)
    outcomes: list[DispatchOutcome] = []
    if after.presence_version == state.agents[after.id].presence_version:
        state.agents[after.id] = after
        work.put(AGENTS, agent_id(after.workspace, after.id), after)
    else:
        outcomes = put_presence(work, state, after)
    if step.returns:
        start_return(work, state, after.id, _reason(step.presence))
    return outcomes


def _reason(presence: Presence) -> ReturnReason:
    return "connection_lost" if presence.reason == "connection_lost" else "not_online"


def presence_documents(context: DispatchContext, timer: TimerFired) -> Iterator[Read]:
    """The first step of a presence timer: the agent's lease; the configuration's head, because the settings may have changed."""
    yield Documents(LEASES, [agent_id(str(timer.data["workspace"]), str(timer.data["agent"]))])
    yield Documents(CONFIGURATION_HEADS, [str(timer.data["workspace"])])
    yield from workspace_documents(context, timer)


def settings_documents(context: DispatchContext, timer: TimerFired) -> Iterator[Read]:
    """The second step of a presence timer: the configuration with the settings."""
    yield from numbered_configuration(context.work, str(timer.data["workspace"]))
