"""Every adapter of the store port, opened the same way: in the test's process, or in one that the test kills."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.platform.bus.sqlite import SqliteBus
from services.platform.core.time_source import SystemTimeSource
from services.platform.sqlite.database import open_database
from services.platform.store.mongo.store import MongoStore
from services.platform.store.port import Store
from services.platform.store.sqlite import SqliteStore

PAIR = "pair"
SQLITE = "sqlite"
MONGO = "mongo"


@dataclass(frozen=True, slots=True)
class StoreSite:
    """Where the data of a test is: an adapter and its place, a path or a URL. Each opening finds the same data."""

    adapter: str
    place: str

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Store]:
        """Another connection."""
        if self.adapter == MONGO:
            async with MongoStore.open(self.place) as mongo:
                yield mongo
        elif self.adapter == SQLITE:
            async with SqliteStore.open(Path(self.place)) as sqlite:
                yield sqlite
        else:
            async with open_database(Path(self.place)) as database, SqliteBus.over(database, SystemTimeSource()):
                yield SqliteStore(database, paired=True)
