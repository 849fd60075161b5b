"""The event loop of a process: which one it is, and how late it is."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from services.runtime.clock import Clock
from services.runtime.instruments import LoopInstruments

T = TypeVar("T")

TICK_SECONDS = 0.25


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on uvloop where it is installed, on asyncio's own loop elsewhere."""
    with asyncio.Runner(loop_factory=_factory()) as runner:
        return runner.run(main)


def _factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


async def watch_loop(instruments: LoopInstruments, clock: Clock) -> None:
    """Measure for ever how much later than asked the loop comes back."""
    while True:
        asked = clock.monotonic()
        await asyncio.sleep(TICK_SECONDS)
        instruments.lag.observe(max(0.0, clock.monotonic() - asked - TICK_SECONDS))
