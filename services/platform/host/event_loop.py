"""The event loop of a process: which one it is, and how late it is."""

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from services.platform.core.instruments import LoopInstruments
from services.platform.core.time_source import TimeSource

T = TypeVar("T")

TICK_SECONDS = 0.25
SWITCH_SECONDS = 0.0005
"""How long a busy loop may keep the interpreter from a thread that has an answer for it: each COMMIT's. Python: 0.005."""
GC_THRESHOLDS = (50_000, 20, 50)
"""Objects made before garbage is looked for among them, and rounds before it is among older ones."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on uvloop where it is installed, on asyncio's own loop elsewhere."""
    sys.setswitchinterval(SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=_factory()) as runner:
        return runner.run(main)


def _factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


def freeze_gc() -> None:
    """Look for cyclic garbage seldom, and never among what a started process keeps for ever.

    Python's defaults look every 700 objects, which was a fifth of the work of a busy process and its longest pauses.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def monitor_loop_lag(instruments: LoopInstruments, time_source: TimeSource) -> None:
    """Measure for ever how much later than asked the loop comes back."""
    while True:
        asked = time_source.monotonic()
        await asyncio.sleep(TICK_SECONDS)
        instruments.lag.observe(max(0.0, time_source.monotonic() - asked - TICK_SECONDS))
