"""What the facts of one conversation add to counters, fact by fact. Pure: a state and a fact in, measurements out.

docs/kpis.md defines each figure. Reports recount the same figures from whole histories, apart from this code.
"""

from collections.abc import Callable, Mapping

from schemas.conversation import ConversationFact
from services.domain.metrics_state import ConversationMetricsState
from services.metrics.domain.facts import (
    ConversationEvent,
    Measurement,
    Reduced,
    Reducer,
    conversation_labels,
    seconds_between,
)
from services.metrics.domain.handling_time import on_resolution, on_status_time
from services.metrics.domain.response_times import on_response
from services.metrics.domain.waiting_time import on_queue

SENTIMENTS = frozenset({"positive", "neutral", "negative"})


def apply(state: ConversationMetricsState, event: ConversationEvent) -> Reduced:
    """The state after a fact, and what the fact adds. The facts of a conversation come in their order."""
    measurements = [*_counted(event), *_handed_off(event)]
    for reducer in REDUCERS:
        state, more = reducer(state, event)
        measurements.extend(more)
    return state, measurements


REDUCERS: tuple[Reducer, ...] = (on_status_time, on_queue, on_resolution, on_response)
"""In this order: `on_resolution` reads the times that `on_status_time` adds up, and `on_queue` the unanswered messages before
`on_response` drops those of an ended run."""


# -- counts of single facts --------------------------------------------------------------------------------------------

Counted = tuple[str, str]
"""A kpi and its variant."""


def _counted(event: ConversationEvent) -> list[Measurement]:
    rule = COUNT_RULES.get(event.event_name)
    if rule is None:
        return []
    # A conversation that moved from public to private has messages on both surfaces: each counts on its own.
    labels = conversation_labels(event.conversation, event.fact.message_surface)
    return [Measurement(kpi, variant, labels) for kpi, variant in rule(event.fact)]


def _once(kpi: str, variant: str = "") -> Callable[[ConversationFact], list[Counted]]:
    return lambda _: [(kpi, variant)]


def _is_automatic(fact: ConversationFact) -> bool:
    return fact.author == "system"


def _received(fact: ConversationFact) -> list[Counted]:
    sentiment = fact.snapshot.sentiment
    return [("message", "inbound"), *([("sentiment", sentiment)] if sentiment in SENTIMENTS else [])]


def _rated(fact: ConversationFact) -> list[Counted]:
    return [("survey", rating) for rating in fact.ratings]


COUNT_RULES: Mapping[str, Callable[[ConversationFact], list[Counted]]] = {
    "opened": _once("opened"),
    "message_received": _received,
    "assigned": _once("assigned"),
    "transferred": _once("transferred"),
    "priority_changed": _once("priority_changed"),
    "noted": _once("noted"),
    "resolved": _once("resolved"),
    "reopened": _once("reopened"),
    "closed": _once("closed"),
    "reply_delivered": lambda fact: [("notice", "delivered") if _is_automatic(fact) else ("message", "outbound")],
    "reply_failed": lambda fact: [("notice", "failed") if _is_automatic(fact) else ("reply_failed", "")],
    "handoff_started": _once("handoff", "started"),
    "handoff_expired": _once("handoff", "expired"),
    "survey_answered": _rated,
    "message_edited": _rated,
}
"""What a fact is counted as, by the last word of its type."""


def _handed_off(event: ConversationEvent) -> list[Measurement]:
    handoff = event.conversation.handoff
    if event.event_name != "handoff_completed" or handoff is None:
        return []
    took = seconds_between(handoff.started_at, handoff.completed_at or event.fact.at)
    return [Measurement("handoff", "completed", event.labels, took)]
