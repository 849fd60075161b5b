"""What one transaction does: jobs, each undone alone when it fails, and the events of those that did not."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar, cast

from services.platform.core.errors import Unavailable
from services.platform.sqlite.damage import Damaged, is_damage

T = TypeVar("T")
Connection = sqlite3.Connection
EndOffsets = dict[tuple[str, int], int]
"""(topic, partition) → the offset that its next event will have."""

GROUP_JOBS = 256
GROUP_BYTES = 8_000_000
GROUP_SECONDS = 0.005
"""Statements run in the event loop: no job is begun after so long, it opens the next transaction."""
UNAVAILABLE_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
"""Primary result codes that speak of the file or the machine (https://sqlite.org/rescode.html), not of our SQL."""


class LogRecord(Protocol):
    """What the engine needs of a record to carry it to the log, which alone reads it."""

    @property
    def topic(self) -> str: ...

    @property
    def partition(self) -> int: ...

    @property
    def key(self) -> str: ...

    @property
    def value(self) -> bytes: ...


class Log(Protocol):
    """What a bus hangs into the writer: `append` runs in the transaction, `appended` after COMMIT."""

    def append(self, connection: Connection, events: Sequence[LogRecord]) -> EndOffsets: ...

    def appended(self, ends: EndOffsets, events: Sequence[LogRecord]) -> None: ...


@dataclass(slots=True)
class Job(Generic[T]):
    """Something to write, and who waits for it. `size` in bytes."""

    apply: Callable[[Connection], T]
    done: "asyncio.Future[T]"
    events: Sequence[LogRecord] = ()
    size: int = 0
    result: T | None = None
    error: Exception | None = None

    def run(self, connection: Connection) -> None:
        """Apply it; what it raises is kept for the one who asked."""
        try:
            self.result = self.apply(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the one who asked
            self.error = translate_error(error)

    def resolve(self) -> None:
        """Answer who waits, if anybody still does."""
        if self.done.done():
            return
        if self.error is None:
            self.done.set_result(cast(T, self.result))
        else:
            self.done.set_exception(self.error)


# Any: jobs of all kinds of results wait together.
Jobs = deque[Job[Any]]


def run_jobs(connection: Connection, waiting: Jobs, jobs: list[Job[Any]]) -> None:
    """Move what may go together from `waiting` to `jobs` and apply it; the transaction is open."""
    until, size = monotonic() + GROUP_SECONDS, 0
    alone = len(waiting) == 1
    while waiting and len(jobs) < GROUP_JOBS and size < GROUP_BYTES and (not jobs or monotonic() < until):
        job = waiting.popleft()
        jobs.append(job)
        size += job.size
        if alone:
            job.run(connection)
        else:
            _run_individually(connection, job)


def _run_individually(connection: Connection, job: Job[Any]) -> None:
    connection.execute("SAVEPOINT job")
    job.run(connection)
    if job.error is not None:
        if not connection.in_transaction:  # SQLite has rolled all of it back itself (disk full, I/O error)
            raise job.error
        connection.execute("ROLLBACK TO job")
    connection.execute("RELEASE job")


def events_to_append(jobs: Sequence[Job[Any]]) -> list[LogRecord]:
    """The events of the jobs that did not fail, in order."""
    return [event for job in jobs if job.error is None for event in job.events]


def roll_back(connection: Connection) -> None:
    """Undo the open transaction, if there is one."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def rollback_or_discard(connection: Connection | None, *, keep: bool) -> Connection | None:
    """The connection after a failed transaction, rolled back; None when it was let go."""
    if connection is None:
        return None
    with suppress(sqlite3.Error):
        roll_back(connection)
        if keep:
            return connection
    with suppress(sqlite3.Error):
        connection.close()
    return None


def is_busy(error: Exception) -> bool:
    """Whether another connection was in the way, and nothing else is wrong."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.Error) and code is not None and code & 0xFF == sqlite3.SQLITE_BUSY


def translate_error(error: Exception) -> Exception:
    """`Unavailable` for what the file or the machine did (`Damaged` is one); anything else is a bug and stays what it is."""
    if isinstance(error, sqlite3.Error) and is_damage(error):
        return Damaged(f"SQLite: {error}")
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, sqlite3.Error) and code is not None and code & 0xFF in UNAVAILABLE_CODES:
        return Unavailable(f"SQLite: {error}")
    return error
