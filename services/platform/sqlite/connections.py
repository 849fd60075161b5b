"""Connections to the file, with the settings that all of them share."""

import sqlite3
from pathlib import Path

from services.platform.sqlite.jobs import Connection

CHECKPOINT_PAGES = 8_000
"""Of 4 KiB. The pages of a busy shop are written again and again: with the default of 1,000 they went to the file up to ten
times a second. The log grows to some 32 MiB, and recovers in a fraction of a second."""
CACHE_KIB = 32_768
"""Per connection, as it is needed. The default of 2 MiB did not hold the pages of a minute."""


def connect(path: Path, busy_seconds: float) -> Connection:
    """A connection whose commits are on the disk before they are answered. It waits `busy_seconds` for a lock.

    Raises sqlite3.Error.
    """
    connection = sqlite3.connect(
        path, timeout=busy_seconds, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    connection.execute("PRAGMA journal_mode = WAL")
    # With WAL, NORMAL would sync at a checkpoint only: a power cut would take back commits that were answered.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    # What is deleted is overwritten with zeros: no file shows a text that had to go (docs/storage-limits.md).
    connection.execute("PRAGMA secure_delete = ON")
    # A negative number is in KiB, a positive one in pages.
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return connection


def connect_reader(path: Path, busy_seconds: float) -> Connection:
    """A connection that cannot write. Raises sqlite3.Error."""
    connection = connect(path, busy_seconds)
    connection.execute("PRAGMA query_only = TRUE")
    return connection
