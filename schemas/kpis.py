"""The KPI report as REST returns it, and the constants of its definitions in docs/kpis.md."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, Field

from schemas.values import Instant

IDLE_LIMIT = timedelta(minutes=30)
"""A gap between two facts of a conversation that is longer than this is idle time, not handling time."""
RESPONSE_WINDOW = timedelta(hours=24)
"""A customer message is answered in time if the answer was accepted within this span."""
CONTACT_WINDOW = timedelta(days=7)
"""If a customer opens another conversation with the same intent within this span, the first contact did not resolve
it."""
MAX_WITHDRAWN_MESSAGES = 100
"""A run with more customer messages than this does not count as withdrawn when all of them are deleted."""

Dimension = Literal["channel", "surface", "account", "team", "priority", "language", "agent", "policy", "hour", "day"]
AttributionEdge = Literal["start", "stop"]


class DurationStats(BaseModel):
    """Statistics of durations, in seconds; null without durations. A percentile is one of the measured values."""

    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None


class Duration(DurationStats):
    """Statistics of durations around the clock, and of the same durations in opening hours (`business`).

    `provisional`: one of the conversations may still be reopened, which would change its duration.
    """

    count: int = 0
    open: int = 0
    provisional: bool = False
    business: DurationStats = DurationStats()


class Rate(BaseModel):
    """A share: `count` of `of`. Cases that are not decided yet are in neither; `open` counts them."""

    count: int = 0
    of: int = 0
    open: int = 0
    share: float | None = None
    provisional: bool = False


class SentimentCounts(BaseModel):
    """Customer messages by sentiment. `ratio` is positive ÷ negative, null without negative messages.

    `shift` is the mean of last − first sentiment (positive 1, neutral 0, negative −1) over the resolved
    `conversations`. `provisional`: one of them may still be reopened.
    """

    positive: int = 0
    neutral: int = 0
    negative: int = 0
    ratio: float | None = None
    conversations: int = 0
    shift: float | None = None
    provisional: bool = False


class SlaCounts(BaseModel):
    """Counts of the SLA clocks of one metric. `attainment` is fulfilled ÷ (fulfilled + breached).

    `unanswered` counts the cancelled clocks whose conversation was resolved without an answer. `attainment_strict`
    counts these as breached.
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
    """The figures of one group: `durations` and `rates` by name and variant, `sla` by metric, `sentiment` by surface."""

    group: dict[str, str | None]
    counts: dict[str, int]
    durations: dict[str, dict[str, Duration]]
    rates: dict[str, dict[str, Rate]] = {}
    sentiment: dict[str, SentimentCounts] = {}
    sla: dict[str, SlaCounts]


class Report(BaseModel):
    """Figures by group, in the order of the groups, computed from `facts` facts.

    Days and hours are those of `timezone`.
    """

    start: Instant = Field(serialization_alias="from")
    end: Instant = Field(serialization_alias="to")
    by: AttributionEdge
    timezone: str = "UTC"
    facts: int
    rows: list[ReportRow]
