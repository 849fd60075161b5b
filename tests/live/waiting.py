"""Waits for what another process writes later: looked at again and again, since one look says nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar, cast

Found = TypeVar("Found")
SECONDS = 30.0
FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.2


async def eventually(
    look: Callable[[], Awaitable[Found | None]],
    seconds: float = SECONDS,
    *,
    holds: Callable[[Any], bool] = bool,
    detail: Callable[[], str] = str,
) -> Found:
    """What `look` gives as soon as it `holds`. Fails with the last value, and a `detail`, when it never did.

    Any: what is looked at may not be there yet, and `holds` says whether it is.
    """
    found = await look()
    for pause in _pauses(seconds):
        if holds(found):
            break
        await asyncio.sleep(pause)
        found = await look()
    return _held(found, seconds, holds, detail)


def eventually_sync(
    look: Callable[[], Found | None],
    seconds: float = SECONDS,
    *,
    holds: Callable[[Any], bool] = bool,
    detail: Callable[[], str] = str,
) -> Found:
    """As `eventually`, for tests without an event loop."""
    found = look()
    for pause in _pauses(seconds):
        if holds(found):
            break
        time.sleep(pause)
        found = look()
    return _held(found, seconds, holds, detail)


def _pauses(seconds: float) -> Iterator[float]:
    """How long to wait after each look, until so many seconds have passed: what takes long is looked at less often."""
    until, pause = time.monotonic() + seconds, FIRST_PAUSE
    while time.monotonic() < until:
        yield pause
        pause = min(1.3 * pause, LONGEST_PAUSE)


def _held(found: Found | None, seconds: float, holds: Callable[[Any], bool], detail: Callable[[], str]) -> Found:
    assert holds(found), f"still {found!r} after {seconds:g} seconds{detail()}"
    return cast("Found", found)
