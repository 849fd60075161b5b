"""Prepares strangers' names and texts for our own pages: no bidirectional control characters, no invisible names. Pure."""

import unicodedata

from schemas.visible import BLANKS

TURNING = frozenset(range(0x202A, 0x202F)) | frozenset(range(0x2066, 0x206A))
"""Embeddings, overrides and isolates of the bidirectional algorithm, and their ends (UAX 9)."""
_WITHOUT = dict.fromkeys(TURNING)


def without_direction(text: str) -> str:
    """The text without bidirectional control characters. The page additionally isolates it with `<bdi>`."""
    return text.translate(_WITHOUT)


def visible_name(name: str) -> str:
    """The name on one line without bidirectional controls; empty when no character of it is visible."""
    plain = " ".join(without_direction(name).split())
    return plain if any(_can_be_seen(character) for character in plain) else ""


def _can_be_seen(character: str) -> bool:
    return character not in BLANKS and unicodedata.category(character)[0] not in "CZM"
