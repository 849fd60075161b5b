"""A process that belongs to a group until it is killed: `python -m tests.contracts.group_member_process ADAPTER PLACE NAME GROUP`.

It prints the partitions that it holds, one line for each change.
"""

import asyncio
import sys

from services.platform.bus.port import Assignment
from tests.contracts.buses import BusSite


async def _main(adapter: str, place: str, namespace: str, group: str) -> None:
    known: Assignment = {}
    async with BusSite(adapter, place, namespace).open() as bus, bus.consume(group, ["inbound", "sla"]) as consumer:
        while True:
            known = await consumer.assignment(known)
            sys.stdout.write(f"{sorted(known)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
