"""A process of the plain stages on a real engine, which can kill or stop itself at a named point of a batch.

`python -m tests.live.plain_process STAGES [POINT COUNT SIGNAL]`; the engine comes from `PASOKH_BUS`, `PASOKH_STORE`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable

from prometheus_client import CollectorRegistry

from services.platform.bus.port import Bus
from services.platform.bus.sqlite import SqliteBus
from services.platform.core.instruments import ProcessorInstruments
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.engine import open_engine
from services.platform.processing.failpoints import Hook, no_failpoint
from services.platform.processing.group import GroupMember
from services.platform.processing.processor import AnyProcessor
from services.platform.processing.runtime import Runtime
from tests.simulator.toy_stages import ALPHA_ACTED, BETA_ACTED, FIRED, Alpha, Beta

# Any: the memory of a stage is its own.
STAGES: dict[str, Callable[[], AnyProcessor]] = {"alpha": lambda: Alpha().bound(), "beta": lambda: Beta().bound()}
COLLECTIONS = (ALPHA_ACTED, BETA_ACTED, FIRED)


def failing_at(bus: Bus, point: str, count: int, number: int) -> Hook:
    """A hook that sends this process a signal when it passes the point for the `count`-th time.

    A process that is only stopped is stopped between two transactions of its file: in one, such as a heartbeat's, it
    would keep the file's lock, and nobody could take its partitions over until it wakes.
    """
    passed = 0

    async def hook(name: str) -> None:
        nonlocal passed
        passed += name == point
        if name == point and passed == count:
            # Not by an event (ASYNC110): the file tells nobody when it has nothing to write.
            while number == signal.SIGSTOP and isinstance(bus, SqliteBus) and bus.database.waiting:  # noqa: ASYNC110
                await asyncio.sleep(0)
            os.kill(os.getpid(), number)

    return hook


async def run(names: list[str], *failing: str) -> None:
    """Run the stages until killed."""
    clock = SystemTimeSource()
    async with open_engine(Settings(), clock, COLLECTIONS) as (store, bus):
        hook = failing_at(bus, failing[0], int(failing[1]), getattr(signal, failing[2])) if failing else no_failpoint
        runtime = Runtime(store, bus, clock, ProcessorInstruments(CollectorRegistry()), hook)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.gather(*(GroupMember(STAGES[name](), runtime).run() for name in names))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1].split(","), *sys.argv[2:]))
