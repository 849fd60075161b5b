"""Inserts many rows by few statements, whose compiled form SQLite's cache keeps."""

from collections.abc import Sequence

from services.platform.sqlite.database import Connection

MAX_ROWS = 32
"""Rows per statement, at most: of few lengths, so that the statements stay compiled."""


def insert_rows(
    connection: Connection, head: str, rows: Sequence[Sequence[object]], tail: str = ""
) -> list[Sequence[object]]:
    """Run `head VALUES (...), ... tail` for all rows, in order; returns the rows of a `RETURNING` in `tail`."""
    returned: list[Sequence[object]] = []
    for start in range(0, len(rows), MAX_ROWS):
        part = rows[start : start + MAX_ROWS]
        values = [value for row in part for value in row]
        returned += connection.execute(_statement(head, len(part[0]), len(part), tail), values).fetchall()
    return returned


def _statement(head: str, width: int, count: int, tail: str) -> str:
    return f"{head} VALUES {', '.join([f'({placeholders(width)})'] * count)} {tail}"


def pad(values: Sequence[str]) -> list[str]:
    """The values, the last repeated up to a power of two: lists for IN, of few lengths."""
    missing = (1 << (len(values) - 1).bit_length()) - len(values)
    return [*values, *[values[-1]] * missing]


def placeholders(count: int) -> str:
    """So many parameters: `?, ?`."""
    return ", ".join("?" * count)
