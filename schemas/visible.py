"""Visible text. Names and answers without a visible character are refused in requests."""

import unicodedata

from pydantic import AfterValidator, ValidationInfo

BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that Unicode counts as letters, marks or symbols and that are invisible nevertheless."""
WRITTEN = {"written": True}
"""The pydantic validation context of a request.

Stored documents are validated without it: the rules of their time hold.
"""


def is_unseen(character: str) -> bool:
    """Whether a character is invisible by itself: combining marks, format characters, fillers."""
    return character in BLANKS or unicodedata.category(character) in ("Cf", "Mn", "Me")


def is_blank(text: str) -> bool:
    """Whether a text has no visible character: white space, control characters and invisible characters only."""
    return all(c.isspace() or is_unseen(c) or unicodedata.category(c) in ("Cc", "Cn", "Co", "Zl", "Zp") for c in text)


def is_written(info: ValidationInfo) -> bool:
    """Whether the value comes from a request, not from a stored document."""
    return bool(info.context and info.context.get("written"))


def _visible(text: str, info: ValidationInfo) -> str:
    if is_written(info) and is_blank(text):
        raise ValueError("nothing of this shows: write at least one visible character")
    return text


Visible = AfterValidator(_visible)
"""Refuses a text without a visible character, in requests only."""
