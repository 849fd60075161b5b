"""The documents that the contract tests keep: things in cities, and a row that fences them."""

from typing import Any

from schemas.values import Contract, Json
from services.platform.store.port import Changes, Collection, Condition, Document, Index, Key, Put


class SampleDocument(Contract):
    """What it may hold is up to each test."""


THINGS: Collection[Any] = Collection(
    "things",
    SampleDocument,
    writer="any",
    indexes=(
        Index("at", ("at",)),
        Index("city", ("place.city", "at")),
        Index("open", ("workspace", "open", "at")),
        Index("kind", ("workspace", "kind")),
    ),
)
OTHERS: Collection[Any] = Collection("others", SampleDocument, writer="any")
ROWS: Collection[Any] = Collection("fence_rows", SampleDocument, writer="any")
COLLECTIONS = (THINGS, OTHERS, ROWS)
ROW = Key(ROWS.name, "group/0")


def thing(name: object) -> Key:
    """The key of a thing."""
    return Key(THINGS.name, f"thing-{name}")


def other(name: object) -> Key:
    """The key of a document in the second collection."""
    return Key(OTHERS.name, f"other-{name}")


def put(key: Key, **fields: Json) -> Put:
    """A document of these fields."""
    document: Document = dict(fields)
    return Put(key, document)


def move(seq: int, *puts: Put, **rest: Any) -> Changes:
    """A fenced commit: the row goes from `seq` to the next number; 0 makes it."""
    condition = Condition(ROW, "seq", seq) if seq else Condition(ROW)
    return Changes(conditions=[condition], puts=[put(ROW, seq=seq + 1), *puts], **rest)
