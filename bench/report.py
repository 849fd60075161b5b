"""Prints measurements and the machine that they were made on."""

import os
import platform
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

COMMITS = 200
FAST_COMMIT = 0.0005
"""The seconds of a commit on the reference disk, for which the limits in milliseconds are stated."""


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One line of the report. `ratio` is None for a figure without a limit; `least`: the limit is a minimum."""

    name: str
    figures: str
    ratio: float | None = None
    limit: float = 0.0
    least: bool = False

    @property
    def verdict(self) -> str:
        """`PASS`, `over`, or an empty text without a limit."""
        if self.ratio is None:
            return ""
        is_met = self.ratio >= self.limit if self.least else self.ratio <= self.limit
        return "PASS" if is_met else "over"


def show(line: ResultRow) -> None:
    """Print a line immediately, because the next measurement takes a while."""
    limit = f"{line.ratio:7.2f}  {'>=' if line.least else '<='} {line.limit:<6g} {line.verdict}" if line.verdict else ""
    print(f"{line.name:36} {line.figures:62} {limit}".rstrip(), flush=True)


def heading() -> None:
    """Print the environment and the names of the columns."""
    cpus, load = os.cpu_count(), os.getloadavg()[0]
    print(f"{platform.system()} {platform.release()} {platform.machine()}, {cpus} CPUs, load {load:.1f} before")
    print(f"CPython {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {_now()}")
    print(f"\n{'row':36} {'figures':62} {'ratio':>7}  limit", flush=True)


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())


def percentile(values: Sequence[float], share: float) -> float:
    """The quantile: the value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def bare_commits(folder: Path) -> list[float]:
    """The seconds of each of many commits of 2 kB in sequence, with the settings of the engine: WAL, synchronous."""
    path = folder / f"commits-{time.monotonic_ns()}.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE document (id INTEGER PRIMARY KEY, doc TEXT)")
        return [_commit(connection) for _ in range(COMMITS)]


def _commit(connection: sqlite3.Connection) -> float:
    begun = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO document (doc) VALUES (?)", ("x" * 2000,))
    connection.execute("COMMIT")
    return time.perf_counter() - begun
