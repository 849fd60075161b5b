"""Whether a text shows anything. Names and answers that show as nothing are refused where they are written."""

import unicodedata

from pydantic import AfterValidator, ValidationInfo

BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and signs by their category that show as nothing."""
WRITTEN = {"written": True}
"""The context of validation of what a caller writes now. What rests was judged when it was written, by the rules of then."""


def is_unseen(character: str) -> bool:
    """Whether a character shows as nothing by itself: marks, format characters, fillers."""
    return character in BLANKS or unicodedata.category(character) in ("Cf", "Mn", "Me")


def is_blank(text: str) -> bool:
    """Whether nothing of it shows: white space, control characters, and what shows as nothing by itself."""
    return all(c.isspace() or is_unseen(c) or unicodedata.category(c) in ("Cc", "Cn", "Co", "Zl", "Zp") for c in text)


def is_written(info: ValidationInfo) -> bool:
    """Whether a caller writes this now."""
    return bool(info.context and info.context.get("written"))


def _visible(text: str, info: ValidationInfo) -> str:
    if is_written(info) and is_blank(text):
        raise ValueError("nothing of this shows: write at least one visible character")
    return text


Visible = AfterValidator(_visible)
"""Refuses a text that shows as nothing, where a caller writes it."""
