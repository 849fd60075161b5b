"""JSON of customers, whose messages are worth more than one broken character in them: one rule for every way in.

Half a character (an unpaired surrogate, or bytes that are no UTF-8) becomes U+FFFD, and U+0000 is left out: no store and
bus takes either.
"""

import json
import re

import orjson

from schemas.values import Json

_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPED_NUL = re.compile(rb"\\u0000")


def read_json(body: bytes) -> Json:
    """The value of JSON bytes, mended. Raises ValueError, whose message quotes nothing of the body, RecursionError."""
    try:
        value: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body.decode("utf-8", "replace")
        if _ESCAPED_SURROGATE.search(body) is None and text.encode() == body:
            raise
        return strip_invalid_unicode(json.loads(text, parse_constant=_reject_constant, parse_int=_bounded))
    return strip_invalid_unicode(value) if _ESCAPED_NUL.search(body) else value


def strip_invalid_unicode_bytes(body: bytes) -> bytes:
    """JSON bytes that any reader takes; what is no JSON stays what it is."""
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
    return int(digits) if len(digits) < 19 else float(digits)


def strip_invalid_unicode(value: Json) -> Json:
    """A JSON value whose texts are whole."""
    match value:
        case str():
            return strip_invalid_unicode_text(value)
        case list():
            return [strip_invalid_unicode(item) for item in value]
        case dict():
            return {strip_invalid_unicode_text(name): strip_invalid_unicode(item) for name, item in value.items()}
    return value


def strip_invalid_unicode_text(text: str) -> str:
    """Pairs of surrogates become characters, single ones U+FFFD; U+0000 is left out."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\x00", "")
