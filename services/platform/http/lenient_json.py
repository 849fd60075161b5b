"""Reads JSON from customers and repairs broken characters, because a message is worth more than one character in it.

An unpaired surrogate, or bytes that are no UTF-8, become U+FFFD, and U+0000 is removed: no store or bus accepts either.
"""

import json
import re

import orjson

from schemas.values import Json

_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPED_NUL = re.compile(rb"\\u0000")


def read_json(body: bytes) -> Json:
    """Parse JSON bytes and repair their texts.

    Raises ValueError, whose message quotes nothing of the body, RecursionError.
    """
    try:
        value: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        # orjson is strict about characters. Only a body with a broken one is worth the slow, lenient parser.
        text = body.decode("utf-8", "replace")
        if _ESCAPED_SURROGATE.search(body) is None and text.encode() == body:
            raise
        return strip_invalid_unicode(json.loads(text, parse_constant=_reject_constant, parse_int=_bounded))
    return strip_invalid_unicode(value) if _ESCAPED_NUL.search(body) else value


def strip_invalid_unicode_bytes(body: bytes) -> bytes:
    """Repair the texts of JSON bytes. Bytes that are no JSON are returned unchanged."""
    if _ESCAPED_SURROGATE.search(body) is None and _ESCAPED_NUL.search(body) is None and _is_utf8(body):
        return body
    try:
        value = json.loads(body.decode("utf-8", "replace"), parse_constant=_reject_constant)
    except ValueError:
        return body
    return json.dumps(strip_invalid_unicode(value), ensure_ascii=False).encode()


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _reject_constant(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


def _bounded(digits: str) -> int | float:
    # As orjson does: an integer beyond 64 bits becomes a float, and parsing a very long one would take quadratic time.
    return int(digits) if len(digits) < 19 else float(digits)


def strip_invalid_unicode(value: Json) -> Json:
    """Repair all texts of a JSON value."""
    match value:
        case str():
            return strip_invalid_unicode_text(value)
        case list():
            return [strip_invalid_unicode(item) for item in value]
        case dict():
            return {strip_invalid_unicode_text(name): strip_invalid_unicode(item) for name, item in value.items()}
    return value


def strip_invalid_unicode_text(text: str) -> str:
    """Join pairs of surrogates, replace single ones by U+FFFD, and remove U+0000."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\x00", "")
