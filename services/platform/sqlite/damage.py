"""Whether the file can be read: which tables are damaged, within a bounded time."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from threading import Timer
from time import monotonic
from typing import NamedTuple

from services.platform.core.errors import Unavailable

STEPS = 1000
"""Instructions of SQLite's virtual machine between two checks of the time."""
CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
ADVICE = "run `pasokh doctor`, then restore the last copy (docs/operations.md, Backup)"


class Damaged(Unavailable):
    """SQLite found a page that it cannot read. Only an operator can mend that, from a backup."""


class Checked(NamedTuple):
    """The damaged tables, and whether the time was enough to check all tables."""

    damaged: Sequence[str]
    is_whole: bool


def is_damage(error: sqlite3.Error) -> bool:
    """Whether this error says that the file itself is wrong."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in CODES


def check_file(path: Path, seconds: float, is_stopped: Callable[[], bool] = lambda: False) -> Checked:
    """`PRAGMA quick_check` of each table and its indexes, on a connection that cannot write. Blocks.

    It ends after `seconds`, or soon after `is_stopped` returns True. Raises sqlite3.Error when the file cannot be checked
    for another reason than damage.
    """
    until = monotonic() + seconds

    def is_over() -> bool:
        return is_stopped() or monotonic() > until

    damaged: list[str] = []
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)) as connection:
        connection.set_progress_handler(is_over, STEPS)
        # Before SQLite 3.41 the progress handler is not called while one table is checked: the timer interrupts it.
        alarm = Timer(seconds, connection.interrupt)
        alarm.daemon = True
        alarm.start()
        try:
            for table in _tables(connection):
                if is_over():
                    return Checked(damaged, False)
                if not _is_sound(connection, table):
                    damaged.append(table)
        except sqlite3.Error as error:
            if is_damage(error):
                return Checked([*damaged, "sqlite_schema"], True)
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return Checked(damaged, False)
        finally:
            alarm.cancel()
    return Checked(damaged, True)


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    return [str(name) for (name,) in rows]


def _is_sound(connection: sqlite3.Connection, table: str) -> bool:
    quoted = table.replace('"', '""')
    try:
        return connection.execute(f'PRAGMA quick_check("{quoted}")').fetchall() == [("ok",)]
    except sqlite3.Error as error:
        if is_damage(error):
            return False
        raise


def sentence(damaged: Sequence[str]) -> str:
    """What is wrong with the file, and what to do."""
    where = f" in {', '.join(damaged)}" if damaged else ""
    return f"the database file is damaged{where}: {ADVICE}"
