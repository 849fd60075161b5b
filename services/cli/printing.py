"""Output of commands: JSON for programs, tables for people."""

import sys
from collections.abc import Sequence

import orjson
from rich.console import Console
from rich.table import Table

PIPED_WIDTH = 1000


def print_json(value: object) -> None:
    """One JSON value on stdout, indented."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


def print_line(value: object) -> None:
    """One JSON value on one line of stdout."""
    sys.stdout.write(orjson.dumps(value).decode() + "\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], when_empty: str) -> None:
    """Print a table; `when_empty` instead when there are no rows."""
    if not rows:
        echo(when_empty)
        return
    table = Table(box=None, pad_edge=False)
    for column in columns:
        # Users copy ids, so long values are wrapped and never cut.
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH).print(table)


def echo(line: str = "") -> None:
    """Print one line to stdout and flush it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
