"""How long what is read from documents stays as it was: longer where reading takes long, never for minutes."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from services.metrics.refreshing import refresh_forever
from services.platform.core.errors import Unavailable
from tests.fakes import ManualTimeSource


@pytest.mark.parametrize(
    ("took", "fails", "pauses"),
    [
        ((0.01, 0.01), False, [5.0, 5.0]),
        ((0.2, 0.01), False, [10.0, 5.0]),
        # A broker was restarted meanwhile: it says nothing about the work that reading is.
        ((6.0, 0.01), False, [30.0, 5.0]),
        ((6.0, 6.0), True, [5.0, 5.0]),
    ],
)
async def test_the_pause_grows_with_the_work_and_has_an_end(
    monkeypatch: pytest.MonkeyPatch, took: Sequence[float], fails: bool, pauses: list[float]
) -> None:
    clock, found, left = ManualTimeSource(), list[float](), list(took)

    async def refresh() -> None:
        clock.move(left.pop(0))
        if fails:
            raise Unavailable("the broker is away")

    async def sleep(seconds: float) -> None:
        found.append(seconds)
        if not left:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with suppress(asyncio.CancelledError):
        await refresh_forever(refresh, clock, 5.0, "refresh_failed")
    assert found == pytest.approx(pauses)
