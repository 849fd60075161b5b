"""Copies of SQLite files while others write to them: all of the same moment, and checked."""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path

from services.platform.core.errors import Misconfigured, Unavailable
from services.platform.sqlite.database import BUSY_SECONDS
from services.platform.sqlite.jobs import Connection

LAYOUT = 1
"""The number in the files (`user_version`) that a later, incompatible layout of their tables would raise."""
MODE = 0o600
REPORTED_DAMAGES = 3


def copy_at_one_moment(copies: Mapping[Path, Path]) -> None:
    """Copy each file to a new one of mode 0600, all as they were at one moment, with everything committed before it.

    Writers wait some milliseconds for that moment and then go on while the pages are copied. Each copy is on the disk
    afterwards. Raises Unavailable when a file is missing or cannot be read, or when a copy cannot be written.
    """
    try:
        with ExitStack() as stack:
            readers = {path: stack.enter_context(_reader(path)) for path in copies}
            # While all files are locked, no commit can fall between the snapshots of two of them.
            with ExitStack() as locks:
                for path in copies:
                    locks.enter_context(_write_lock(path))
                for reader in readers.values():
                    _begin_reading(reader)
            for path, copy in copies.items():
                _copy(readers[path], copy)
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(f"the data cannot be copied: {error}") from error


def check_whole(path: Path) -> None:
    """Read every page and index of a file that nobody writes to.

    Raises Misconfigured for a file that is damaged, is no database, or is of a later layout than ours.
    """
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)) as connection:
            found = [line for (line,) in connection.execute(f"PRAGMA integrity_check({REPORTED_DAMAGES})")]
            layout = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise Misconfigured(f"the database {path.name} is damaged: {error}.") from error
    if found != ["ok"]:
        raise Misconfigured(f"the database {path.name} is damaged: {'; '.join(found)}.")
    if layout > LAYOUT:
        raise Misconfigured(f"the database {path.name} has layout {layout}, and this version knows {LAYOUT} at most.")


def _reader(path: Path) -> "closing[Connection]":
    # A missing file is an error here, never a new and empty database.
    return closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None))


def _write_lock(path: Path) -> ExitStack:
    stack = ExitStack()
    connection = stack.enter_context(_reader(path))
    connection.execute("BEGIN IMMEDIATE")
    stack.callback(connection.execute, "ROLLBACK")
    return stack.pop_all()


def _begin_reading(connection: Connection) -> None:
    """Take the snapshot: from here on the connection sees this state of the file, whatever is committed later."""
    # BEGIN alone takes no snapshot: the first read does.
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()


def _copy(reader: Connection, copy: Path) -> None:
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, MODE))
    with closing(sqlite3.connect(copy, isolation_level=None)) as target:
        # In one step: with several, SQLite starts over whenever another process has written.
        reader.backup(target, pages=-1)
        # Without a WAL file beside it: whoever moves the copy would forget that.
        target.execute("PRAGMA journal_mode = DELETE")
    flush(copy)


def flush(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
