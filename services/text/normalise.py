"""One spelling for comparing: never for showing, because a customer's text is theirs."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

# Arabic letters that Persian keyboards write otherwise, and marks that carry no meaning for us.
LETTERS = str.maketrans(
    {"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ۀ": "ه", "أ": "ا", "إ": "ا", "ٱ": "ا", "ؤ": "و", "ـ": None}
)
ZWNJ = "\u200c"
MAX_MEMO_CHARACTERS = 4096
"""How many are remembered: people write with few, and asking what each is was most of reading a text."""
MAX_READ = 2_000
"""Characters of a text that are read for what it says. Secrets are looked for in all of it."""
MAX_MARKS = 30
"""Combining marks in a row that a text keeps before it is normalised (UAX 15, stream-safe text)."""
LAST_MARK = 0x1F000
"""No combining mark lies beyond."""


@lru_cache(maxsize=MAX_MEMO_CHARACTERS)
def ascii_digit(character: str) -> str | None:
    """The ASCII digit of any digit character: Persian, Arabic, fullwidth, circled; None for anything else."""
    value = unicodedata.digit(character, None)
    return str(value) if value is not None else None


def ascii_digits(text: str) -> str:
    """The text with every digit character as ASCII, of the same length."""
    return text if text.isascii() else text.translate(_DIGITS)


def stream_safe(text: str) -> str:
    """The text with at most `MAX_MARKS` combining marks in a row: sorting them costs the square of their number."""
    return text if text.isascii() else _too_many_marks().sub(r"\g<kept>", text)


@lru_cache(maxsize=1)
def _too_many_marks() -> re.Pattern[str]:
    # Some characters are no marks themselves and become some when they are taken apart.
    marks = "".join(
        chr(code)
        for code in range(0x300, LAST_MARK)
        if unicodedata.combining(unicodedata.normalize("NFKD", chr(code))[0])
    )
    return re.compile(f"(?P<kept>[{marks}]{{{MAX_MARKS}}}+)[{marks}]++")


def compatible(text: str) -> str:
    """NFKC of stream-safe text, and itself stream-safe: NFKC makes up to 18 characters of one."""
    return text if text.isascii() else stream_safe(unicodedata.normalize("NFKC", stream_safe(text)))


@lru_cache(maxsize=2)
def normalise(text: str) -> str:
    """NFKC, ASCII digits, Persian letters, ZWNJ as a space, no tatweel or invisible marks, single spaces, lower case.

    Of the first `MAX_READ` characters. Remembered for a moment: a text that came in is read for its language, its
    intent and its sentiment.
    """
    return _normalised(text[:MAX_READ])


def _normalised(text: str) -> str:
    if text.isascii():
        return " ".join(text.lower().split())
    # As long as it was at the most, or a row of ligatures would be read eighteen times.
    lettered = compatible(text.replace(ZWNJ, " "))[: len(text) + 100].translate(LETTERS)
    return " ".join(lettered.translate(_PLAIN).lower().split())


def _plain_character(character: str) -> str:
    is_kept = unicodedata.category(character) not in ("Cf", "Mn") or character.isspace()
    return (ascii_digit(character) or character) if is_kept else ""


class MemoTable(dict[int, str]):
    """What becomes of each character, as `str.translate` wants it, found out when it is met first."""

    def __init__(self, replace: Callable[[str], str]) -> None:
        self._replace = replace

    def __missing__(self, code: int) -> str:
        replacement = self._replace(chr(code))
        if len(self) < MAX_MEMO_CHARACTERS:
            self[code] = replacement
        return replacement


_DIGITS = MemoTable(lambda character: ascii_digit(character) or character)
_PLAIN = MemoTable(_plain_character)


def normalised_words(text: str) -> frozenset[str]:
    """The words of a table, normalised: tables are written as people write."""
    return frozenset(_normalised(text).split())
