"""One SQLite file: a writer thread with one connection and group commit, and reader threads with connections of their own.

The bus and the store of one file share one `Database`, so that a commit and the events it causes are one transaction.
SQLite's WAL lets readers go on while the writer writes; several processes may share the file, one writing at a time.
"""

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Generic, Protocol, TypeVar, cast

from services.runtime.bus.port import Outgoing
from services.runtime.errors import Misconfigured, Unavailable, Unknown

T = TypeVar("T")
Connection = sqlite3.Connection
Ends = dict[tuple[str, int], int]
"""(topic, partition) → the offset that its next event will have."""

GROUP_JOBS = 256
GROUP_BYTES = 8_000_000
READERS = 2
SWITCH_SECONDS = 0.0005
"""How long a thread waits for the interpreter lock before it asks the event loop for it (Python's default is 10 times
that). A transaction takes it some 20 times; with a loop that is busy 45 % of the time the default made the median commit
three times as slow."""
BUSY_SECONDS = 5.0
AWAY = frozenset(
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


class Log(Protocol):
    """What a bus hangs into the writer: `append` runs in the transaction, `appended` in the event loop after COMMIT."""

    def append(self, connection: Connection, events: Sequence[Outgoing]) -> Ends: ...

    def appended(self, ends: Ends, events: Sequence[Outgoing]) -> None: ...


@dataclass(slots=True)
class _Job(Generic[T]):
    apply: Callable[[Connection], T]
    done: "asyncio.Future[T]"
    events: Sequence[Outgoing] = ()
    size: int = 0
    result: T | None = None
    error: Exception | None = None

    def run(self, connection: Connection) -> None:
        try:
            self.result = self.apply(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the one who asked
            self.error = verdict(error)

    def resolve(self) -> None:
        if self.done.done():
            return
        if self.error is None:
            self.done.set_result(cast(T, self.result))
        else:
            self.done.set_exception(self.error)


@dataclass(slots=True)
class Database:
    """An open file. All methods are for the event loop that opened it. `waiting` counts writes not yet answered."""

    path: Path
    busy_seconds: float
    loop: asyncio.AbstractEventLoop
    log: Log | None = None
    waiting: int = 0
    waiting_bytes: int = 0
    _closed: bool = False
    _writes: "SimpleQueue[_Job[Any] | None]" = field(default_factory=SimpleQueue)
    _reads: "SimpleQueue[_Job[Any] | None]" = field(default_factory=SimpleQueue)
    _threads: list[Thread] = field(default_factory=list)

    async def write(self, apply: Callable[[Connection], T], events: Sequence[Outgoing] = (), *, size: int = 0) -> T:
        """Run `apply` in the writer's next transaction, append `events` to the log with it, return after COMMIT.

        What `apply` raises undoes it alone, not its neighbours in the transaction. Raises Unavailable (nothing
        happened) and Unknown (COMMIT itself failed). `size` in bytes counts towards `waiting_bytes`.
        """
        job = _Job(apply, self._future(), events, size)
        self.waiting += 1
        self.waiting_bytes += size
        self._writes.put(job)
        done: T = await job.done
        return done

    async def read(self, look: Callable[[Connection], T]) -> T:
        """Run `look` on a connection that cannot write. It sees every write that was answered before."""
        job = _Job(look, self._future())
        self._reads.put(job)
        done: T = await job.done
        return done

    def _future(self) -> "asyncio.Future[Any]":
        if self._closed:
            raise Unavailable(f"{self.path} is closed")
        return self.loop.create_future()

    def start(self) -> None:
        """Start the threads. The file has to be there (`open_database` sees to that)."""
        self._threads = [Thread(target=self._serve_writes, name="sqlite-writer", daemon=True)]
        self._threads += [Thread(target=self._serve_reads, name="sqlite-reader", daemon=True) for _ in range(READERS)]
        for thread in self._threads:
            thread.start()

    async def close(self) -> None:
        """Answer everything that waits, then end the threads."""
        self._closed = True
        self._writes.put(None)
        for _ in range(READERS):
            self._reads.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def connect(self) -> Connection:
        """A connection as every thread here uses it: each commit is on the disk before it is answered."""
        connection = sqlite3.connect(
            self.path,
            timeout=self.busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _serve_reads(self) -> None:
        connection: Connection | None = None
        while (job := self._reads.get()) is not None:
            try:
                connection = connection or self._reader()
                job.run(connection)
            except sqlite3.Error as error:
                job.error = verdict(error)
            self._tell(job.resolve)
        if connection is not None:
            connection.close()

    def _reader(self) -> Connection:
        connection = self.connect()
        connection.execute("PRAGMA query_only = TRUE")
        return connection

    def _serve_writes(self) -> None:
        connection: Connection | None = None
        for jobs in self._groups():
            ends: Ends = {}
            try:
                connection = connection or self.connect()
                ends = _transact(connection, jobs, self.log)
            except Exception as error:  # noqa: BLE001 - the thread outlives every failure; each job is told of it
                _fail(jobs, verdict(error))
                # A connection whose COMMIT failed may hold pages that are not in the file: read it anew.
                connection = _left(connection, keep=not isinstance(error, Unknown))
            self._tell(self._answer, jobs, ends)
        if connection is not None:
            connection.close()

    def _groups(self) -> "Iterator[list[_Job[Any]]]":
        """Everything that waits, as one group after another, until the queue is closed."""
        more = True
        while more:
            jobs: list[_Job[Any]] = []
            size = 0
            job = self._writes.get()
            while job is not None:
                jobs.append(job)
                size += job.size
                if len(jobs) >= GROUP_JOBS or size >= GROUP_BYTES:
                    break
                try:
                    job = self._writes.get_nowait()
                except Empty:
                    break
            else:
                more = False
            if jobs:
                yield jobs

    def _answer(self, jobs: "list[_Job[Any]]", ends: Ends) -> None:
        self.waiting -= len(jobs)
        self.waiting_bytes -= sum(job.size for job in jobs)
        if ends and self.log is not None:
            self.log.appended(ends, _events(jobs))
        for job in jobs:
            job.resolve()

    def _tell(self, answer: Callable[..., None], *args: object) -> None:
        # A loop that is gone has nobody left who waits.
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(answer, *args)


def verdict(error: Exception) -> Exception:
    """`Unavailable` for what the file or the machine did; anything else is a bug and stays what it is."""
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, sqlite3.Error) and code is not None and code & 0xFF in AWAY:
        return Unavailable(f"SQLite: {error}")
    return error


def _transact(connection: Connection, jobs: "list[_Job[Any]]", log: Log | None) -> Ends:
    connection.execute("BEGIN IMMEDIATE")
    if len(jobs) == 1:
        jobs[0].run(connection)
    else:
        for job in jobs:
            _run_apart(connection, job)
    if all(job.error is not None for job in jobs):
        _roll_back(connection)
        return {}
    events = _events(jobs)
    ends = log.append(connection, events) if events and log is not None else {}
    try:
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise Unknown(f"SQLite: COMMIT failed: {error}") from error
    return ends


def _events(jobs: "list[_Job[Any]]") -> list[Outgoing]:
    return [event for job in jobs if job.error is None for event in job.events]


def _run_apart(connection: Connection, job: "_Job[Any]") -> None:
    connection.execute("SAVEPOINT job")
    job.run(connection)
    if job.error is not None:
        if not connection.in_transaction:  # SQLite has rolled all of it back itself (disk full, I/O error)
            raise job.error
        connection.execute("ROLLBACK TO job")
    connection.execute("RELEASE job")


def _roll_back(connection: Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _fail(jobs: "list[_Job[Any]]", error: Exception) -> None:
    for job in jobs:
        job.error = job.error or error


def _left(connection: Connection | None, *, keep: bool) -> Connection | None:
    """The connection after a failed transaction, rolled back; None when it was let go."""
    if connection is None:
        return None
    with suppress(sqlite3.Error):
        _roll_back(connection)
        if keep:
            return connection
    with suppress(sqlite3.Error):
        connection.close()
    return None


@asynccontextmanager
async def open_database(path: Path, *, busy_seconds: float = BUSY_SECONDS) -> AsyncIterator[Database]:
    """Open the file, making it (for its owner's eyes only) when it is missing. Leaving drains the writer.

    Another process that writes is waited for `busy_seconds`. Raises Misconfigured for a path that cannot be used.
    """
    sys.setswitchinterval(min(SWITCH_SECONDS, sys.getswitchinterval()))
    database = Database(path, busy_seconds, asyncio.get_running_loop())
    await asyncio.to_thread(_make, database)
    database.start()
    try:
        yield database
    finally:
        await database.close()


def _make(database: Database) -> None:
    try:
        database.path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(database.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        with closing(database.connect()) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except (OSError, sqlite3.Error) as error:
        raise Misconfigured(
            f"the database {database.path} cannot be opened: {error}. Set PASOKH_DATA (or PASOKH_BUS and PASOKH_STORE) "
            "to a place on a local disk that this process may write."
        ) from error
