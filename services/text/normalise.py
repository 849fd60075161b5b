"""Normalises texts for comparison and search. Texts that people read are never normalised."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

# Letters that Arabic and Persian keyboards write with different code points, unified to the Persian ones; and tatweel, which
# only stretches a word.
LETTERS = str.maketrans(
    {"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ۀ": "ه", "أ": "ا", "إ": "ا", "ٱ": "ا", "ؤ": "و", "ـ": None}
)
ZWNJ = "\u200c"
MAX_MEMO_CHARACTERS = 4096
"""The size limit of a memo table. Texts use few different characters, and Unicode look-ups dominated the cost of a text."""
MAX_READ = 2_000
"""The number of characters read for language, intent and sentiment. Secrets are searched in the whole text."""
MAX_MARKS = 30
"""The number of adjacent combining marks kept before normalisation (UAX 15, stream-safe text format)."""
LAST_MARK = 0x1F000
"""The highest code point below which all combining marks lie."""


def ascii_digit(character: str) -> str | None:
    """The ASCII digit of any digit character: Persian, Arabic, fullwidth, circled; None for anything else."""
    value = unicodedata.digit(character, None)
    return str(value) if value is not None else None


def stream_safe(text: str) -> str:
    """The text with at most `MAX_MARKS` combining marks in a row: sorting them costs the square of their number."""
    return text if text.isascii() else _too_many_marks().sub(r"\g<kept>", text)


# Compiling it takes 20 ms, so it is compiled at the first text that is not ASCII, and once.
@lru_cache(maxsize=1)
def _too_many_marks() -> re.Pattern[str]:
    # Some characters are not marks themselves but decompose into marks.
    marks = "".join(
        chr(code)
        for code in range(0x300, LAST_MARK)
        if unicodedata.combining(unicodedata.normalize("NFKD", chr(code))[0])
    )
    return re.compile(f"(?P<kept>[{marks}]{{{MAX_MARKS}}}+)[{marks}]++")


def compatible(text: str) -> str:
    """The text in NFKC, made stream-safe before and after: NFKC turns one character into up to 18."""
    return text if text.isascii() else stream_safe(unicodedata.normalize("NFKC", stream_safe(text)))


# The same text is read for its language, its intent and its sentiment; Persian of 2,000 characters costs 1 ms each time.
# Two entries: language, intent and sentiment read the same text one after the other, possibly on two threads.
@lru_cache(maxsize=2)
def normalise(text: str) -> str:
    """NFKC, ASCII digits, Persian letters, ZWNJ as a space, no tatweel or invisible marks, single spaces, lower case.

    Of the first `MAX_READ` characters.
    """
    return _normalised(text[:MAX_READ])


def _normalised(text: str) -> str:
    if text.isascii():
        return " ".join(text.lower().split())
    # The result is cut to about the original length: NFKC would make a row of ligatures eighteen times as long.
    lettered = compatible(text.replace(ZWNJ, " "))[: len(text) + 100].translate(LETTERS)
    return " ".join(lettered.translate(_PLAIN).lower().split())


def _plain_character(character: str) -> str:
    # Cf: invisible format characters. Mn: vowel signs and accents that stayed apart after NFKC.
    is_kept = unicodedata.category(character) not in ("Cf", "Mn") or character.isspace()
    return (ascii_digit(character) or character) if is_kept else ""


class MemoTable(dict[int, str]):
    """A table for `str.translate` that computes a character's replacement at its first use and stores it."""

    def __init__(self, replace: Callable[[str], str]) -> None:
        self._replace = replace

    def __missing__(self, code: int) -> str:
        replacement = self._replace(chr(code))
        if len(self) < MAX_MEMO_CHARACTERS:
            self[code] = replacement
        return replacement


_PLAIN = MemoTable(_plain_character)


def normalised_words(text: str) -> frozenset[str]:
    """The normalised words of a table. Tables are written in everyday spelling."""
    return frozenset(_normalised(text).split())
