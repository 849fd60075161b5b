"""Pages of a query as filters of MongoDB: ranges of an index, keyset cursors. No driver is used here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.values import Json
from services.platform.store.cursors import KeysetPosition, decode_cursor, encode_cursor
from services.platform.store.port import Index, Query

Filter = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MongoQueryPlan:
    """A checked query. `order` are the fields that order the documents, `_id` last; `after` is where a page ended."""

    query: Query
    order: tuple[str, ...]
    after: KeysetPosition | None

    def filters(self) -> Iterator[Filter]:
        """The filters to query one after the other, each a range of the index; together they are in order."""
        chosen = [*({field: {"$eq": value}} for field, value in self.query.equals.items()), *self._bounds()]
        for segment in self._segments():
            yield combine_filters([*chosen, *segment])

    def _bounds(self) -> Iterator[Filter]:
        for operator, value in (("$gte", self.query.at_least), ("$lt", self.query.below)):
            if value is not None:
                yield {self.order[0]: {operator: value}}

    def _segments(self) -> Iterator[Sequence[Filter]]:
        if self.after is None:
            yield ()
            return
        for position in reversed(range(len(self.order))):
            same = [{f: {"$eq": v}} for f, v in zip(self.order[:position], self.after[:position], strict=True)]
            for beyond in _keyset_filter(self.order[position], self.after[position], descending=self.query.descending):
                yield [*same, beyond]

    def cursor(self, last: Mapping[str, Any]) -> str:
        """The cursor of the page after the one that ends with this document."""
        return encode_cursor(self.query, [value_at(last, field) for field in self.order])


def plan(index: Index, query: Query) -> MongoQueryPlan:
    """Check a query. Raises LookupError for what its index does not answer, ValueError for a bad cursor."""
    prefix, order = index.fields[: len(query.equals)], index.fields[len(query.equals) :]
    if set(prefix) != set(query.equals):
        raise LookupError(f"{sorted(query.equals)} are not the first fields of {query.collection}.{query.index}")
    if not order and (query.at_least is not None or query.below is not None):
        raise LookupError(f"{query.collection}.{query.index} has no field left to bound")
    after = None if query.after is None else decode_cursor(query, query.after, len(order) + 1)
    return MongoQueryPlan(query, (*order, "_id"), after)


def combine_filters(terms: Sequence[Filter]) -> Filter:
    """Every one of these filters."""
    return {"$and": terms} if len(terms) > 1 else next(iter(terms), {})


def value_at(document: Mapping[str, Any], field: str) -> Json:
    """The value at a dotted path; None where there is none."""
    value: Any = document
    for part in field.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value  # type: ignore[no-any-return]  # documents are our own JSON


def _keyset_filter(field: str, value: Json, *, descending: bool) -> Sequence[Filter]:
    """What sorts beyond a value. Null (and a missing field) sorts first, and `$gt` and `$lt` never match it."""
    if value is None:
        return () if descending else ({field: {"$ne": None}},)
    if descending:
        return ({field: {"$lt": value}}, {field: {"$eq": None}})
    return ({field: {"$gt": value}},)
