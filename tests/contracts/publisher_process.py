"""A process that publishes without end, for a test to kill: `python -m tests.contracts.publisher_process ADAPTER PLACE NAME`.

Writer w publishes `w n` to partition w of `inbound`, one after the other; each is printed once it is durable.
"""

import asyncio
import itertools
import sys

from services.platform.bus.port import Bus
from tests.contracts.buses import PARTITIONS, BusSite, event


async def _write(bus: Bus, writer: int) -> None:
    for n in itertools.count(1):
        await bus.publish([event(f"{writer} {n}", partition=writer)])
        sys.stdout.write(f"{writer} {n}\n")
        sys.stdout.flush()


async def _main(adapter: str, place: str, namespace: str) -> None:
    async with BusSite(adapter, place, namespace).open() as bus:
        await asyncio.gather(*(_write(bus, writer) for writer in range(PARTITIONS)))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
