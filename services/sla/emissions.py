"""The events that follow from what happened to clocks: facts about them, escalations, new due times for dispatch. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.conversation import ConversationFact
from schemas.sla import ClockFact, Escalate, TaskDueChanged
from schemas.values import Contract
from services.domain.lifecycle import is_waiting
from services.records.clocks import ClockRecord, to_view
from services.sla.domain.clocks import ClockEvent


@dataclass(frozen=True, slots=True)
class Emission:
    """One event to send; `key` is the person key.

    `topic` is given for a control event, which goes to the partition of the batch instead of the key's.
    """

    event_type: str
    key: str
    data: Contract
    topic: str | None = None


def to_emissions(events: Iterable[ClockEvent[ClockRecord]], earliest_due_at: datetime | None = None) -> list[Emission]:
    """A fact for each clock event, and an escalation after it where the policy asks for one.

    `earliest_due_at` is that of the conversation, which `started` gives.
    """
    return [emission for event in events for emission in _emissions(event, earliest_due_at)]


def _emissions(event: ClockEvent[ClockRecord], earliest_due_at: datetime | None) -> Iterator[Emission]:
    key, escalation = event.clock.key, _to_escalation(event)
    # Only where a clock starts: conversations passes the due time on to dispatch from that fact.
    due_at = earliest_due_at if event.name == "started" else None
    yield Emission(f"pasokh.sla.{event.name}", key, _to_fact(event, due_at))
    if escalation is not None:
        yield Emission("pasokh.command.escalate", key, escalation)


def task_due_changed(
    fact: ConversationFact, events: Sequence[ClockEvent[ClockRecord]], before: datetime | None, after: datetime | None
) -> list[Emission]:
    """The command that gives dispatch the due time of a waiting conversation, where it is another or dispatch lacks it.

    A clock that starts gives the due time in its own fact.
    """
    if not is_waiting(fact.snapshot.status) or any(event.name == "started" for event in events):
        return []
    # Back in the queue it is a new task of dispatch, which has no due time yet.
    if before == after and fact.previous_status in (None, "waiting"):
        return []
    change = TaskDueChanged(conversation=fact.conversation, due_at=after)
    return [Emission("pasokh.command.task_due_changed", fact.key, change)]


def _to_escalation(event: ClockEvent[ClockRecord]) -> Escalate | None:
    """The escalation of a run, which one of its events has: its first warning, or else its breach.

    A run that is breached without a warning before escalates on the breach, also where the policy says `warned`.
    """
    clock, escalate = event.clock, event.clock.escalate
    if escalate is None:
        return None
    is_first_warning = event.name == "warned" and len(clock.warned) == 1
    is_breach = event.name == "breached" and (escalate.on == "breached" or not clock.warned)
    if not is_breach and not (is_first_warning and escalate.on == "warned"):
        return None
    return Escalate(
        conversation=clock.conversation,
        priority=escalate.priority,
        to_team=escalate.team,
        reason=f"{clock.metric} {event.name} (policy {clock.policy})",
    )


def _to_fact(event: ClockEvent[ClockRecord], earliest_due_at: datetime | None) -> ClockFact:
    record = event.clock
    return ClockFact(
        conversation=record.conversation,
        key=record.key,
        workspace=record.workspace,
        metric=record.metric,
        run=record.run,
        clock=to_view(record),
        policy_version=record.policy_version,
        warned_at_fraction=event.fraction,
        late_by_seconds=record.late_by_seconds,
        earliest_due_at=earliest_due_at,
        channel=record.channel,
        account=record.account,
        surface=record.surface,
        team=record.team,
        priority=record.priority,
    )
