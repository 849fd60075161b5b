"""Keyset cursors, the same for every store: opaque text that holds the ordering values of the last document shown."""

import base64
import binascii
import json
import zlib

from schemas.values import Json
from services.runtime.store.port import Query

Place = list[Json]
"""The ordering values of a document, its id last."""


def written_cursor(query: Query, place: Place) -> str:
    """The cursor of the page after the one that ends at this place."""
    # Not orjson: a store may hold integers beyond 64 bits.
    text = json.dumps([_mark(query), *place], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def read_cursor(query: Query, cursor: str, length: int) -> Place:
    """The place that a cursor of this query holds, of `length` values. Raises ValueError for any other text."""
    try:
        mark, *place = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise ValueError("the cursor is not one that a page gave") from error
    whole = len(place) == length and isinstance(place[-1], str) and not any(isinstance(v, dict | list) for v in place)
    if mark != _mark(query) or not whole:
        raise ValueError("the cursor belongs to another query")
    return list(place)


def _mark(query: Query) -> int:
    """The same for every page of one query, whatever its limit."""
    asked = [query.collection, query.index, sorted(query.equals.items()), query.descending]
    return zlib.crc32(json.dumps(asked, ensure_ascii=False).encode())
