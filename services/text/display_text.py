"""Names and texts as pages of our own show them: nothing of theirs turns what stands around, and names can be seen. Pure."""

import unicodedata

TURNING = frozenset(range(0x202A, 0x202F)) | frozenset(range(0x2066, 0x206A))
"""Embeddings, overrides and isolates of the bidirectional algorithm, and their ends (UAX 9)."""
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\u17b4\u17b5\u034f")
"""Characters that count as letters or marks and show nothing."""
_WITHOUT = dict.fromkeys(TURNING)


def without_direction(text: str) -> str:
    """The text without characters that would turn what follows; the page isolates it besides."""
    return text.translate(_WITHOUT)


def visible_name(name: str) -> str:
    """The name on one line without such characters; empty when nothing of it can be seen."""
    plain = " ".join(without_direction(name).split())
    return plain if any(_can_be_seen(character) for character in plain) else ""


def _can_be_seen(character: str) -> bool:
    return character not in BLANK and unicodedata.category(character)[0] not in "CZM"
