"""The presence of agents on the record: what they declare, what time and missed offers do to it, and the timer of it."""

from dataclasses import replace
from datetime import datetime

from schemas.routing import PresenceSet, ReturnReason
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.agents import AgentRecord
from services.router.dispatch.domain.outcomes import DispatchOutcome
from services.router.dispatch.domain.presence import Presence, advance
from services.router.dispatch.returns import start_return, withdraw_offers
from services.router.dispatch.usage import record_change
from services.router.dispatch.workspace_state import WorkspaceState, to_agent

PRESENCE_TIMER = "presence/"
"""The timer of the next change of an agent's presence by time; `workspace/agent` follows."""


def presence_of(record: AgentRecord) -> Presence:
    """The presence of a record."""
    declared = record.presence_declared or record.presence
    is_lowered = declared != record.presence
    lowered = dict(record.lowered)
    if is_lowered and not lowered:
        # Of the version in which only missed offers lowered a presence.
        lowered = {"missed_offers": record.presence_since or record.at}
    return Presence(
        declared=declared,
        words=record.presence_words if is_lowered else record.presence_reason,
        following=record.presence_next,
        lowered=lowered,
        has_returned=record.returned,
    )


def with_presence(record: AgentRecord, presence: Presence, now: datetime) -> AgentRecord:
    """The record with this presence, which `presence_of` gives again."""
    effective = presence.effective
    after = replace(
        record,
        presence=effective,
        presence_declared=presence.declared,
        presence_reason=presence.reason,
        presence_words=presence.words if effective != presence.declared else None,
        presence_next=presence.following,
        lowered=dict(presence.lowered),
        returned=presence.has_returned,
        presence_since=record.presence_since if effective == record.presence else now,
    )
    return after if after == record else replace(after, presence_version=record.presence_version + 1)


def change_presence(work: UnitOfWork, stored: AgentRecord, presence: Presence) -> AgentRecord:
    """The record with this presence; the change is a fact."""
    return record_change(work, stored, with_presence(stored, presence, work.now))


def declare(
    work: UnitOfWork, state: WorkspaceState, stored: AgentRecord, command: PresenceSet
) -> list[DispatchOutcome]:
    """Apply what an agent, or a lead for them, says about their presence."""
    now, before = work.now, presence_of(stored)
    in_hand = state.dispatcher.agent_index.agents[stored.id].in_hand.total
    finishes = command.after_current and command.status != "online" and before.effective == "online" and in_hand > 0
    after = (
        before.finishes_first(command.status, command.reason)
        if finishes
        else before.declares(command.status, command.reason)
    )
    # Who says so starts afresh: offers that were missed before count no more. A version of its own, also for the same words.
    record = replace(
        change_presence(work, stored, after),
        presence_version=stored.presence_version + 1,
        missed_offers=0,
        # A page that is out of touch is not waited for: who says so may have another desk.
        leased_at=now if stored.leased_at and "connection_lost" not in before.lowered else None,
        at=now,
    )
    outcomes = put_presence(work, state, record)
    if after.effective == "online":
        return outcomes
    reason: ReturnReason = "signed_off" if after.effective == "offline" else "not_online"
    outcomes += withdraw_offers(state, stored.id, now)
    start_return(work, state, stored.id, reason, keeps=command.open_work == "keep")
    return outcomes


def put_presence(work: UnitOfWork, state: WorkspaceState, record: AgentRecord) -> list[DispatchOutcome]:
    """Put an agent whose presence changed, and set the timer of the next change by time."""
    state.agents[record.id] = with_timer(work, record, state)
    return state.dispatcher.put_agent(to_agent(state.agents[record.id], state.settings), work.now)


def with_timer(work: UnitOfWork, record: AgentRecord, state: WorkspaceState) -> AgentRecord:
    """The record, with its timer set where it is to fire earlier than it was."""
    # Without the lease: the timer of one is set already, and the lease is looked at when it fires.
    next_at = advance(presence_of(record), None, state.settings.presence, work.now).next_at
    known = record.presence_timer_at
    if next_at is None or (known is not None and known <= next_at):
        return record
    set_timer(work, record, next_at)
    return replace(record, presence_timer_at=next_at)


def set_timer(work: UnitOfWork, record: AgentRecord, at: datetime) -> None:
    work.set_timer(
        f"{PRESENCE_TIMER}{record.workspace}/{record.id}", at, {"workspace": record.workspace, "agent": record.id}
    )


def finish(work: UnitOfWork, state: WorkspaceState, agent: str) -> list[DispatchOutcome]:
    """An agent without work in hand is what they said to be afterwards."""
    record = state.agents[agent]
    after = presence_of(record).finished()
    return put_presence(work, state, change_presence(work, record, after))
