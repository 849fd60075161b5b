"""The log in SQLite: records by (topic, partition, offset), offsets contiguous from 0, the oldest removed in time."""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from operator import itemgetter

from services.platform.bus.port import Record
from services.platform.core.errors import Misconfigured, OffsetOutOfRange
from services.platform.sqlite.database import Connection, EndOffsets
from services.platform.sqlite.jobs import LogRecord
from services.platform.sqlite.rows import insert_rows

Span = tuple[int, int]
"""The offset of the first record that is there, and the offset that the next one will have."""

TABLES = """
CREATE TABLE IF NOT EXISTS bus_setting (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bus_record (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL, position INTEGER NOT NULL,
    at REAL NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS bus_record_position ON bus_record (topic, partition, position);
CREATE TABLE IF NOT EXISTS bus_span (
    topic TEXT NOT NULL, partition INTEGER NOT NULL, first INTEGER NOT NULL, following INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bus_member (
    consumers TEXT NOT NULL, member TEXT NOT NULL, joined INTEGER NOT NULL, beat REAL NOT NULL,
    PRIMARY KEY (consumers, member)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bus_owner (
    consumers TEXT NOT NULL, partition INTEGER NOT NULL, member TEXT NOT NULL, generation INTEGER NOT NULL,
    PRIMARY KEY (consumers, partition)) WITHOUT ROWID;
"""


def topic_name(topic: str) -> str:
    """The topic's name on the bus."""
    return f"pasokh.{topic}.v1"


def short_name(name: str) -> str:
    """The topic of its name on the bus."""
    return name.removeprefix("pasokh.").removesuffix(".v1")


def make_log(connection: Connection, partitions: int | None, default: int) -> int:
    """Make what is missing; returns the number of partitions. Raises Misconfigured for another number than it has."""
    for statement in filter(str.strip, TABLES.split(";")):
        connection.execute(statement)
    connection.execute("INSERT OR IGNORE INTO bus_setting VALUES ('partitions', ?)", (partitions or default,))
    actual: int = connection.execute("SELECT value FROM bus_setting WHERE name = 'partitions'").fetchone()[0]
    if partitions not in (None, actual):
        raise Misconfigured(
            f"the log was made with {actual} partitions, and that cannot be changed: "
            f"set PASOKH_PARTITIONS={actual} or leave it out (now {partitions}), or start with a new file"
        )
    return actual


def append(connection: Connection, events: Sequence[LogRecord], at: float) -> EndOffsets:
    """Append the events in order; returns where the partitions that got some now end. `at`: Unix seconds."""
    names = [topic_name(event.topic) for event in events]
    counts = Counter(zip(names, (event.partition for event in events), strict=True))
    spans = insert_rows(
        connection,
        "INSERT INTO bus_span",
        [(topic, partition, 0, count) for (topic, partition), count in counts.items()],
        "ON CONFLICT (topic, partition) DO UPDATE SET following = following + excluded.following"
        " RETURNING topic, partition, following",
    )
    ends: EndOffsets = {(str(topic), int(str(partition))): int(str(end)) for topic, partition, end in spans}
    # `following` of a span is the offset behind the new records: count back to the first of them.
    following = {place: ends[place] - count for place, count in counts.items()}
    rows = []
    for name, event in zip(names, events, strict=True):
        place = (name, event.partition)
        rows.append((name, event.partition, following[place], at, event.key, event.value))
        following[place] += 1
    insert_rows(connection, "INSERT INTO bus_record (topic, partition, position, at, key, value)", rows)
    return ends


def spans(connection: Connection) -> dict[tuple[str, int], Span]:
    """Where the log of each partition begins and ends; one that never had a record is left out."""
    rows = connection.execute("SELECT topic, partition, first, following FROM bus_span").fetchall()
    return {(topic, partition): (first, following) for topic, partition, first, following in rows}


def read(
    connection: Connection, partition: int, positions: Mapping[str, int], *, limit: int, max_bytes: int
) -> list[Record]:
    """The next records, in the order of their arrival. Raises OffsetOutOfRange when a topic has no record at its position."""
    records: list[Record] = []
    size = 0
    # A cursor that is left open would keep this connection at an old snapshot of the file.
    with ExitStack() as stack:
        sources = [_range_query(connection, stack, t, partition, position, limit) for t, position in positions.items()]
        for _, record in heapq.merge(*sources, key=itemgetter(0)):
            size += len(record.value)
            if records and (len(records) == limit or size > max_bytes):
                break
            records.append(record)
    return records


def _range_query(
    connection: Connection, stack: ExitStack, topic: str, partition: int, position: int, limit: int
) -> Iterator[tuple[int, Record]]:
    rows = stack.enter_context(closing(connection.cursor()))
    rows.execute(
        "SELECT id, position, key, value FROM bus_record WHERE topic = ? AND partition = ? AND position >= ?"
        " ORDER BY position LIMIT ?",
        (topic_name(topic), partition, position, limit),
    )
    expected = position
    for order, offset, key, value in rows:
        if offset != expected:
            raise OffsetOutOfRange(f"{topic}/{partition} has no record at {expected}; the next one is at {offset}")
        expected += 1
        yield order, Record(topic, partition, offset, key, value)
    if expected == position:
        raise OffsetOutOfRange(f"{topic}/{partition} has no record at {position} or after it")


def trim(connection: Connection, topic: str, partition: int, before: float, limit: int) -> int:
    """Remove the oldest records of a partition that came `before` (Unix seconds), at most `limit`; returns how many."""
    oldest = connection.execute(
        "SELECT position, at FROM bus_record WHERE topic = ? AND partition = ? ORDER BY position LIMIT ?",
        (topic, partition, limit),
    ).fetchall()
    old = next((n for n, (_, at) in enumerate(oldest) if at >= before), len(oldest))
    if old:
        connection.execute(
            "DELETE FROM bus_record WHERE topic = ? AND partition = ? AND position <= ?",
            (topic, partition, oldest[old - 1][0]),
        )
        connection.execute(
            "UPDATE bus_span SET first = first + ? WHERE topic = ? AND partition = ?", (old, topic, partition)
        )
    return old


def find(
    connection: Connection, topic: str, partition: int, term: bytes, positions: Span, limit: int
) -> list[tuple[int, Record]]:
    """The records between two positions whose key or value has these bytes, with the ids of their rows; at most `limit`."""
    rows = connection.execute(
        "SELECT id, position, key, value FROM bus_record WHERE topic = ? AND partition = ? AND position >= ? AND position < ?"
        " AND (instr(value, ?) OR instr(CAST(key AS BLOB), ?)) ORDER BY position LIMIT ?",
        (topic_name(topic), partition, *positions, term, term, limit),
    ).fetchall()
    return [(row, Record(topic, partition, position, key, value)) for row, position, key, value in rows]


def replace(connection: Connection, records: Sequence[tuple[int, str, bytes]]) -> None:
    """Give records, by the ids of their rows, another key and value."""
    connection.executemany(
        "UPDATE bus_record SET key = ?, value = ? WHERE id = ?", [(key, value, row) for row, key, value in records]
    )


def touch(connection: Connection, at: float) -> None:
    """Write one row, which shows whether the disk takes writes. `at`: Unix seconds."""
    connection.execute("INSERT OR REPLACE INTO bus_setting VALUES ('checked', ?)", (at,))
