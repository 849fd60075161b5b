"""Opening the embedded pair for the tests that are of it alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.platform.bus.sqlite import SqliteBus
from services.platform.bus.sqlite_groups import Lease
from services.platform.core.time_source import TimeSource
from services.platform.sqlite.database import Database, open_database
from services.platform.store.sqlite import SqliteStore
from tests.contracts.sample_collection import COLLECTIONS
from tests.fakes import ManualTimeSource

WATCHFUL = Lease(heartbeat_seconds=0.02, seconds=3, watch=0.01)
SILENT = Lease(heartbeat_seconds=3600, seconds=3, watch=0.01)
"""A member that never renews by itself, as one whose process is stopped."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What one process has open."""

    database: Database
    store: SqliteStore
    bus: SqliteBus


@asynccontextmanager
async def open_pair(
    path: Path,
    time_source: TimeSource | None = None,
    *,
    lease: Lease = WATCHFUL,
    partitions: int | None = None,
    busy_seconds: float = 5.0,
) -> AsyncIterator[Pair]:
    """A process's store and bus on one file. Opened twice, they stand for two processes."""
    async with (
        open_database(path, busy_seconds=busy_seconds) as database,
        SqliteBus.over(database, time_source or ManualTimeSource(), partitions=partitions, lease=lease) as bus,
    ):
        store = SqliteStore(database, paired=True)
        await store.prepare(COLLECTIONS)
        yield Pair(database, store, bus)
