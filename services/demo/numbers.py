"""Numbers that no earlier start has used: the ids of platforms are never given twice, and what is stored names them."""

from datetime import UTC, datetime

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def first_number_at(now: datetime) -> int:
    """A number above all that earlier starts have used: milliseconds since `EPOCH`."""
    return int((now - EPOCH).total_seconds() * 1000)
