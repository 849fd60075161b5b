"""Which series each event adds to, and how much. Pure: contracts in, samples out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from schemas.activity import Activity
from schemas.conversation import Conversation, SurveyRating
from schemas.routing import OfferFact
from schemas.sla import ClockFact
from services.metrics.domain.facts import OTHER, Measurement, conversation_labels
from services.metrics.instruments import (
    ACTIVITIES,
    ASSIGNMENTS,
    AUTOMATIC_MESSAGES,
    BREACHED,
    CANCELLED,
    CLOSED,
    CUSTOMER_CHANGES,
    DELIVERIES,
    FIRST_ANSWER,
    FIRST_RESPONSE,
    FULL_RESOLUTION,
    HANDLE,
    HANDLE_IDLE,
    HANDOFF_TIME,
    HANDOFFS,
    LATE,
    MESSAGES,
    NEXT_ANSWER,
    NEXT_RESPONSE,
    NOTES,
    OFFERS,
    OPENED,
    PRIORITY_CHANGES,
    REOPENED,
    REPLIES_FAILED,
    RESOLUTION,
    RESOLVED,
    SENTIMENTS,
    SLA_MET,
    STARTED,
    SURVEY_RATINGS,
    TRANSFERS,
    UNANSWERED,
    WAIT,
    WAITING,
    WARNED,
    WITHDRAWN,
    Instrument,
)

# `|` separates the parts of a series name, so that no label value may contain it.
UNSAFE = re.compile(r"[^A-Za-z0-9_+-]")


@dataclass(frozen=True, slots=True)
class Sample:
    """One amount for one series: added to a counter or gauge, observed by a histogram (seconds)."""

    instrument: Instrument
    labels: Mapping[str, str] = field(default_factory=dict)
    amount: float = 1.0

    @property
    def series(self) -> str:
        """The series' name within a workspace."""
        return format_series(self.instrument, self.labels)


def format_series(instrument: Instrument, labels: Mapping[str, str]) -> str:
    """The name of a series: the metric and its label values in the instrument's order; unsafe characters become `_`."""
    return _series(instrument.name, tuple([labels[name] for name in instrument.labels]))


def _series(name: str, values: tuple[str, ...]) -> str:
    return "|".join((name, *(UNSAFE.sub("_", value) for value in values)))


def parse_series(series: str) -> tuple[str, list[str]]:
    """The metric's name and the label values of a series."""
    name, *values = series.split("|")
    return name, values


def collapse_labels(sample: Sample) -> Sample:
    """The sample with team and language `other`, for a workspace with too many series."""
    known = {name: OTHER for name in ("team", "language") if name in sample.labels}
    return Sample(sample.instrument, {**sample.labels, **known}, sample.amount)


def waiting_sample(conversation: Conversation) -> Sample:
    """One conversation that waits."""
    return Sample(WAITING, conversation_labels(conversation))


def samples_from_measurement(measurement: Measurement) -> list[Sample]:
    """The samples of a measurement. Raises KeyError for a measurement without series, which is a bug of ours."""
    series = SERIES[measurement.kpi, measurement.variant]
    return [_sample(measurement, instrument, named) for instrument, named in series]


def _sample(measurement: Measurement, instrument: Instrument, named: "SeriesKey") -> Sample:
    all_labels = {**measurement.labels, **dict(named)}
    labels = {name: all_labels[name] for name in instrument.labels}
    return Sample(instrument, labels, (measurement.seconds or 0.0) if instrument.kind == "histogram" else 1.0)


SeriesKey = tuple[tuple[str, str], ...]
SERIES: dict[tuple[str, str], list[tuple[Instrument, SeriesKey]]] = {
    # A message is an activity as well; it is counted here, because its fact is numbered and the event of ingest is not.
    ("message", "inbound"): [(MESSAGES, (("direction", "inbound"),)), (ACTIVITIES, (("kind", "message"),))],
    ("message", "outbound"): [(MESSAGES, (("direction", "outbound"),))],
    ("notice", "delivered"): [(AUTOMATIC_MESSAGES, (("outcome", "delivered"),))],
    ("notice", "failed"): [(AUTOMATIC_MESSAGES, (("outcome", "failed"),))],
    ("reply_failed", ""): [(REPLIES_FAILED, ())],
    ("opened", ""): [(OPENED, ())],
    ("assigned", ""): [(ASSIGNMENTS, ())],
    ("transferred", ""): [(TRANSFERS, ())],
    ("resolved", ""): [(RESOLVED, ())],
    ("reopened", ""): [(REOPENED, ())],
    ("closed", ""): [(CLOSED, ())],
    ("priority_changed", ""): [(PRIORITY_CHANGES, ())],
    ("noted", ""): [(NOTES, ())],
    ("unanswered", "first_response"): [(UNANSWERED, (("metric", "first_response"),))],
    ("unanswered", "next_response"): [(UNANSWERED, (("metric", "next_response"),))],
    ("handoff", "started"): [(HANDOFFS, (("outcome", "started"),))],
    ("handoff", "expired"): [(HANDOFFS, (("outcome", "expired"),))],
    ("handoff", "completed"): [(HANDOFFS, (("outcome", "completed"),)), (HANDOFF_TIME, ())],
    ("first_response", "human"): [(FIRST_RESPONSE, ())],
    ("first_response", "any"): [(FIRST_ANSWER, ())],
    ("next_response", "human"): [(NEXT_RESPONSE, ())],
    ("next_response", "any"): [(NEXT_ANSWER, ())],
    ("resolution", "first"): [(RESOLUTION, ())],
    ("resolution", "full"): [(FULL_RESOLUTION, (("variant", "full"),))],
    ("resolution", "full_less_pending"): [(FULL_RESOLUTION, (("variant", "full_less_pending"),))],
    ("wait", "total"): [(WAIT, ())],
    ("withdrawn", "resolve"): [(WITHDRAWN, (("by", "resolve"),))],
    ("withdrawn", "customer"): [(WITHDRAWN, (("by", "customer"),))],
    ("handle", "active"): [(HANDLE, ())],
    ("handle", "idle"): [(HANDLE_IDLE, ())],
    ("sentiment", "positive"): [(SENTIMENTS, (("sentiment", "positive"),))],
    ("sentiment", "neutral"): [(SENTIMENTS, (("sentiment", "neutral"),))],
    ("sentiment", "negative"): [(SENTIMENTS, (("sentiment", "negative"),))],
    **{("survey", rating): [(SURVEY_RATINGS, (("rating", rating),))] for rating in get_args(SurveyRating)},
}
"""The series of each measurement, and the label values that follow from its name."""
SLA_SERIES: dict[str, Instrument] = {
    "started": STARTED,
    "warned": WARNED,
    "breached": BREACHED,
    "fulfilled": SLA_MET,
    "cancelled": CANCELLED,
    "late": LATE,
}


def sample_from_sla_fact(event_name: str, fact: ClockFact) -> list[Sample]:
    """The sample of a fact of a clock; `late` is observed with its seconds."""
    instrument = SLA_SERIES.get(event_name)
    if instrument is None:
        return []
    # The labels of these instruments have the names of the fact's fields.
    labels = {name: str(getattr(fact, name)) for name in instrument.labels}
    return [Sample(instrument, labels, fact.late_by_seconds or 0.0 if instrument is LATE else 1.0)]


def sample_from_offer_fact(event_name: str, fact: OfferFact) -> Sample | None:
    """The sample of an offer that ended; None for one that was made."""
    if event_name == "made":
        return None
    labels = {"channel": fact.channel, "surface": fact.surface, "team": fact.team, "outcome": event_name}
    return Sample(OFFERS, labels)


def sample_from_activity(activity: Activity) -> Sample:
    """The sample of an activity other than a message."""
    return Sample(ACTIVITIES, {"channel": activity.channel, "surface": activity.surface, "kind": activity.kind})


def sample_from_customer_fact(event_name: str, key: str) -> Sample:
    """The sample of a change of a person's customer; `key` is the person key."""
    return Sample(CUSTOMER_CHANGES, {"channel": _channel_of(key), "change": event_name})


def sample_from_delivery(event_name: str, key: str) -> Sample | None:
    """The sample of a delivery; `key` is the person key, `workspace/channel:account:person`."""
    if event_name not in ("sent", "failed"):
        return None
    # Facts of deliveries have no snapshot of the conversation: the person key names the channel.
    return Sample(DELIVERIES, {"channel": _channel_of(key), "outcome": event_name})


def _channel_of(key: str) -> str:
    """The channel of a person key, `workspace/channel:account:person`."""
    return key.partition("/")[2].partition(":")[0] or OTHER
