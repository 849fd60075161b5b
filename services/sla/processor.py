"""The processor `sla`: facts of conversations in, clocks and facts about them out.

What a fact does is in `domain/rules`. Time comes through the log, see `schedule`: only conversations' confirmation
(`pasokh.control.watermark`) fires what was due.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from schemas.configuration import WorkspaceConfiguration
from schemas.conversation import Conversation, ConversationFact
from schemas.events import CONVERSATION
from schemas.sla import Watermark
from schemas.values import Json
from services.platform.processing.inputs import ReceivedEvent, TimerFired
from services.platform.processing.processor import Handler, Processor, no_memory
from services.platform.processing.reads import ByIndex, Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.port import Query
from services.records.clocks import CLOCK_SCHEDULES, CLOCKS, SLA_STATES, clock_id, open_clock_ids
from services.records.configuration import CONFIGURATION_HEADS, numbered_configuration
from services.sla.apply_fact import apply_fact
from services.sla.documents import (
    SCHEDULE_TIMER,
    SlaDecision,
    due_clocks,
    first_clock,
    is_full,
    read_case,
    read_due,
    read_schedule,
    schedule_id,
    write,
)
from services.sla.domain.clocks import fire
from services.sla.domain.policies import PolicySelection, needs_selection, select_policy
from services.sla.domain.rules import earliest_due
from services.sla.emissions import task_due_changed, to_emissions
from services.sla.schedule import after_change, after_timer, after_watermark, earliest_moment


@dataclass(frozen=True, slots=True)
class SlaContext:
    """One batch of `sla`. `confirmed_at`: the watermark that each timer of the batch found when clocks were read."""

    work: UnitOfWork
    memory: None
    dependencies: None
    confirmed_at: dict[str, datetime | None] = field(default_factory=dict)


# -- what is read --------------------------------------------------------------------------------------------------------


def _to_fact(received: ReceivedEvent) -> ConversationFact:
    return received.event.payload_as(ConversationFact)


def _watermark_at(received: ReceivedEvent) -> datetime:
    return received.event.payload_as(Watermark).at


def _schedule(context: SlaContext, received: ReceivedEvent | TimerFired) -> Iterator[Read]:
    """The first step of every input: when this partition reads its clocks next."""
    yield Documents(CLOCK_SCHEDULES, [schedule_id(context.work)])


def _state(context: SlaContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a fact: what is known of its conversation, and whose policies apply."""
    fact = _to_fact(received)
    yield from _schedule(context, received)
    yield Documents(SLA_STATES, [fact.conversation])
    yield Documents(CONFIGURATION_HEADS, [fact.snapshot.workspace])


def _open_clocks(context: SlaContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a fact: the clocks of the conversation's open targets, and the policies."""
    fact = _to_fact(received)
    state = context.work.get(SLA_STATES, fact.conversation)
    yield Documents(CLOCKS, open_clock_ids(state).values() if state is not None else ())
    yield from numbered_configuration(context.work, fact.snapshot.workspace)


def _clocks_of_conversation(context: SlaContext, received: ReceivedEvent) -> Iterator[Read]:
    """All clocks of a fact's conversation, also those that are over."""
    yield ByIndex(CLOCKS, _clocks_of(received), every_page=True)


def _clocks_of(received: ReceivedEvent) -> Query:
    fact = _to_fact(received)
    equals: dict[str, Json] = {"workspace": fact.snapshot.workspace, "conversation": fact.conversation}
    return Query(CLOCKS.name, "conversation", equals)


def _clocks_by_watermark(context: SlaContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a watermark: the clocks that it fires."""
    yield ByIndex(CLOCKS, due_clocks(context.work.place.partition, _watermark_at(received)))


def _next_after_watermark(context: SlaContext, received: ReceivedEvent) -> Iterator[Read]:
    """The third step of a watermark: the clock after those."""
    yield from _next(context.work, _watermark_at(received))


def _clocks_by_timer(context: SlaContext, timer: TimerFired) -> Iterator[Read]:
    """The second step of the timer: the clocks that the last watermark fires."""
    # Remembered, because a watermark that is handled earlier in the batch may change the schedule after this step.
    at = context.confirmed_at[timer.name] = read_schedule(context.work).watermark
    if at is not None:
        yield ByIndex(CLOCKS, due_clocks(context.work.place.partition, at))


def _next_after_timer(context: SlaContext, timer: TimerFired) -> Iterator[Read]:
    """The third step of the timer: the clock after those."""
    yield from _next(context.work, context.confirmed_at[timer.name])


def _next(work: UnitOfWork, confirmed_at: datetime | None) -> Iterator[Read]:
    if not is_full(work, confirmed_at):
        yield ByIndex(CLOCKS, first_clock(work.place.partition, confirmed_at))


# -- time ------------------------------------------------------------------------------------------------------------------


def _on_timer(context: SlaContext, timer: TimerFired) -> None:
    """Fire what the last watermark left over, and request the next one."""
    work = context.work
    due = read_due(work, context.confirmed_at[timer.name])
    fired = fire(due.clocks, due.schedule.watermark)
    clocks = {**due.clocks, **fired.clocks}
    plan = after_timer(due.schedule, clocks.values(), due.floor, work.now)
    emissions = [*to_emissions(fired.events), *plan.requests]
    write(work, SlaDecision(clocks=fired.clocks, emissions=emissions, plan=plan))


def _on_watermark(context: SlaContext, received: ReceivedEvent) -> None:
    """Every fact of before a time has been read: fire what was due by then."""
    # A watermark comes once per request, but may be repeated: clocks that have fired have no moment until `at` any more.
    work, at = context.work, _watermark_at(received)
    due = read_due(work, at)
    fired = fire(due.clocks, at)
    clocks = {**due.clocks, **fired.clocks}
    plan = after_watermark(due.schedule, at, clocks.values(), due.floor, work.now)
    write(work, SlaDecision(clocks=fired.clocks, emissions=to_emissions(fired.events), plan=plan))


# -- conversations -----------------------------------------------------------------------------------------------------


def _on_fact(context: SlaContext, received: ReceivedEvent) -> None:
    work, fact, name = context.work, _to_fact(received), received.event.type.removeprefix(CONVERSATION)
    case = read_case(work, fact.conversation, fact.snapshot.workspace)
    # The policy is selected before the fact is applied, so that the rules are pure and the auditor can select by history.
    selection = _select(case.configuration, fact.snapshot) if needs_selection(case.state, name, fact) else None
    reduction = apply_fact(name, fact, case.state, case.clocks, work.place.partition, selection)
    changed = {clock_id(fact.conversation, *run): clock for run, clock in reduction.changed.items()}
    before, after = earliest_due(case.clocks.values()), earliest_due(reduction.clocks.values())
    emissions = to_emissions(reduction.emitted, after) + task_due_changed(fact, reduction.emitted, before, after)
    plan = after_change(case.schedule, earliest_moment(changed.values()), work.now)
    state = reduction.state if reduction.state != case.state else None
    write(work, SlaDecision(clocks=changed, emissions=emissions, plan=plan, state=state))


def _on_erased(context: SlaContext, received: ReceivedEvent) -> None:
    """The customer was erased: the clocks stay as they are, under the pseudonym."""
    for identity, clock in context.work.found(CLOCKS, _clocks_of(received)).items():
        context.work.put(CLOCKS, identity, replace(clock, key=_to_fact(received).key))


def _select(configuration: WorkspaceConfiguration | None, conversation: Conversation) -> PolicySelection:
    if configuration is None:
        return PolicySelection(0, select_policy(None, 0, "UTC", conversation))
    sla, timezone = configuration.sla, configuration.profile.body.timezone
    policy = select_policy(sla.body if sla else None, sla.version if sla else 0, timezone, conversation)
    return PolicySelection(configuration.version, policy)


PROCESSOR: Processor[None, None, SlaContext] = Processor(
    group="sla",
    topics=("conversations",),
    context=SlaContext,
    memory=no_memory,
    handlers={
        f"{CONVERSATION}erased": Handler(_on_erased, (_clocks_of_conversation,)),
        CONVERSATION: Handler(_on_fact, (_state, _open_clocks)),
        "pasokh.control.watermark": Handler(_on_watermark, (_schedule, _clocks_by_watermark, _next_after_watermark)),
    },
    timers={SCHEDULE_TIMER: Handler(_on_timer, (_schedule, _clocks_by_timer, _next_after_timer))},
    collections=(CLOCK_SCHEDULES, CLOCKS, SLA_STATES),
    # Waits for more events of a batch: clocks are judged by the times of events, so that a later commit changes none, and
    # the router, which customers wait for, gets the machine first.
    linger_seconds=0.05,
)
