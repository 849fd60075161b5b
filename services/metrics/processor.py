"""The stage `metrics`: business counters as documents in the batch, so they are exact over restarts and repeats."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache

from schemas.activity import Activity
from schemas.commands import WorkspaceGate
from schemas.conversation import Conversation, ConversationFact
from schemas.envelope import Event
from schemas.sla import ClockFact
from schemas.topics import DEDUPE_RETENTION_SECONDS
from schemas.values import Json, instant_text
from services.domain.lifecycle import is_closed, is_waiting
from services.domain.metrics_state import ConversationMetricsState
from services.metrics.counters import CounterSet
from services.metrics.domain.earlier_facts import with_runs
from services.metrics.domain.facts import ConversationEvent
from services.metrics.domain.measurements import apply
from services.metrics.domain.samples import (
    Sample,
    of_activity,
    of_delivery,
    sample_from_sla_fact,
    samples_of,
    waiting_sample,
)
from services.platform.processing.processor import Input, ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import Effect, UnitOfWork
from services.platform.store.collections import TIMERS
from services.platform.store.port import Query
from services.records.counters import (
    COUNTED,
    COUNTED_CASES,
    COUNTERS,
    CounterRecord,
    DedupeRecord,
    counter_id,
)

GROUP = "metrics"
INBOUND = "pasokh.inbound."
CONVERSATION = "pasokh.conversation."
SLA = "pasokh.sla."
DELIVERY = "pasokh.delivery."
GATE = "pasokh.control.workspace_gate"
PRUNE = "prune"
PRUNE_EVERY = timedelta(days=1)
PRUNE_AT_ONCE = 500


@dataclass(slots=True)
class MetricsMemory:
    """`pruning`: a wake-up to drop old ids is known to stand. `tallies` of the batch, by workspace."""

    pruning: bool = False
    tallies: dict[str, CounterSet] = field(default_factory=dict)


class MetricsStage:
    """Counts. Emits nothing."""

    group = GROUP
    topics = ("inbound", "conversations", "sla", "deliveries")
    # Far below the interval of any scrape.
    linger_seconds = 0.25

    def new_memory(self) -> MetricsMemory:
        return MetricsMemory()

    async def load(self, work: UnitOfWork, memory: MetricsMemory, inputs: Sequence[Input]) -> None:
        events = [one.event for one in inputs if isinstance(one, ReceivedEvent)]
        memory.tallies = {}
        await work.preload(
            [
                (COUNTERS, [counter_id(work.place.partition, e.workspace) for e in events]),
                (COUNTED_CASES, [_conversation_of(e) for e in events if e.type.startswith(CONVERSATION)]),
                (COUNTED, [e.id for e in events if _needs_dedupe_record(e)]),
            ]
        )
        if not memory.pruning:
            await work.preload([(TIMERS, [work.timer_id(PRUNE)])])
        if any(isinstance(one, TimerFired) for one in inputs):
            old = instant_text(work.now - DEDUPE_RETENTION_SECONDS)
            query = Query(COUNTED.name, "at", {"partition": work.place.partition}, below=old, limit=PRUNE_AT_ONCE)
            await work.query(COUNTED, query)

    def decide(self, work: UnitOfWork, memory: MetricsMemory, one: Input) -> None:
        match one:
            case TimerFired():
                _prune(work)
            case ReceivedEvent(event=event):
                _count_event(work, memory, event)

    async def perform(self, effect: Effect) -> dict[str, Json]:
        raise NotImplementedError(f"metrics does nothing outside, and was asked for {effect.name}")


def _count_event(work: UnitOfWork, memory: MetricsMemory, event: Event) -> None:
    if event.type == GATE:
        _forget(work, memory, event.payload_as(WorkspaceGate).workspace)
    elif event.type.startswith(CONVERSATION):
        _count_fact(work, memory, event)
    elif event.type.startswith(INBOUND):
        _count_activity(work, memory, event)
    elif event.type.startswith(SLA):
        _count(
            work,
            memory,
            event.workspace,
            sample_from_sla_fact(event.type.removeprefix(SLA), event.payload_as(ClockFact)),
        )
    elif event.type.startswith(DELIVERY):
        sample = of_delivery(event.type.removeprefix(DELIVERY), event.partitionkey)
        _count(work, memory, event.workspace, [sample] if sample else [])


def _forget(work: UnitOfWork, memory: MetricsMemory, workspace: str) -> None:
    """The workspace is being deleted. Its counters stay as an empty document, so that every reader hears of it."""
    identity = counter_id(work.place.partition, workspace)
    if work.get(COUNTERS, identity) is not None:
        blank = CounterRecord(workspace=workspace, partition=work.place.partition, version=work.place.seq)
        work.put(COUNTERS, identity, blank)
    memory.tallies.pop(workspace, None)


# -- counters ----------------------------------------------------------------------------------------------------------


def _tally(work: UnitOfWork, memory: MetricsMemory, workspace: str) -> CounterSet:
    """The counters of a workspace; what they come to in this batch is written with it."""
    tally = memory.tallies.get(workspace)
    if tally is None:
        identity = counter_id(work.place.partition, workspace)
        blank = CounterRecord(workspace=workspace, partition=work.place.partition, version=work.place.seq)
        tally = memory.tallies[workspace] = CounterSet.of(work.get(COUNTERS, identity) or blank, work.place.seq)
        work.put(COUNTERS, identity, tally.record)
    return tally


def _count(work: UnitOfWork, memory: MetricsMemory, workspace: str, samples: Sequence[Sample]) -> list[str]:
    """Count the samples; returns the series in which each was counted."""
    return [_tally(work, memory, workspace).add(sample) for sample in samples]


# -- facts of conversations --------------------------------------------------------------------------------------------


def _conversation_of(event: Event) -> str:
    return str(event.data.get("conversation"))


def _count_fact(work: UnitOfWork, memory: MetricsMemory, event: Event) -> None:
    name, fact = event.type.removeprefix(CONVERSATION), event.payload_as(ConversationFact)
    before = work.get(COUNTED_CASES, fact.conversation) or _initial_state(event.workspace)
    earlier, fact = with_runs(before.earlier, name, fact)
    known = ConversationEvent(name, fact, event.time)
    counters = _tally(work, memory, event.workspace)
    counters.note(known.event_name, event.time)
    state = _update_waiting_gauge(counters, fact.snapshot, before)
    after, measurements = apply(state.model_copy(update={"earlier": earlier}), known)
    for measurement in measurements:
        for sample in samples_of(measurement):
            counters.add(sample)
    if is_closed(fact.snapshot.status):
        work.delete(COUNTED_CASES, fact.conversation)
    elif after != before:
        work.put(COUNTED_CASES, fact.conversation, after)


@lru_cache(maxsize=256)
def _initial_state(workspace: str) -> ConversationMetricsState:
    """What is remembered of any conversation before its first fact."""
    return ConversationMetricsState(workspace=workspace)


def _update_waiting_gauge(
    counters: CounterSet, conversation: Conversation, state: ConversationMetricsState
) -> ConversationMetricsState:
    """The gauge follows the status, the team and the priority: a conversation leaves the series it was counted in."""
    series = counters.series_of(waiting_sample(conversation)) if is_waiting(conversation.status) else None
    if series == state.waiting:
        return state
    counters.move(state.waiting, series)
    return state.model_copy(update={"waiting": series})


# -- activities --------------------------------------------------------------------------------------------------------


def _needs_dedupe_record(event: Event) -> bool:
    return event.type.startswith(INBOUND) and event.type != f"{INBOUND}message"


def _count_activity(work: UnitOfWork, memory: MetricsMemory, event: Event) -> None:
    if not _needs_dedupe_record(event) or work.get(COUNTED, event.id) is not None:
        return
    _count(work, memory, event.workspace, [of_activity(event.payload_as(Activity))])
    work.put(COUNTED, event.id, DedupeRecord(partition=work.place.partition, at=work.now))
    if not memory.pruning and work.get(TIMERS, work.timer_id(PRUNE)) is None:
        work.set_timer(PRUNE, work.now + PRUNE_EVERY)
    memory.pruning = True


def _prune(work: UnitOfWork) -> None:
    """Drop ids that cannot be repeated any more: some now, and the rest at once after."""
    old = [
        identity
        for identity, counted in work.cached(COUNTED).items()
        if counted.at < work.now - DEDUPE_RETENTION_SECONDS
    ]
    for identity in old:
        work.delete(COUNTED, identity)
    work.set_timer(PRUNE, work.now if len(old) >= PRUNE_AT_ONCE else work.now + PRUNE_EVERY)
