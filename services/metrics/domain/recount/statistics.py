"""Mean and percentiles, shares and ratios."""

from collections.abc import Sequence

from schemas.kpis import Duration, DurationStats


def to_duration(
    seconds: Sequence[float], business: Sequence[float], still_open: int = 0, *, provisional: bool = False
) -> Duration:
    """The figures of durations in seconds, and of their seconds in opening hours."""
    stats = duration_stats(seconds)
    return Duration(
        mean=stats.mean,
        p50=stats.p50,
        p90=stats.p90,
        p95=stats.p95,
        count=len(seconds),
        open=still_open,
        provisional=provisional,
        business=duration_stats(business),
    )


def duration_stats(seconds: Sequence[float]) -> DurationStats:
    """Mean and percentiles (by nearest rank) of some durations."""
    if not seconds:
        return DurationStats()
    ranked = sorted(seconds)
    return DurationStats(
        mean=sum(ranked) / len(ranked),
        p50=percentile(ranked, 50),
        p90=percentile(ranked, 90),
        p95=percentile(ranked, 95),
    )


def percentile(ranked: Sequence[float], percent: int) -> float:
    """The smallest value that at least `percent` % of the values do not exceed. `ranked` is sorted and not empty."""
    # `-(-a // b)` rounds up in whole numbers: a float would miss the rank at some lengths.
    return ranked[max(0, -(-len(ranked) * percent // 100) - 1)]


def share(part: float, whole: float) -> float | None:
    """The share of a part; None where the whole is 0."""
    return part / whole if whole else None
