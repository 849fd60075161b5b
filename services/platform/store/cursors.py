"""Keyset cursors, the same for every store: opaque text with the ordering values of the last document of a page."""

import json
import math
import zlib

from schemas.values import Json
from services.platform.core import base64url
from services.platform.store.port import Query

KeysetPosition = list[Json]
"""The ordering values of a document, its id last."""


def encode_cursor(query: Query, position: KeysetPosition) -> str:
    """The cursor of the page after the one that ends at this position."""
    text = json.dumps([_type_tag(query), *position], separators=(",", ":"), ensure_ascii=False)
    return base64url.encode(text.encode())


def decode_cursor(query: Query, cursor: str, length: int) -> KeysetPosition:
    """The position in a cursor of this query, which has `length` values. Raises ValueError for any other text."""
    try:
        tag, *position = json.loads(base64url.decode(cursor))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError("the cursor is not one of a page") from error
    # A client may send any values: one that no index can hold would fail in the store, not here.
    is_whole = len(position) == length and isinstance(position[-1], str) and all(map(_is_single, position))
    if tag != _type_tag(query) or not is_whole:
        raise ValueError("the cursor belongs to another query")
    return list(position)


def _is_single(value: Json) -> bool:
    """Whether an index can hold the value: no number beyond 64 bits, no half of a surrogate pair."""
    match value:
        case dict() | list():
            return False
        case int():
            return -(2**63) <= value < 2**63
        case float():
            return math.isfinite(value)
        case str():
            return not any("\ud800" <= character <= "\udfff" for character in value)
    return True


def _type_tag(query: Query) -> int:
    """A checksum of the query without its limit and position, so that a cursor of another query is refused."""
    fields = [query.collection, query.index, sorted(query.equals.items()), query.descending]
    return zlib.crc32(json.dumps(fields, ensure_ascii=False).encode())
