# ruff: noqa: S608 - names are those of declared collections and fields, quoted; every value is a parameter
"""Documents in SQLite: a table per collection, with a real column beside the JSON for each field of an index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from schemas.values import Json
from services.platform.core.errors import Fenced
from services.platform.sqlite.database import Connection
from services.platform.sqlite.rows import insert_rows, pad, placeholders
from services.platform.store.port import Collection, Condition, Document, Expiry, Index, Key, Put

Values = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A collection as a table. `columns` are its indexed fields."""

    name: str
    table: str
    columns: tuple[str, ...]
    indexes: Mapping[str, Index]
    insert: str
    upsert: str
    expires: Expiry | None = None

    def row(self, put: Put) -> Values:
        """The values of one row: id, JSON, indexed fields. Raises TypeError for what an index cannot hold."""
        document = put.document
        indexed = [_indexed(document, column) for column in self.columns]
        return (put.key.id, orjson.dumps(document).decode(), *indexed)

    def index(self, name: str) -> Index:
        """A declared index. Raises LookupError for another."""
        if name not in self.indexes:
            raise LookupError(f"the collection {self.name} has no index {name}; it has {sorted(self.indexes)}")
        return self.indexes[name]


@dataclass(frozen=True, slots=True)
class WriteSet:
    """A commit, encoded: conditions by table, rows by shape, ids to remove by table."""

    conditions: Sequence[tuple[str, Condition]]
    rows: Sequence[tuple[TableSchema, Sequence[Values]]]
    removed: Sequence[tuple[str, Sequence[str]]]


def table_schema(collection: Collection[Any]) -> TableSchema:
    """The table of a collection."""
    # Real columns instead of indexes over expressions: a query reads them without parsing the JSON of each row.
    columns = tuple(dict.fromkeys(f for index in collection.indexes for f in index.fields))
    replaced = ", ".join(f"{name} = excluded.{name}" for name in ("doc", *map(column_name, columns)))
    table = _quoted(f"doc_{collection.name}")
    return TableSchema(
        name=collection.name,
        table=table,
        columns=columns,
        indexes={index.name: index for index in collection.indexes},
        insert=f"INSERT INTO {table} ({', '.join(['id', 'doc', *map(column_name, columns)])})",
        upsert=f"ON CONFLICT (id) DO UPDATE SET {replaced}",
        expires=collection.expires,
    )


def column_name(field: str) -> str:
    """The quoted column of an indexed field."""
    return _quoted(f"at_{field}")


def index_name(shape: TableSchema, index: Index) -> str:
    """The quoted name of an index; it names the fields, so that a changed declaration is another index."""
    return _quoted(f"ix_{shape.name}({','.join(index.fields)})")


def make_table(connection: Connection, shape: TableSchema) -> None:
    """Make the table, its columns (filled from the documents that exist) and its indexes, where they are missing."""
    connection.execute(f"CREATE TABLE IF NOT EXISTS {shape.table} (id TEXT PRIMARY KEY NOT NULL, doc TEXT NOT NULL)")
    there = {row[1] for row in connection.execute(f"PRAGMA table_info({shape.table})")}
    for field in shape.columns:
        if f"at_{field}" not in there:
            connection.execute(f"ALTER TABLE {shape.table} ADD COLUMN {column_name(field)}")
            connection.execute(
                f"UPDATE {shape.table} SET {column_name(field)} = json_extract(doc, ?)", (_json_path(field),)
            )
    for index in shape.indexes.values():
        columns = ", ".join([*map(column_name, index.fields), "id"])
        connection.execute(f"CREATE INDEX IF NOT EXISTS {index_name(shape, index)} ON {shape.table} ({columns})")


def read_documents(
    connection: Connection, wanted: Sequence[tuple[TableSchema, Sequence[str]]]
) -> list[tuple[Key, Document]]:
    """The documents that exist, all of one snapshot of the file."""
    if not wanted:
        return []
    # One statement sees one snapshot; several would need a transaction around them.
    padded = [pad(ids) for _, ids in wanted]
    statement = " UNION ALL ".join(
        f"SELECT {n}, id, doc FROM {shape.table} WHERE id IN ({placeholders(len(padded[n]))})"
        for n, (shape, _) in enumerate(wanted)
    )
    rows = connection.execute(statement, [i for ids in padded for i in ids]).fetchall()
    return [(Key(wanted[n][0].name, i), orjson.loads(doc)) for n, i, doc in rows]


def delete_below(connection: Connection, shape: TableSchema, field: str, bound: str, limit: int) -> int:
    """Delete the documents with the lowest values of an indexed field, those below `bound`; returns how many."""
    column = column_name(field)
    oldest = f"SELECT id FROM {shape.table} WHERE {column} < ? ORDER BY {column} LIMIT ?"
    return connection.execute(f"DELETE FROM {shape.table} WHERE id IN ({oldest})", (bound, limit)).rowcount


def read_after(connection: Connection, shape: TableSchema, after: str, limit: int) -> list[tuple[str, Document]]:
    """Documents by id, from the first one after this one."""
    statement = f"SELECT id, doc FROM {shape.table} WHERE id > ? ORDER BY id LIMIT ?"
    return [(str(i), orjson.loads(doc)) for i, doc in connection.execute(statement, (after, limit)).fetchall()]


def apply_edit(connection: Connection, edit: WriteSet) -> None:
    """Check the conditions, then remove, then write. Raises Fenced before anything is changed."""
    for table, condition in edit.conditions:
        _check_condition(connection, table, condition)
    # Removed before written: a commit may delete a document and put one of the same id.
    for table, ids in edit.removed:
        padded = pad(ids)
        connection.execute(f"DELETE FROM {table} WHERE id IN ({placeholders(len(padded))})", padded)
    for shape, rows in edit.rows:
        insert_rows(connection, shape.insert, rows, shape.upsert)


def _check_condition(connection: Connection, table: str, condition: Condition) -> None:
    found = connection.execute(f"SELECT doc FROM {table} WHERE id = ?", (condition.key.id,)).fetchone()
    if condition.equals is None:
        if found is not None:
            raise Fenced(f"{condition.key} exists")
    elif found is None or field_value(orjson.loads(found[0]), condition.field) != condition.equals:
        raise Fenced(f"{condition.key}: {condition.field} is not {condition.equals}")


def field_value(document: Json, field: str) -> Json:
    """The value at a dotted path; None where there is none."""
    if "." not in field:
        return document.get(field) if isinstance(document, dict) else None
    for part in field.split("."):
        if not isinstance(document, dict):
            return None
        document = document.get(part)
    return document


def _indexed(document: Document, field: str) -> Json:
    value = field_value(document, field)
    if isinstance(value, dict | list):
        raise TypeError(f"the indexed field {field} holds a {type(value).__name__}; an index orders single values")
    return value


def _json_path(field: str) -> str:
    return "$" + "".join(f'."{part}"' for part in field.split("."))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def decoded(text: str) -> Document:
    """The document of its JSON."""
    document: dict[str, Any] = orjson.loads(text)
    return document
