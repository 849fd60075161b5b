"""The event loop of a process: its implementation, its settings, and the metric of its lag."""

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
"""The seconds after which a busy loop lets another thread run.

Each COMMIT waits for a thread; Python's default is 0.005.
"""
GC_THRESHOLDS = (50_000, 20, 50)
"""The thresholds of the garbage collector: new objects before a collection, and collections before one of older
objects."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on uvloop if it is installed, else on the event loop of asyncio."""
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
    """Collect cyclic garbage seldom, and never among the objects of the start, which live as long as the process.

    With Python's defaults, a collection every 700 objects took a fifth of the CPU of a busy process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def monitor_loop_lag(instruments: LoopInstruments, time_source: TimeSource) -> None:
    """Measure the lag of the loop for ever: how much later than requested it resumes a coroutine."""
    while True:
        started = time_source.monotonic()
        await asyncio.sleep(TICK_SECONDS)
        instruments.lag.observe(max(0.0, time_source.monotonic() - started - TICK_SECONDS))
