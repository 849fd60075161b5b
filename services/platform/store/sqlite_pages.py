# ruff: noqa: S608 - names are those of declared collections and fields, quoted; every value is a parameter
"""One page of a query, by keyset: the cursor holds the ordering values and the id of the last document of a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemas.values import Json
from services.platform.sqlite.database import Connection
from services.platform.store.cursors import KeysetPosition, decode_cursor, encode_cursor
from services.platform.store.port import DocumentPage, Query
from services.platform.store.sqlite_documents import TableSchema, Values, column_name, decoded, index_name


@dataclass(frozen=True, slots=True)
class WhereClause:
    """SQL terms joined by AND, with their values."""

    terms: tuple[str, ...] = ()
    values: Values = ()

    def __and__(self, other: "WhereClause") -> "WhereClause":
        return WhereClause(self.terms + other.terms, self.values + other.values)


@dataclass(frozen=True, slots=True)
class SqliteQueryPlan:
    """A checked query. `order` are the fields after the equality prefix; `after` is where the last page ended."""

    query: Query
    shape: TableSchema
    order: tuple[str, ...]
    after: KeysetPosition | None

    @property
    def columns(self) -> list[str]:
        """The columns that order the documents."""
        return [*map(column_name, self.order), "id"]


def plan_query(shape: TableSchema, query: Query) -> SqliteQueryPlan:
    """Check a query. Raises LookupError for what no declared index answers, ValueError for a bad cursor."""
    fields = shape.index(query.index).fields
    prefix, order = fields[: len(query.equals)], fields[len(query.equals) :]
    if set(prefix) != set(query.equals):
        raise LookupError(f"{sorted(query.equals)} are not the first fields of {shape.name}.{query.index}: {fields}")
    if not order and (query.at_least is not None or query.below is not None):
        raise LookupError(f"{shape.name}.{query.index} has no field left to bound")
    after = None if query.after is None else decode_cursor(query, query.after, len(order) + 1)
    return SqliteQueryPlan(query, shape, order, after)


def read_page(connection: Connection, plan: SqliteQueryPlan) -> DocumentPage:
    """The page, all of one snapshot of the file. One document more than `limit` is read: it says whether a page follows."""
    wanted = plan.query.limit + 1
    rows: list[tuple[Json, ...]] = []
    # A transaction, so that all segments see the same snapshot.
    connection.execute("BEGIN")
    try:
        for segment in _segments(plan):
            rows += _select(connection, plan, _chosen(plan) & segment, wanted - len(rows))
            if len(rows) == wanted:
                break
    finally:
        connection.execute("ROLLBACK")
    page = rows[: plan.query.limit]
    following = encode_cursor(plan.query, list(page[-1][1:])) if len(rows) == wanted and page else None
    return DocumentPage([(str(row[-1]), decoded(str(row[0]))) for row in page], following)


def count_documents(connection: Connection, plan: SqliteQueryPlan) -> int:
    """How many documents the query finds: of the index alone, without reading one of them."""
    index, where = index_name(plan.shape, plan.shape.index(plan.query.index)), _chosen(plan)
    statement = (
        f"SELECT count(*) FROM {plan.shape.table} INDEXED BY {index} WHERE {' AND '.join(where.terms or ('TRUE',))}"
    )
    return int(connection.execute(statement, where.values).fetchone()[0])


def _select(connection: Connection, plan: SqliteQueryPlan, where: WhereClause, limit: int) -> list[tuple[Json, ...]]:
    turned = " DESC" if plan.query.descending else ""
    index = index_name(plan.shape, plan.shape.index(plan.query.index))
    statement = (
        f"SELECT doc, {', '.join(plan.columns)} FROM {plan.shape.table} INDEXED BY {index}"
        f" WHERE {' AND '.join(where.terms or ('TRUE',))}"
        f" ORDER BY {', '.join(column + turned for column in plan.columns)} LIMIT ?"
    )
    return connection.execute(statement, (*where.values, limit)).fetchall()


def _chosen(plan: SqliteQueryPlan) -> WhereClause:
    where = WhereClause()
    for field, value in plan.query.equals.items():
        where &= _equal(column_name(field), value)
    for operator, value in ((">=", plan.query.at_least), ("<", plan.query.below)):
        if value is not None:
            where &= WhereClause((f"{column_name(plan.order[0])} {operator} ?",), (value,))
    return where


def _segments(plan: SqliteQueryPlan) -> Iterator[WhereClause]:
    """What comes after the cursor, as ranges of the index in their order.

    A row comparison `(a, b) > (?, ?)` would be one range, but is never true where a value is null; null sorts first.
    """
    if plan.after is None:
        yield WhereClause()
        return
    for position in reversed(range(len(plan.columns))):
        same = WhereClause()
        for column, value in zip(plan.columns[:position], plan.after[:position], strict=True):
            same &= _equal(column, value)
        for beyond in _beyond(plan.columns[position], plan.after[position], descending=plan.query.descending):
            yield same & beyond


def _beyond(column: str, value: Json, *, descending: bool) -> Sequence[WhereClause]:
    if value is None:
        return () if descending else (WhereClause((f"{column} IS NOT NULL",)),)
    if descending:
        return (WhereClause((f"{column} < ?",), (value,)), WhereClause((f"{column} IS NULL",)))
    return (WhereClause((f"{column} > ?",), (value,)),)


def _equal(column: str, value: Json) -> WhereClause:
    if isinstance(value, dict | list):
        return WhereClause(("FALSE",))  # an index holds single values
    return WhereClause((f"{column} IS NULL",)) if value is None else WhereClause((f"{column} = ?",), (value,))
