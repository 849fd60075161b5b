"""Base64 for URLs without padding (RFC 4648, section 5): of tokens, cursors and ids of events."""

import base64
import binascii
import re

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*={0,2}")


def encode(data: bytes) -> str:
    """Text of `A-Za-z0-9_-`, without `=` at the end."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes that `text` encodes, with or without its padding. Raises ValueError for any other character or length."""
    if _ALPHABET.fullmatch(text) is None:
        raise ValueError("this is not base64url")
    plain = text.rstrip("=")
    try:
        return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except binascii.Error as error:
        raise ValueError("this is not base64url") from error
