"""The stage `sla`: facts of conversations in, clocks and facts about them out.

What a fact does is in `promises`. Time comes through the log, see `agenda`: only conversations' confirmation
(`pasokh.control.watermark`) fires what was due.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.commands import Escalate, TaskDueChanged
from schemas.configuration import WorkspaceConfiguration
from schemas.conversation import ConversationFact
from schemas.envelope import Event
from schemas.sla import ClockFact, ClockMetric, Watermark
from schemas.values import Json
from services.domain.lifecycle import is_waiting
from services.domain.sla_state import ConversationSlaState
from services.platform.processing.processor import Input, ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import Effect, UnitOfWork
from services.records.clocks import CLOCK_SCHEDULES, CLOCKS, SLA_STATES, ClockRecord, clock_id
from services.records.configuration import Configurations
from services.sla.apply_fact import apply_fact, select_policy_terms
from services.sla.domain.clocks import ClockEvent, tick
from services.sla.domain.policies import PolicySelection
from services.sla.domain.rules import earliest_due, needs_reselection
from services.sla.schedule import due_by, load_due, on_timer, on_watermark, schedule_id, schedule_timer, watermark_of

GROUP = "sla"
CONVERSATION = "pasokh.conversation."
TICK = "pasokh.control.watermark"
SlaEvent = tuple[str, ConversationFact]
"""The last word of a fact's type, and the fact."""


@dataclass(slots=True)
class SlaMemory:
    """What a batch read besides documents.

    `facts` of the batch by event; `configurations` of the workspaces in which a policy may be picked; `floor` of the
    agenda, when it is looked at.
    """

    read: Configurations = field(default_factory=Configurations)
    facts: dict[str, SlaEvent] = field(default_factory=dict)
    configurations: dict[str, WorkspaceConfiguration] = field(default_factory=dict)
    floor: datetime | None = None


class SlaStage:
    """Runs the clocks of one partition's conversations. A million that are not due cost nothing."""

    group = GROUP
    topics = ("conversations",)
    # Promises are counted by the times of events: a moment later changes none, and leaves the moment to the router.
    linger_seconds = 0.05

    def new_memory(self) -> SlaMemory:
        return SlaMemory()

    async def load(self, work: UnitOfWork, memory: SlaMemory, inputs: Sequence[Input]) -> None:
        arrived = [one.event for one in inputs if isinstance(one, ReceivedEvent)]
        memory.facts = {event.id: _fact_of(event) for event in arrived if event.type.startswith(CONVERSATION)}
        facts = list(memory.facts.values())
        cases = {fact.conversation for _, fact in facts}
        await work.preload([(CLOCK_SCHEDULES, [schedule_id(work)]), (SLA_STATES, cases)])
        watches = [watch for case in cases if (watch := work.get(SLA_STATES, case)) is not None]
        await work.preload([(CLOCKS, [identity for watch in watches for identity in _clock_ids(watch).values()])])
        picking = {fact.snapshot.workspace for word, fact in facts if _picks(work, word, fact)}
        memory.configurations = await memory.read.current(work.reader, picking) if picking else {}
        await _look_ahead(work, memory, inputs)

    def decide(self, work: UnitOfWork, memory: SlaMemory, one: Input) -> None:
        match one:
            case TimerFired():
                _fire(work, watermark_of(work))
                on_timer(work, memory.floor)
            case ReceivedEvent() if one.event.type == TICK:
                at = _tick_at(one)
                _fire(work, at)
                on_watermark(work, at, memory.floor)
            case ReceivedEvent() if one.event.id in memory.facts:
                _follow(work, memory, *memory.facts[one.event.id])

    async def perform(self, effect: Effect) -> dict[str, Json]:
        raise NotImplementedError(f"sla does nothing outside, and was asked for {effect.name}")


def _fact_of(event: Event) -> SlaEvent:
    return event.type.removeprefix(CONVERSATION), event.payload_as(ConversationFact)


def _clock_ids(watch: ConversationSlaState) -> dict[ClockMetric, str]:
    """The clocks of what is waited for."""
    waits = watch.open_targets.items()
    return {metric: clock_id(watch.conversation, metric, wait.run) for metric, wait in waits if wait.run is not None}


def _picks(work: UnitOfWork, word: str, fact: ConversationFact) -> bool:
    watch = work.get(SLA_STATES, fact.conversation)
    return watch is None or needs_reselection(watch, word, fact)


def _tick_at(one: ReceivedEvent) -> datetime:
    return one.event.payload_as(Watermark).at


async def _look_ahead(work: UnitOfWork, memory: SlaMemory, inputs: Iterable[Input]) -> None:
    ticks = [_tick_at(one) for one in inputs if isinstance(one, ReceivedEvent) and one.event.type == TICK]
    wakes = any(isinstance(one, TimerFired) for one in inputs)
    if ticks or wakes:
        said = watermark_of(work) if wakes else None
        memory.floor = await load_due(work, max((at for at in (*ticks, said) if at is not None), default=None))


def _fire(work: UnitOfWork, at: datetime | None) -> None:
    """All that happened until `at` has been said: tell what was due by then."""
    if at is None:
        return
    for record in due_by(work, at):
        change = tick(record, at)
        _keep(work, record, change.clock)
        _emit_fact(work, change.events)


# -- conversations -----------------------------------------------------------------------------------------------------


def _follow(work: UnitOfWork, memory: SlaMemory, word: str, fact: ConversationFact) -> None:
    def pick(told: ConversationFact) -> PolicySelection:
        return _select_policy(memory.configurations.get(told.snapshot.workspace), told)

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
    return ClockFact.unvalidated(
        conversation=record.conversation,
        key=record.key,
        workspace=record.workspace,
        metric=record.metric,
        run=record.run,
        clock=record.public_view(),
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
