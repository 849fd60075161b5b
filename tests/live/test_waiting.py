"""What the other tests wait with: it looks until it is true, and says what it saw when it never was."""

import itertools

import pytest

from tests.live.waiting import eventually, eventually_sync


async def test_what_becomes_true_is_waited_for() -> None:
    looks = itertools.count()

    async def third() -> int | None:
        number = next(looks)
        return number if number >= 2 else None

    assert await eventually(third) == 2
    assert await eventually(third, holds=lambda number: number >= 5) == 5
    assert eventually_sync(lambda: next(looks), holds=lambda number: number >= 8) == 8


async def test_what_never_becomes_true_is_shown_as_it_was_seen_last() -> None:
    async def state() -> str:
        return "queued"

    with pytest.raises(AssertionError, match=r"still 'queued' after 0\.05 seconds: the log"):
        await eventually(state, 0.05, holds="sent".__eq__, detail=lambda: ": the log")
    with pytest.raises(AssertionError, match=r"still \[\] after 0\.05 seconds"):
        eventually_sync(list[str], 0.05)
