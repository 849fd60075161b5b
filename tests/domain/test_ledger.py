"""The two sums of a ledger: when they balance, what is on its way, and what must have been lost."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.domain.ledger import ConsumedSum, Ledger, ReceivedSum, total

EARLY, LATE = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC)


def ledger(
    *, is_read: bool = True, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
) -> Ledger:
    return Ledger(before=ReceivedSum(**(before or {})), after=ConsumedSum(**(after or {})), is_read=is_read)


def test_nothing_balances() -> None:
    empty = ledger()
    assert (empty.balances, empty.since, empty.received, empty.on_its_way, empty.findings) == (True, None, 0, 0, [])


def test_every_term_has_its_place() -> None:
    one = ledger(
        before={"since": LATE, "received": 10, "published": 6, "rejected": 3, "failed": 1},
        after={"since": EARLY, "consumed": 6, "new": 2, "duplicates": 2, "refetched": 1, "dead_lettered": 1},
    )
    assert (one.balances, one.since, one.uncounted, one.on_its_way, one.lost) == (True, EARLY, 0, 0, 0)


def test_what_is_not_read_yet_is_on_its_way_and_no_loss() -> None:
    one = ledger(is_read=False, before={"received": 5, "published": 5}, after={"consumed": 2, "new": 2})
    assert (one.on_its_way, one.lost, one.balances) == (3, 0, True)


def test_what_is_missing_once_all_is_read_was_lost() -> None:
    one = ledger(before={"received": 5, "published": 5}, after={"consumed": 2, "new": 2})
    assert (one.on_its_way, one.lost, one.balances) == (0, 3, False)
    assert [found.detail for found in one.findings] == [
        "3 activities are published, but not in the log: the bus lost them, or its retention ended."
    ]


def test_the_log_proves_what_a_killed_process_had_not_counted() -> None:
    one = ledger(
        before={"received": 6, "published": 4, "rejected": 1, "failed": 1},
        after={"consumed": 9, "new": 8, "duplicates": 1},
    )
    assert (one.uncounted, one.published, one.received, one.on_its_way, one.balances) == (5, 9, 11, 0, True)
    assert one.received == one.published + one.before.rejected + one.before.failed


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ({"received": 3, "published": 2}, {"consumed": 2, "new": 2}, "1 activity is received"),
        ({"received": 2, "published": 2}, {"consumed": 2, "new": 1}, "1 activity is consumed"),
        ({"received": 1, "published": 2}, {"consumed": 2, "new": 2}, "-1 activities are received"),
    ],
)
def test_a_sum_that_differs_from_its_terms_is_named(before: dict[str, Any], after: dict[str, Any], named: str) -> None:
    one = ledger(before=before, after=after)
    assert not one.balances
    assert one.findings[0].detail.startswith(named)


def test_the_second_sum_is_over_all_partitions() -> None:
    parts = [
        ConsumedSum(since=LATE, consumed=3, new=2, duplicates=1),
        ConsumedSum(since=EARLY, consumed=2, dead_lettered=2),
    ]
    assert total(parts) == ConsumedSum(since=EARLY, consumed=5, new=2, duplicates=1, dead_lettered=2)
    assert total([]) == ConsumedSum()
