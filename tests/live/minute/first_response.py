"""First responses counted from outside: by what customers posted, agents were told and the platform got.

Nobody outside knows when exactly an installation received a message or accepted a reply, only between which moments.
So each duration has a lower and an upper bound, and with them the count, the mean and each percentile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemas.kpis import Duration
from services.metrics.domain.recount.statistics import percentile
from tests.live.minute.collected_results import CollectedResults, update_named
from tests.live.minute.customers import Posted

LATE_SECONDS = 5.0
"""A message that is received later than this after it was written counts from when it was written."""
CLOCKS_SECONDS = 0.05
"""How far apart the clock readings of two processes of one machine may be."""
PERCENTILES = {"p50": 50, "p90": 90, "p95": 95}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds that something took at least and at most."""

    least: float
    most: float


def bounds(found: CollectedResults) -> list[Bounds]:
    """Of every conversation whose first reply arrived."""
    first = {one.person: one for one in found.posts.posted if one.index == 0}
    arrived = {str(m["text"]) for m in found.records.outbound() if m["state"] == "sent"}
    by_text = {reply.text: reply for reply in found.replies}
    answered = [by_text[text] for text in sorted(arrived & by_text.keys())]
    return [
        Bounds(reply.asked_at - _begun(first[reply.person])[1], reply.taken_at - _begun(first[reply.person])[0])
        for reply in answered
    ]


def _begun(posted: Posted) -> tuple[float, float]:
    """The earliest and the latest moment from which a customer may be said to have waited."""
    taken_at = posted.taken_at or posted.asked_at
    surely_late, perhaps_late = (at - posted.date > LATE_SECONDS for at in (posted.asked_at, taken_at))
    latest = float(posted.date) if surely_late else taken_at
    return (float(posted.date) if perhaps_late else posted.asked_at), latest


def complaints(found: CollectedResults) -> Iterator[str]:
    """Where the report is outside of what callers saw."""
    seen, told = bounds(found), reported(found)
    if told.count != len(seen):
        yield f"the report counts {told.count} first responses, {len(seen)} customers got one"
    elif seen:
        least, most = sorted(one.least for one in seen), sorted(one.most for one in seen)
        yield from _outside("mean", told.mean, sum(least) / len(seen), sum(most) / len(seen))
        for name, percent in PERCENTILES.items():
            yield from _outside(name, getattr(told, name), percentile(least, percent), percentile(most, percent))
    unanswered = len({update_named(m)[0] for _, m in found.records.inbound()}) - len(seen)
    if told.open != unanswered:
        yield f"the report leaves {told.open} first responses open, {unanswered} customers wait for one"


def _outside(name: str, told: float | None, least: float, most: float) -> Iterator[str]:
    if told is None or not least - CLOCKS_SECONDS <= told <= most + CLOCKS_SECONDS:
        yield f"the {name} of first responses is {told} s in the report, and callers saw {least:.3f} to {most:.3f} s"


def reported(found: CollectedResults) -> Duration:
    """What the report says of first responses by people."""
    rows = found.report.rows
    return rows[0].durations.get("first_response", {}).get("human", Duration()) if rows else Duration()


def medians(seen: Sequence[Bounds]) -> Bounds:
    """The bounds of the median."""
    return Bounds(*(percentile(sorted(each), 50) for each in ([b.least for b in seen], [b.most for b in seen])))
