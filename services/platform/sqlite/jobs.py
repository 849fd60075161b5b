"""What one transaction does: its jobs, of which each is undone alone when it fails, and the events of the others."""

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
"""Statements run in the event loop: a job that would begin after so many seconds waits for the next transaction."""
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
"""Primary result codes about the file or the machine (https://sqlite.org/rescode.html), not about our SQL."""


class LogRecord(Protocol):
    """What the engine needs of an event to give it to the log."""

    @property
    def topic(self) -> str: ...

    @property
    def partition(self) -> int: ...

    @property
    def key(self) -> str: ...

    @property
    def value(self) -> bytes: ...


class Log(Protocol):
    """The log of the bus that shares the file: `append` runs in the transaction, `appended` after COMMIT."""

    def append(self, connection: Connection, events: Sequence[LogRecord]) -> EndOffsets: ...

    def appended(self, ends: EndOffsets, events: Sequence[LogRecord]) -> None: ...


@dataclass(slots=True)
class Job(Generic[T]):
    """Something to write, and the future of its caller. `size` in bytes."""

    apply: Callable[[Connection], T]
    done: "asyncio.Future[T]"
    events: Sequence[LogRecord] = ()
    size: int = 0
    result: T | None = None
    error: Exception | None = None

    def run(self, connection: Connection) -> None:
        """Apply it; an error is stored for `resolve`."""
        try:
            self.result = self.apply(connection)
        except Exception as error:  # noqa: BLE001 - its caller gets it, whatever it is
            self.error = translate_error(error)

    def resolve(self) -> None:
        """Answer the caller, unless it was cancelled meanwhile."""
        if self.done.done():
            return
        if self.error is None:
            self.done.set_result(cast(T, self.result))
        else:
            self.done.set_exception(self.error)


# Any: jobs of all kinds of results wait together.
Jobs = deque[Job[Any]]


def run_jobs(connection: Connection, waiting: Jobs, jobs: list[Job[Any]]) -> None:
    """Move the jobs of one transaction from `waiting` to `jobs` and apply them; the transaction is open."""
    until, size = monotonic() + GROUP_SECONDS, 0
    # A job alone needs no savepoint: if it fails, the transaction is rolled back.
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
        # For some errors (disk full, I/O) SQLite rolls back the whole transaction itself: all of its jobs have failed.
        if not connection.in_transaction:
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
    """The connection after a failed transaction, rolled back; None when it was closed."""
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
    """Whether another connection holds the lock, and no more than that is wrong."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.Error) and code is not None and code & 0xFF == sqlite3.SQLITE_BUSY


def translate_error(error: Exception) -> Exception:
    """`Unavailable` for errors of the file or the machine (`Damaged` is one); any other is a bug and is returned as it is."""
    if isinstance(error, sqlite3.Error) and is_damage(error):
        return Damaged(f"SQLite: {error}")
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, sqlite3.Error) and code is not None and code & 0xFF in UNAVAILABLE_CODES:
        return Unavailable(f"SQLite: {error}")
    return error
