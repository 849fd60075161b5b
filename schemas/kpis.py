"""The report of KPIs as REST answers it, and the constants by which docs/kpis.md defines its figures."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, Field

from schemas.values import Instant

IDLE_LIMIT = timedelta(minutes=30)
"""Handling time without any fact of the conversation for longer than this is idle time, all of it."""
RESPONSE_WINDOW = timedelta(hours=24)
"""A customer message is answered in time when the answer was accepted within this."""
CONTACT_WINDOW = timedelta(days=7)
"""A customer who opens another conversation with the same intent within this was not helped on first contact."""
MAX_WITHDRAWN_MESSAGES = 100
"""A customer with more messages than this in one run is not taken to have withdrawn by deleting them all."""

Dimension = Literal["channel", "surface", "account", "team", "priority", "language", "agent", "policy", "hour", "day"]
AttributionEdge = Literal["start", "stop"]


class DurationStats(BaseModel):
    """How long something took, in seconds; null where nothing did. Percentiles are values that occurred."""

    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None


class Duration(DurationStats):
    """Durations around the clock, and of the same in opening hours (`business`).

    `provisional`: a conversation among them may still be reopened, which would move its figure.
    """

    count: int = 0
    open: int = 0
    provisional: bool = False
    business: DurationStats = DurationStats()


class Rate(BaseModel):
    """A share: `count` of `of`. What is not decided yet is in neither and is counted as `open`."""

    count: int = 0
    of: int = 0
    open: int = 0
    share: float | None = None
    provisional: bool = False


class SentimentCounts(BaseModel):
    """Customer messages by sentiment. `ratio`: positive ÷ negative, null where none is negative.

    `shift` is the mean of last − first sentiment (positive 1, neutral 0, negative −1) over `conversations` that were
    resolved; `provisional` while one of those may still be reopened.
    """

    positive: int = 0
    neutral: int = 0
    negative: int = 0
    ratio: float | None = None
    conversations: int = 0
    shift: float | None = None
    provisional: bool = False


class SlaCounts(BaseModel):
    """What became of the clocks of one metric. `attainment`: fulfilled of fulfilled and breached.

    `unanswered` are those of `cancelled` that ended because the conversation was resolved without an answer.
    `attainment_strict` counts them as not kept.
    """

    started: int = 0
    open: int = 0
    warned: int = 0
    breached: int = 0
    fulfilled: int = 0
    cancelled: int = 0
    unanswered: int = 0
    late: int = 0
    attainment: float | None = None
    attainment_strict: float | None = None


class ReportRow(BaseModel):
    """The figures of one group. `durations` and `rates` by name and variant, `sla` by metric, `sentiment` by surface."""

    group: dict[str, str | None]
    counts: dict[str, int]
    durations: dict[str, dict[str, Duration]]
    rates: dict[str, dict[str, Rate]] = {}
    sentiment: dict[str, SentimentCounts] = {}
    sla: dict[str, SlaCounts]


class Report(BaseModel):
    """Figures by group, the groups in order. `facts` were looked at; days and hours are those of `timezone`."""

    start: Instant = Field(serialization_alias="from")
    end: Instant = Field(serialization_alias="to")
    by: AttributionEdge
    timezone: str = "UTC"
    facts: int
    rows: list[ReportRow]
