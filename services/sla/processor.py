"""The processor `sla`: facts of conversations in, clocks and facts about them out.

What a fact does is in `domain/rules`. Time comes through the log, see `schedule`: only conversations' confirmation
(`pasokh.control.watermark`) fires what was due.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from schemas.commands import Escalate, TaskDueChanged
from schemas.configuration import WorkspaceConfiguration
from schemas.conversation import ConversationFact
from schemas.sla import ClockFact, ClockMetric, Watermark
from services.domain.lifecycle import is_waiting
from services.domain.sla_state import ConversationSlaState
from services.platform.processing.inputs import ReceivedEvent, TimerFired
from services.platform.processing.processor import Handler, Processor, no_memory
from services.platform.processing.reads import ByIndex, Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.clocks import CLOCK_SCHEDULES, CLOCKS, SLA_STATES, ClockRecord, clock_id, to_view
from services.records.configuration import CONFIGURATION_HEADS, configuration_in_force, numbered_configuration
from services.sla.apply_fact import apply_fact, select_policy_terms
from services.sla.domain.clocks import ClockEvent, tick
from services.sla.domain.policies import PolicySelection
from services.sla.domain.rules import earliest_due
from services.sla.schedule import (
    TIMER,
    current_watermark,
    due_by,
    due_clocks,
    due_floor,
    first_clock,
    is_full,
    on_timer,
    on_watermark,
    schedule_id,
    schedule_timer,
)

CONVERSATION = "pasokh.conversation."


@dataclass(frozen=True, slots=True)
class SlaContext:
    """One batch of `sla`. `confirmed_at`: the time that the timer of the batch, if there is one, finds confirmed."""

    work: UnitOfWork
    memory: None
    dependencies: None
    confirmed_at: dict[str, datetime | None] = field(default_factory=dict)


# -- what is read --------------------------------------------------------------------------------------------------------


def _to_fact(received: ReceivedEvent) -> ConversationFact:
    return received.event.payload_as(ConversationFact)


def _schedule(context: SlaContext, one: ReceivedEvent | TimerFired) -> Iterator[Read]:
    """The first step of what comes in time: when this partition looks next."""
    yield Documents(CLOCK_SCHEDULES, [schedule_id(context.work)])


def _state(context: SlaContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a fact: what is known of its conversation, and whose policies apply."""
    fact = _to_fact(received)
    yield from _schedule(context, received)
    yield Documents(SLA_STATES, [fact.conversation])
    yield Documents(CONFIGURATION_HEADS, [fact.snapshot.workspace])


def _running_clocks(context: SlaContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a fact: the clocks of the conversation, and the policies."""
    fact = _to_fact(received)
    state = context.work.get(SLA_STATES, fact.conversation)
    yield Documents(CLOCKS, _clock_ids(state).values() if state is not None else ())
    yield from numbered_configuration(context.work, fact.snapshot.workspace)


def _clocks_by_watermark(context: SlaContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a watermark: the clocks that it fires."""
    yield ByIndex(CLOCKS, due_clocks(context.work, _watermark_at(received)))


def _next_after_watermark(context: SlaContext, received: ReceivedEvent) -> Iterator[Read]:
    """The third step of a watermark: the clock after those."""
    yield from _next(context.work, _watermark_at(received))


def _clocks_by_timer(context: SlaContext, timer: TimerFired) -> Iterator[Read]:
    """The second step of the timer: the clocks that the last watermark fires."""
    at = context.confirmed_at[timer.name] = current_watermark(context.work)
    if at is not None:
        yield ByIndex(CLOCKS, due_clocks(context.work, at))


def _next_after_timer(context: SlaContext, timer: TimerFired) -> Iterator[Read]:
    """The third step of the timer: the clock after those."""
    yield from _next(context.work, context.confirmed_at[timer.name])


def _next(work: UnitOfWork, confirmed_at: datetime | None) -> Iterator[Read]:
    if not is_full(work, confirmed_at):
        yield ByIndex(CLOCKS, first_clock(work, confirmed_at))


def _clock_ids(watch: ConversationSlaState) -> dict[ClockMetric, str]:
    """The clocks of what is waited for."""
    waits = watch.open_targets.items()
    return {metric: clock_id(watch.conversation, metric, wait.run) for metric, wait in waits if wait.run is not None}


def _watermark_at(received: ReceivedEvent) -> datetime:
    return received.event.payload_as(Watermark).at


# -- time ------------------------------------------------------------------------------------------------------------------


def _on_timer(context: SlaContext, timer: TimerFired) -> None:
    work = context.work
    _fire(work, current_watermark(work))
    on_timer(work, due_floor(work, context.confirmed_at[timer.name]))


def _on_watermark(context: SlaContext, received: ReceivedEvent) -> None:
    work, at = context.work, _watermark_at(received)
    _fire(work, at)
    on_watermark(work, at, due_floor(work, at))


def _fire(work: UnitOfWork, at: datetime | None) -> None:
    """All that happened until `at` has been said: tell what was due by then."""
    if at is None:
        return
    for record in due_by(work, at):
        change = tick(record, at)
        _keep(work, record, change.clock)
        _emit_fact(work, change.events)


# -- conversations -----------------------------------------------------------------------------------------------------


def _on_fact(context: SlaContext, received: ReceivedEvent) -> None:
    work, fact, word = context.work, _to_fact(received), received.event.type.removeprefix(CONVERSATION)

    def pick(told: ConversationFact) -> PolicySelection:
        return _select_policy(configuration_in_force(work, told.snapshot.workspace), told)

    known = work.get(SLA_STATES, fact.conversation)
    before = _clocks(work, known) if known else {}
    story = apply_fact(word, fact, known, before, work.place.partition, pick)
    if story.state != known:
        work.put(SLA_STATES, fact.conversation, story.state)
    earlier = {(clock.metric, clock.run): clock for clock in before.values()}
    for run, clock in story.changed.items():
        _keep(work, earlier.get(run), clock)
    due = earliest_due(story.clocks.values())
    _emit_fact(work, story.emitted, due)
    if _due_time_changed(fact, story.emitted, due != earliest_due(before.values())):
        work.emit(
            "pasokh.command.task_due_changed", fact.key, TaskDueChanged(conversation=fact.conversation, due_at=due)
        )


def _due_time_changed(fact: ConversationFact, told: Iterable[ClockEvent[ClockRecord]], changed: bool) -> bool:
    """Whether its place in the queue is another now, or it comes back into the queue. Clocks that start say it themselves."""
    if not is_waiting(fact.snapshot.status) or any(one.name == "started" for one in told):
        return False
    return changed or fact.previous_status not in (None, "waiting")


def _select_policy(configuration: WorkspaceConfiguration | None, fact: ConversationFact) -> PolicySelection:
    if configuration is None:
        return PolicySelection(0, select_policy_terms(None, 0, "UTC", fact.snapshot))
    sla, zone = configuration.sla, configuration.profile.body.timezone
    terms = select_policy_terms(sla.body if sla else None, sla.version if sla else 0, zone, fact.snapshot)
    return PolicySelection(configuration.version, terms)


def _clocks(work: UnitOfWork, watch: ConversationSlaState) -> dict[ClockMetric, ClockRecord]:
    """The clocks of what is waited for."""
    held = {metric: work.get(CLOCKS, identity) for metric, identity in _clock_ids(watch).items()}
    return {metric: clock for metric, clock in held.items() if clock is not None}


# -- what is kept and told ---------------------------------------------------------------------------------------------


def _keep(work: UnitOfWork, before: ClockRecord | None, clock: ClockRecord) -> None:
    """Write a clock that changed, and make sure that somebody looks in time."""
    if clock == before:
        return
    work.put(CLOCKS, clock_id(clock.conversation, clock.metric, clock.run), clock)
    if clock.next_at is not None:
        schedule_timer(work, clock.next_at)


def _emit_fact(work: UnitOfWork, told: Iterable[ClockEvent[ClockRecord]], due: datetime | None = None) -> None:
    for one in told:
        work.emit(f"pasokh.sla.{one.name}", one.clock.key, _fact(one, due if one.name == "started" else None))
        if _escalates(one):
            work.emit("pasokh.command.escalate", one.clock.key, _escalate(one.clock, one.name))


def _escalates(told: ClockEvent[ClockRecord]) -> bool:
    """Once a run: on the first warning where that is asked for, else on the breach."""
    escalate, is_warned = told.clock.escalate, bool(told.clock.warned)
    if escalate is None or told.name not in ("warned", "breached"):
        return False
    if escalate.on == "breached":
        return told.name == "breached"
    return len(told.clock.warned) == 1 if told.name == "warned" else not is_warned


def _escalate(clock: ClockRecord, word: str) -> Escalate:
    return Escalate(
        conversation=clock.conversation,
        priority=clock.escalate.priority if clock.escalate else None,
        to_team=clock.escalate.team if clock.escalate else None,
        reason=f"{clock.metric} {word} (policy {clock.policy})",
    )


def _fact(told: ClockEvent[ClockRecord], due: datetime | None) -> ClockFact:
    record = told.clock
    return ClockFact(
        conversation=record.conversation,
        key=record.key,
        workspace=record.workspace,
        metric=record.metric,
        run=record.run,
        clock=to_view(record),
        policy_version=record.policy_version,
        warned_at_fraction=told.fraction,
        late_by_seconds=record.late_by_seconds,
        earliest_due_at=due,
        channel=record.channel,
        account=record.account,
        surface=record.surface,
        team=record.team,
        priority=record.priority,
    )


PROCESSOR: Processor[None, None, SlaContext] = Processor(
    group="sla",
    topics=("conversations",),
    context=SlaContext,
    memory=no_memory,
    handlers={
        CONVERSATION: Handler(_on_fact, (_state, _running_clocks)),
        "pasokh.control.watermark": Handler(_on_watermark, (_schedule, _clocks_by_watermark, _next_after_watermark)),
    },
    timers={TIMER: Handler(_on_timer, (_schedule, _clocks_by_timer, _next_after_timer))},
    collections=(CLOCK_SCHEDULES, CLOCKS, SLA_STATES),
    # Clocks are judged by the times of events: a moment later changes none, and leaves the moment to the router.
    linger_seconds=0.05,
)
