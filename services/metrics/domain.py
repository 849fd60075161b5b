"""What each event adds to which series. Pure: contracts in, samples out."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from schemas.activity import Activity
from schemas.conversation import Conversation, ConversationFact
from schemas.sla import ClockFact
from services.metrics.instruments import (
    ACTIVITIES,
    ASSIGNMENTS,
    BREACHED,
    CANCELLED,
    DELIVERIES,
    FIRST_RESPONSE,
    FULFILLED,
    LATE,
    MESSAGES,
    OPENED,
    WAITING,
    WARNED,
    Instrument,
)

LANGUAGES = frozenset({"fa", "ar", "lv", "en"})
OTHER = "other"
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
        return series_of(self.instrument, self.labels)


def series_of(instrument: Instrument, labels: Mapping[str, str]) -> str:
    """The metric and its label values in the instrument's order; a character that no such value has becomes `_`."""
    return "|".join((instrument.name, *(UNSAFE.sub("_", labels[name]) for name in instrument.labels)))


def labels_of(series: str) -> tuple[str, list[str]]:
    """The metric's name and the label values of a series."""
    name, *values = series.split("|")
    return name, values


def folded(sample: Sample) -> Sample:
    """The sample where there are too many series to tell its team and language apart."""
    known = {name: OTHER for name in ("team", "language") if name in sample.labels}
    return Sample(sample.instrument, {**sample.labels, **known}, sample.amount)


def of_case(case: Conversation) -> dict[str, str]:
    """The labels that a conversation has."""
    return {
        "channel": case.channel,
        "surface": case.surface,
        "team": case.team,
        "priority": case.priority,
        "language": language_of(case.language),
    }


def language_of(language: str | None) -> str:
    """One of the languages that are told apart, else `other`; a region (`fa-IR`) does not count."""
    primary = (language or OTHER).split("-", 1)[0].lower()
    return primary if primary in LANGUAGES else OTHER


def waiting(case: Conversation, amount: float) -> Sample:
    """One conversation more (1) or fewer (-1) that waits."""
    return Sample(WAITING, of_case(case), amount)


def of_fact(word: str, fact: ConversationFact) -> list[Sample]:
    """What a fact of a conversation adds by itself; waiting and resolution need what was before."""
    counted = FACTS.get(word)
    return list(counted(fact)) if counted else []


def _opened(fact: ConversationFact) -> Iterable[Sample]:
    yield Sample(OPENED, of_case(fact.snapshot))


def _received(fact: ConversationFact) -> Iterable[Sample]:
    labels = {**of_case(fact.snapshot), "surface": fact.message_surface or fact.snapshot.surface}
    yield Sample(MESSAGES, {**labels, "direction": "inbound"})
    yield Sample(ACTIVITIES, {**labels, "kind": "message"})


def _assigned(fact: ConversationFact) -> Iterable[Sample]:
    yield Sample(ASSIGNMENTS, of_case(fact.snapshot))


def _delivered(fact: ConversationFact) -> Iterable[Sample]:
    labels = {**of_case(fact.snapshot), "surface": fact.message_surface or fact.snapshot.surface}
    yield Sample(MESSAGES, {**labels, "direction": "outbound"})
    if fact.first_response is not None:
        took = fact.first_response.stopped_at - fact.first_response.started_at
        yield Sample(FIRST_RESPONSE, of_case(fact.snapshot), max(0.0, took.total_seconds()))


FACTS: dict[str, Callable[[ConversationFact], Iterable[Sample]]] = {
    "opened": _opened,
    "message_received": _received,
    "assigned": _assigned,
    "reply_delivered": _delivered,
}
PROMISES: dict[str, Instrument] = {
    "warned": WARNED,
    "breached": BREACHED,
    "fulfilled": FULFILLED,
    "cancelled": CANCELLED,
    "late": LATE,
}


def of_promise(word: str, fact: ClockFact) -> list[Sample]:
    """What a fact of a clock adds; `late` is observed with its seconds."""
    instrument = PROMISES.get(word)
    if instrument is None:
        return []
    labels = {name: str(getattr(fact, name)) for name in instrument.labels}
    return [Sample(instrument, labels, fact.late_by_seconds or 0.0 if instrument is LATE else 1.0)]


def of_activity(activity: Activity) -> Sample:
    """What an activity adds that is no plain message."""
    return Sample(ACTIVITIES, {"channel": activity.channel, "surface": activity.surface, "kind": activity.kind})


def of_delivery(word: str, key: str) -> Sample | None:
    """What a delivery adds; `key` is the person key."""
    if word not in ("sent", "failed"):
        return None
    channel = key.partition("/")[2].partition(":")[0]
    return Sample(DELIVERIES, {"channel": channel or OTHER, "outcome": word})
