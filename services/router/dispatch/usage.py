"""How much of an agent's capacity was in use, summed up in its record: facts carry the sums, so that utilisation is exact."""

from dataclasses import replace
from datetime import datetime

from schemas.routing import AgentFact, PresenceSpan
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.agents import AgentRecord, AgentUsage

PRESENCE_CHANGED = "pasokh.agent.presence_changed"


def with_usage(record: AgentRecord, now: datetime) -> AgentRecord:
    """The record, with the units of now summed up until now. Before its load or capacity changes."""
    usage = record.usage
    seconds = (now - usage.at).total_seconds() if usage is not None else 0.0
    if usage is None or seconds <= 0:
        return record
    summed = replace(
        usage,
        at=now,
        used_unit_seconds=usage.used_unit_seconds + record.load * seconds,
        unit_seconds=usage.unit_seconds + record.body.capacity * seconds,
    )
    return replace(record, usage=summed)


def record_change(work: UnitOfWork, before: AgentRecord, after: AgentRecord) -> AgentRecord:
    """Emit the fact that the presence of an agent changed, if it did. Returns the record whose next span has begun."""
    if _shown(before) == _shown(after):
        return after
    now = work.now
    summed = with_usage(before, now)
    fact = AgentFact(
        agent=after.id,
        name=after.body.name,
        teams=after.body.teams,
        presence=after.presence,
        presence_declared=after.presence_declared or after.presence,
        presence_reason=after.presence_reason,
        presence_next=after.presence_next,
        load=after.load,
        capacity=after.body.capacity,
        at=now,
        before=_span(summed, now),
    )
    work.emit(PRESENCE_CHANGED, after.workspace, fact)
    return replace(after, usage=AgentUsage(since=now, at=now))


def _shown(record: AgentRecord) -> tuple[object, ...]:
    return record.presence, record.presence_declared, record.presence_reason, record.presence_next


def _span(record: AgentRecord, now: datetime) -> PresenceSpan | None:
    usage = record.usage
    if usage is None:
        return None
    return PresenceSpan(
        presence=record.presence,
        presence_reason=record.presence_reason,
        since=usage.since,
        seconds=(now - usage.since).total_seconds(),
        used_unit_seconds=usage.used_unit_seconds,
        unit_seconds=usage.unit_seconds,
    )
