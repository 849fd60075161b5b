"""A process that migrates data one document a commit, and prints a line for each: a test kills it in the middle.

`python -m tests.live.migrating_process FOLDER [STORE]`; without the URL of a store it is the folder's own.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from services.composition import COLLECTIONS
from services.migrations import MIGRATIONS
from services.platform.bus.port import ProducerRecord
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.engine import open_store
from services.platform.store import migrations
from services.platform.store.port import Changes, Store


class PrintingStore:
    """A store that prints a line for each commit."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.prepare, self.get_many, self.scan = store.prepare, store.get_many, store.scan
        self.query, self.count, self.check = store.query, store.count, store.check
        self.delete_expired = store.delete_expired

    async def commit(self, changes: Changes) -> Sequence[ProducerRecord]:
        done = await self.store.commit(changes)
        sys.stdout.write("commit\n")
        sys.stdout.flush()
        # Time for whoever counts the lines to kill this process before its next commit.
        await asyncio.sleep(0.2)
        return done


async def main(folder: Path, store_url: str | None) -> None:
    migrations.BATCH_DOCUMENTS = 1
    settings = Settings(data=folder, bus=None, store=store_url)
    async with open_store(settings, COLLECTIONS) as store:
        await migrations.migrate(PrintingStore(store), MIGRATIONS, SystemTimeSource(), str(os.getpid()))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), next(iter(sys.argv[2:]), None)))
