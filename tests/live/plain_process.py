"""A process of the plain stages on a real engine, which can kill or stop itself at a named point of a batch.

`python -m tests.live.plain_process STAGES [POINT COUNT SIGNAL]`; the engine comes from `PASOKH_BUS`, `PASOKH_STORE`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry

from services.runtime.clock import SystemClock
from services.runtime.engine import open_engine
from services.runtime.instruments import ProcessorInstruments
from services.runtime.processor.group import Processor
from services.runtime.processor.hooks import Hook, pass_by
from services.runtime.processor.partition import Runtime
from services.runtime.settings import Settings
from services.runtime.stage import Stage
from tests.simulator.plain import ALPHA_ACTED, BETA_ACTED, FIRED, Alpha, Beta

# Any: the memory of a stage is its own.
STAGES: dict[str, Callable[[], Stage[Any]]] = {"alpha": Alpha, "beta": Beta}
COLLECTIONS = (ALPHA_ACTED, BETA_ACTED, FIRED)


def failing_at(point: str, count: int, number: int) -> Hook:
    """A hook that sends this process a signal when it passes the point for the `count`-th time."""
    passed = 0

    async def hook(name: str) -> None:
        nonlocal passed
        passed += name == point
        if name == point and passed == count:
            os.kill(os.getpid(), number)

    return hook


async def run(names: list[str], hook: Hook) -> None:
    """Run the stages until killed."""
    clock = SystemClock()
    async with open_engine(Settings(), clock, COLLECTIONS) as (store, bus):
        runtime = Runtime(store, bus, clock, ProcessorInstruments(CollectorRegistry()), hook)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.gather(*(Processor(STAGES[name](), runtime).run() for name in names))


if __name__ == "__main__":
    chosen = failing_at(sys.argv[2], int(sys.argv[3]), getattr(signal, sys.argv[4])) if len(sys.argv) > 2 else pass_by
    asyncio.run(run(sys.argv[1].split(","), chosen))
