"""Keyset cursors, the same for every store: opaque text that holds the ordering values of the last document shown."""

import json
import math
import zlib

from schemas.values import Json
from services.platform.core import base64url
from services.platform.store.port import Query

KeysetPosition = list[Json]
"""The ordering values of a document, its id last."""


def encode_cursor(query: Query, place: KeysetPosition) -> str:
    """The cursor of the page after the one that ends at this place."""
    text = json.dumps([_type_tag(query), *place], separators=(",", ":"), ensure_ascii=False)
    return base64url.encode(text.encode())


def decode_cursor(query: Query, cursor: str, length: int) -> KeysetPosition:
    """The place that a cursor of this query holds, of `length` values. Raises ValueError for any other text."""
    try:
        mark, *place = json.loads(base64url.decode(cursor))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError("the cursor is not one that a page gave") from error
    whole = len(place) == length and isinstance(place[-1], str) and all(map(_is_single, place))
    if mark != _type_tag(query) or not whole:
        raise ValueError("the cursor belongs to another query")
    return list(place)


def _is_single(value: Json) -> bool:
    """Whether an index can hold the value: no store gave a number beyond 64 bits, or half a character."""
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
    """The same for every page of one query, whatever its limit."""
    asked = [query.collection, query.index, sorted(query.equals.items()), query.descending]
    return zlib.crc32(json.dumps(asked, ensure_ascii=False).encode())
