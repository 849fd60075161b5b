"""A process that reads, for a test to stop: `python -m tests.contracts.consumer_process PATH PARTITIONS`.

Prints `owns N` once it holds all partitions, and `revoked` when a `take` says that they are gone.
"""

import asyncio
import sys
from pathlib import Path

from services.platform.bus.port import Assignment
from services.platform.bus.sqlite import SqliteBus
from services.platform.bus.sqlite_groups import Lease
from services.platform.core.errors import Revoked
from services.platform.core.time_source import SystemTimeSource


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def _main(path: Path, partitions: int) -> None:
    lease = Lease(heartbeat_seconds=0.05, seconds=0.5, watch=0.02)
    async with (
        SqliteBus.open(path, SystemTimeSource(), partitions=partitions, lease=lease) as bus,
        bus.consume("g", ["inbound", "commands"]) as consumer,
    ):
        known: Assignment = {}
        while len(known) < partitions:
            known = await consumer.assignment(known)
        await consumer.seek(0, {})
        _say(f"owns {len(known)}")
        try:
            while not await consumer.poll(0, wait=0.1):
                pass
            _say("took a record")
        except Revoked:
            _say("revoked")
        await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), int(sys.argv[2])))
