"""One SQLite file: one connection that writes, with group commit, and connections that read.

The bus and the store of one file share one `Database`, so that a commit and the events it causes are one transaction.
SQLite's WAL lets readers go on while one writes; several processes may share the file, one writing at a time.

Statements run in the event loop, where they take some microseconds each; on a thread, each would wait twice for the
interpreter. COMMIT, which waits for the disk, runs on a thread, and what is to be written meanwhile is the next
transaction (docs/adr/0006).
"""

import asyncio
import os
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import structlog

from services.platform.core.backoff import Backoff
from services.platform.core.errors import Misconfigured, Unavailable, Unknown
from services.platform.sqlite.connections import connect, connect_reader
from services.platform.sqlite.damage import Damaged
from services.platform.sqlite.damage_monitor import DamageMonitor
from services.platform.sqlite.jobs import (
    Connection,
    EndOffsets,
    Job,
    Jobs,
    Log,
    LogRecord,
    events_to_append,
    is_busy,
    roll_back,
    rollback_or_discard,
    run_jobs,
    translate_error,
)
from services.platform.sqlite.periodic import periodic
from services.platform.sqlite.worker_thread import WorkerThreads

__all__ = ["BUSY_SECONDS", "Connection", "Database", "EndOffsets", "open_database"]

_log = structlog.get_logger(__name__)

T = TypeVar("T")
READERS = 2
BUSY_SECONDS = 5.0
TRUNCATE_EVERY_SECONDS = 3600.0
"""Seconds between two times at which the write-ahead log is emptied."""
TRUNCATE_SECONDS, TRUNCATE_TRIES = 0.1, 50
"""How long emptying the log waits for those who read or write, and between its tries."""
LOOP_TICKS_BETWEEN_COMMITS = 3
"""Ticks of the event loop between two transactions. A task that a commit has woken reads, decides and queues its next write
within them, so that this write is in the next transaction; without them, most such writes waited for the one after."""
FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.001, 0.02
"""Seconds between two tries to begin, while another process writes."""


@dataclass(slots=True)
class Database:
    """An open file. All methods are for the event loop that opened it.

    `waiting` counts the writes that are not answered yet, `waiting_bytes` their size in bytes. `log` is the bus that shares
    the file, if one does: it appends the events of a transaction within it.
    """

    path: Path
    busy_seconds: float
    loop: asyncio.AbstractEventLoop
    log: Log | None = None
    waiting: int = 0
    waiting_bytes: int = 0
    _closed: bool = False
    _jobs: Jobs = field(default_factory=deque)
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)
    _writing: "asyncio.Task[None] | None" = None
    _writer: Connection | None = None
    _reader: Connection | None = None
    _idle_readers: "SimpleQueue[Connection]" = field(default_factory=SimpleQueue)
    damage: DamageMonitor = field(init=False)
    _disk: WorkerThreads = field(init=False)
    _reading: WorkerThreads = field(init=False)

    def __post_init__(self) -> None:
        self.damage = DamageMonitor(self.path, self.loop)
        self._disk = WorkerThreads(self.loop, "sqlite-writer")
        self._reading = WorkerThreads(self.loop, "sqlite-reader", READERS)

    async def write(self, apply: Callable[[Connection], T], events: Sequence[LogRecord] = (), *, size: int = 0) -> T:
        """Run `apply` in the next transaction, append `events` to the log with it, return after COMMIT.

        What `apply` raises undoes it alone, not its neighbours in the transaction. Raises Unavailable (nothing
        happened) and Unknown (COMMIT itself failed). `size` in bytes counts towards `waiting_bytes`.
        """
        self._check_open()
        job = Job(apply, self.loop.create_future(), events, size)
        self.waiting += 1
        self.waiting_bytes += size
        self._jobs.append(job)
        self._wanted.set()
        done: T = await job.done
        return done

    async def read_inline(self, query: Callable[[Connection], T]) -> T:
        """As `read`, but in the event loop: for queries of some microseconds, which is less than a thread costs."""
        self._check_open()
        try:
            self._reader = self._reader or connect_reader(self.path, 0)
            result = query(self._reader)
        except sqlite3.Error as error:
            if not is_busy(error):
                raise self._verdict(error) from error
            return await self.read(query)
        # A coroutine that reads in a loop never waits for anything else: give other tasks their turn.
        await asyncio.sleep(0)
        return result

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` on a thread, on a connection that cannot write. It sees every write that was answered before."""
        self._check_open()
        try:
            return await self._reading.run(partial(self._read, query))
        except Damaged as found:
            self.damage.note(found)
            raise

    async def truncate_log(self) -> bool:
        """Copy the write-ahead log into the file and empty it: it has the old pages of what was deleted since.

        False: somebody read or wrote at each of some tries, so that it is left for the next time. Raises Unavailable.
        """
        for _ in range(TRUNCATE_TRIES):
            self._check_open()
            if await self._reading.run(partial(_truncate_log, self.path)):
                return True
            await asyncio.sleep(TRUNCATE_SECONDS)
        _log.info("sqlite_log_not_emptied", path=str(self.path))
        return False

    def check_sound(self) -> None:
        """Raise Damaged when any part of the file could not be read since it was opened."""
        self.damage.check_sound()

    def _verdict(self, error: Exception) -> Exception:
        """The verdict on an error; damage is noted, because it does not mend itself."""
        translated = translate_error(error)
        if isinstance(translated, Damaged):
            self.damage.note(translated)
        return translated

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable(f"{self.path} is closed")

    def start(self) -> None:
        """Start the threads. The file has to be there (`open_database` sees to that)."""
        self._disk.start()
        self._reading.start()
        self._writing = self.loop.create_task(self._write_groups())

    async def close(self) -> None:
        """Answer everything that waits, then end the threads."""
        self._closed = True
        self._wanted.set()
        await self.damage.close()
        if self._writing is not None:
            await self._writing
        await self._disk.close()
        await self._reading.close()
        readers = [self._idle_readers.get_nowait() for _ in range(self._idle_readers.qsize())]
        for connection in (self._writer, self._reader, *readers):
            if connection is not None:
                connection.close()

    # -- threads -------------------------------------------------------------------------------------------------------

    def _read(self, query: Callable[[Connection], T]) -> T:
        try:
            connection = self._idle_reader()
            try:
                return query(connection)
            finally:
                self._idle_readers.put(connection)
        except sqlite3.Error as error:
            raise translate_error(error) from error

    def _idle_reader(self) -> Connection:
        # At most one connection per thread: a thread takes one out of the queue for as long as it reads.
        return connect_reader(self.path, self.busy_seconds) if self._idle_readers.empty() else self._idle_readers.get()

    def _connect_writer(self) -> Connection:
        """The writer's connection. It does not wait for a lock, which would block the event loop: `_begin` waits."""
        connection = connect(self.path, self.busy_seconds)
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    # -- writing -------------------------------------------------------------------------------------------------------

    async def _write_groups(self) -> None:
        """Everything that waits, as one transaction after another, until the file is closed."""
        while self._jobs or not self._closed:
            if self._jobs:
                await self._write_group()
            else:
                self._wanted.clear()
                await self._wanted.wait()

    async def _write_group(self) -> None:
        """One transaction of the jobs that wait. A failure goes to the jobs that it concerns; writing goes on."""
        jobs: list[Job[Any]] = []
        ends: EndOffsets = {}
        waited = len(self._jobs)
        try:
            ends = await self._transact(await self._begin(), jobs)
        except Exception as error:  # noqa: BLE001 - see above
            # Nothing was begun: these writes have waited for `busy_seconds`, and later ones get a try of their own.
            jobs = jobs or [self._jobs.popleft() for _ in range(waited)]
            for job in jobs:
                job.error = job.error or self._verdict(error)
            # After a failed COMMIT the connection may cache pages that are not in the file: open another one.
            self._writer = rollback_or_discard(self._writer, keep=not isinstance(error, Unknown))
        self._resolve_jobs(jobs, ends)
        for _ in range(LOOP_TICKS_BETWEEN_COMMITS):
            await asyncio.sleep(0)

    async def _begin(self) -> Connection:
        """Open a transaction; another process that writes is waited for."""
        until = self.loop.time() + self.busy_seconds
        backoff = Backoff(FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS)
        while True:
            try:
                if self._writer is None:
                    self._writer = await self._disk.run(self._connect_writer)
                self._writer.execute("BEGIN IMMEDIATE")
                return self._writer
            except sqlite3.Error as error:
                if not is_busy(error) or self.loop.time() >= until:
                    raise
            await asyncio.sleep(backoff.next())

    async def _transact(self, connection: Connection, jobs: list[Job[Any]]) -> EndOffsets:
        """What waits now, as far as it goes together: `jobs` gets that. Raises what undid all of it."""
        run_jobs(connection, self._jobs, jobs)
        if all(job.error is not None for job in jobs):
            roll_back(connection)
            return {}
        events = events_to_append(jobs)
        ends = self.log.append(connection, events) if events and self.log is not None else {}
        try:
            await self._disk.run(partial(connection.execute, "COMMIT"))
        except sqlite3.Error as error:
            raise Unknown(f"SQLite: COMMIT failed: {error}") from error
        return ends

    def _resolve_jobs(self, jobs: list[Job[Any]], ends: EndOffsets) -> None:
        self.waiting -= len(jobs)
        self.waiting_bytes -= sum(job.size for job in jobs)
        if ends and self.log is not None:
            self.log.appended(ends, events_to_append(jobs))
        for job in jobs:
            if isinstance(job.error, Damaged):
                self.damage.note(job.error)
            job.resolve()


@asynccontextmanager
async def open_database(
    path: Path, *, busy_seconds: float = BUSY_SECONDS, check_after_crash: bool = False
) -> AsyncIterator[Database]:
    """Open the file, making it (for its owner's eyes only) when it is missing. Leaving drains the writer.

    Another process that writes is waited for `busy_seconds`. `check_after_crash`: when the file was not closed by who had it
    last, look beside everything else whether it is damaged. Raises Misconfigured for a path that cannot be used.
    """
    database = Database(path, busy_seconds, asyncio.get_running_loop())
    was_closed = await asyncio.to_thread(_was_closed, path)
    await asyncio.to_thread(_make, database)
    database.start()
    if check_after_crash and not was_closed:
        database.damage.start_check()
    try:
        async with periodic(database.truncate_log, TRUNCATE_EVERY_SECONDS):
            yield database
    finally:
        await database.close()


def _truncate_log(path: Path) -> bool:
    with closing(connect(path, TRUNCATE_SECONDS)) as connection:
        try:
            # The first column says whether a lock of somebody else's was in the way.
            is_blocked, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            if is_busy(error):
                return False
            raise translate_error(error) from error
    return not is_blocked


def _was_closed(path: Path) -> bool:
    """SQLite takes its log away when the last connection is closed; after a crash something is left in it."""
    log_file = path.with_name(f"{path.name}-wal")
    return not log_file.exists() or log_file.stat().st_size == 0


def _make(database: Database) -> None:
    try:
        database.path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(database.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        with closing(connect(database.path, database.busy_seconds)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except (OSError, sqlite3.Error) as error:
        raise Misconfigured(
            f"the database {database.path} cannot be opened: {error}. Set PASOKH_DATA (or PASOKH_BUS and PASOKH_STORE) "
            "to a place on a local disk that this process may write."
        ) from error
