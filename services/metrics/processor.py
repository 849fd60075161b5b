"""The processor `metrics`: counts facts in documents.

Counters are written in the same commit as the position on the log, so that they are exact over restarts and repeats.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from schemas.activity import Activity
from schemas.commands import WORKSPACE_GATE, WorkspaceGate
from schemas.conversation import Conversation, ConversationFact
from schemas.envelope import Event
from schemas.events import CONVERSATION, CUSTOMER, OFFER, SLA
from schemas.routing import OfferFact
from schemas.sla import ClockFact
from services.domain.lifecycle import is_closed, is_waiting
from services.domain.metrics_state import ConversationMetricsState
from services.metrics.counters import CounterSet
from services.metrics.domain.earlier_facts import with_runs
from services.metrics.domain.facts import ConversationEvent
from services.metrics.domain.measurements import apply
from services.metrics.domain.samples import (
    Sample,
    sample_from_activity,
    sample_from_customer_fact,
    sample_from_delivery,
    sample_from_offer_fact,
    sample_from_sla_fact,
    samples_from_measurement,
    waiting_sample,
)
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.processor import Handler, Processor, no_memory
from services.platform.processing.reads import Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.counters import (
    COUNTED,
    COUNTERS,
    METRICS_STATES,
    CounterRecord,
    DedupeRecord,
    counter_id,
)

INBOUND = "pasokh.inbound."
DELIVERY = "pasokh.delivery."


@dataclass(frozen=True, slots=True)
class MetricsContext:
    """One batch of `metrics`. `counters` are those that the batch has changed, by workspace."""

    work: UnitOfWork
    memory: None
    dependencies: None
    counters: dict[str, CounterSet] = field(default_factory=dict)


# -- what is read --------------------------------------------------------------------------------------------------------


def _counters(context: MetricsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The counters of the event's workspace."""
    yield Documents(COUNTERS, [counter_id(context.work.place.partition, received.event.workspace)])


def _read_conversation(context: MetricsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The counters, and the metrics state of the conversation of a fact."""
    yield from _counters(context, received)
    yield Documents(METRICS_STATES, [_conversation_id(received.event)])


def _activity(context: MetricsContext, received: ReceivedEvent) -> Iterator[Read]:
    """Whether the activity was counted as well."""
    yield from _counters(context, received)
    if _needs_dedupe_record(received.event):
        yield Documents(COUNTED, [received.event.id])


def _on_gate(context: MetricsContext, received: ReceivedEvent) -> None:
    """The workspace is being deleted: its counters become an empty document.

    Readers ask for documents of a later version than they know (see `exposition`), so that the counters of a deleted
    document would stay in their totals.
    """
    workspace = received.event.payload_as(WorkspaceGate).workspace
    identity = counter_id(context.work.place.partition, workspace)
    if context.work.get(COUNTERS, identity) is not None:
        context.work.put(COUNTERS, identity, _blank(context, workspace))
    # Facts of the workspace that follow in the same batch would count on from the counters of before.
    context.counters.pop(workspace, None)


# -- counters ----------------------------------------------------------------------------------------------------------


def _counter_set(context: MetricsContext, workspace: str) -> CounterSet:
    """The counters of a workspace, which are written with the batch."""
    counters = context.counters.get(workspace)
    if counters is None:
        identity = counter_id(context.work.place.partition, workspace)
        counters = context.counters[workspace] = CounterSet.from_record(
            context.work.get(COUNTERS, identity) or _blank(context, workspace), context.work.place.seq
        )
        # The record shares its dicts with the counters: what is counted after this line is written as well.
        context.work.put(COUNTERS, identity, counters.record)
    return counters


def _count(context: MetricsContext, workspace: str, samples: Sequence[Sample]) -> None:
    for sample in samples:
        _counter_set(context, workspace).add(sample)


def _blank(context: MetricsContext, workspace: str) -> CounterRecord:
    place = context.work.place
    return CounterRecord(workspace=workspace, partition=place.partition, version=place.seq)


# -- facts of conversations --------------------------------------------------------------------------------------------


def _conversation_id(event: Event) -> str:
    return str(event.data.get("conversation"))


def _on_fact(context: MetricsContext, received: ReceivedEvent) -> None:
    event = received.event
    name, fact = event.type.removeprefix(CONVERSATION), event.payload_as(ConversationFact)
    before = context.work.get(METRICS_STATES, fact.conversation) or ConversationMetricsState(workspace=event.workspace)
    # Before anything is counted: rules read the runs of a fact, whichever version wrote it.
    earlier, fact = with_runs(before.earlier, name, fact)
    known = ConversationEvent(name, fact, event.time)
    counters = _counter_set(context, event.workspace)
    counters.count_recent(known.event_name, event.time)
    state = _update_waiting_gauge(counters, fact.snapshot, before)
    after, measurements = apply(replace(state, earlier=earlier), known)
    for measurement in measurements:
        for sample in samples_from_measurement(measurement):
            counters.add(sample)
    # Nothing follows a close, and the state of closed conversations would grow without end.
    if is_closed(fact.snapshot.status):
        context.work.delete(METRICS_STATES, fact.conversation)
    elif after != before:
        context.work.put(METRICS_STATES, fact.conversation, after)


def _update_waiting_gauge(
    counters: CounterSet, conversation: Conversation, state: ConversationMetricsState
) -> ConversationMetricsState:
    """The state after the gauge of waiting conversations follows a fact; it remembers the series of the conversation.

    By the series, not by labels: the fact has the labels of now, and the conversation leaves the series of before.
    """
    series = counters.series_for(waiting_sample(conversation)) if is_waiting(conversation.status) else None
    if series == state.waiting:
        return state
    counters.move(state.waiting, series)
    return replace(state, waiting=series)


def _on_sla_fact(context: MetricsContext, received: ReceivedEvent) -> None:
    samples = sample_from_sla_fact(received.event.type.removeprefix(SLA), received.event.payload_as(ClockFact))
    _count(context, received.event.workspace, samples)


def _on_offer_fact(context: MetricsContext, received: ReceivedEvent) -> None:
    sample = sample_from_offer_fact(received.event.type.removeprefix(OFFER), received.event.payload_as(OfferFact))
    _count(context, received.event.workspace, [sample] if sample else [])


def _on_customer_fact(context: MetricsContext, received: ReceivedEvent) -> None:
    sample = sample_from_customer_fact(received.event.type.removeprefix(CUSTOMER), received.event.partitionkey)
    _count(context, received.event.workspace, [sample])


def _on_delivery(context: MetricsContext, received: ReceivedEvent) -> None:
    sample = sample_from_delivery(received.event.type.removeprefix(DELIVERY), received.event.partitionkey)
    _count(context, received.event.workspace, [sample] if sample else [])


# -- activities --------------------------------------------------------------------------------------------------------


def _needs_dedupe_record(event: Event) -> bool:
    # Messages are counted by the fact `message_received`, which has a number; activities of ingest have none, and may repeat.
    return event.type.startswith(INBOUND) and event.type != f"{INBOUND}message"


def _on_activity(context: MetricsContext, received: ReceivedEvent) -> None:
    event = received.event
    if not _needs_dedupe_record(event) or context.work.get(COUNTED, event.id) is not None:
        return
    _count(context, event.workspace, [sample_from_activity(event.payload_as(Activity))])
    context.work.put(COUNTED, event.id, DedupeRecord(at=context.work.now))


PROCESSOR: Processor[None, None, MetricsContext] = Processor(
    group="metrics",
    topics=("inbound", "inbound_limited", "conversations", "sla", "deliveries"),
    context=MetricsContext,
    memory=no_memory,
    handlers={
        WORKSPACE_GATE: Handler(_on_gate, (_counters,)),
        CONVERSATION: Handler(_on_fact, (_read_conversation,)),
        INBOUND: Handler(_on_activity, (_activity,)),
        SLA: Handler(_on_sla_fact, (_counters,)),
        CUSTOMER: Handler(_on_customer_fact, (_counters,)),
        OFFER: Handler(_on_offer_fact, (_counters,)),
        DELIVERY: Handler(_on_delivery, (_counters,)),
    },
    collections=(COUNTED, METRICS_STATES, COUNTERS),
    # Seconds that a batch waits for more events: one commit for many, and still far below the interval of any scrape.
    linger_seconds=0.25,
)
