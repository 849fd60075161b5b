"""Prepares strangers' names and texts for our own pages: no bidirectional control characters, no invisible names. Pure."""

import unicodedata

TURNING = frozenset(range(0x202A, 0x202F)) | frozenset(range(0x2066, 0x206A))
"""Embeddings, overrides and isolates of the bidirectional algorithm, and their ends (UAX 9)."""
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\u17b4\u17b5\u034f")
"""Characters that count as letters or marks but have no visible glyph."""
_WITHOUT = dict.fromkeys(TURNING)


def without_direction(text: str) -> str:
    """The text without bidirectional control characters. The page additionally isolates it with `<bdi>`."""
    return text.translate(_WITHOUT)


def visible_name(name: str) -> str:
    """The name on one line without bidirectional controls; empty when no character of it is visible."""
    plain = " ".join(without_direction(name).split())
    return plain if any(_can_be_seen(character) for character in plain) else ""


def _can_be_seen(character: str) -> bool:
    return character not in BLANK and unicodedata.category(character)[0] not in "CZM"
