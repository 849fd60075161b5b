"""One spelling for comparing: never for showing, because a customer's text is theirs."""

import unicodedata
from collections.abc import Callable
from functools import lru_cache

# Arabic letters that Persian keyboards write otherwise, and marks that carry no meaning for us.
LETTERS = str.maketrans(
    {"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ۀ": "ه", "أ": "ا", "إ": "ا", "ٱ": "ا", "ؤ": "و", "ـ": None}
)
ZWNJ = "\u200c"
CHARACTERS = 4096
"""How many are remembered: people write with few, and asking what each is was most of reading a text."""


@lru_cache(maxsize=CHARACTERS)
def ascii_digit(character: str) -> str | None:
    """The ASCII digit of any digit character: Persian, Arabic, fullwidth, circled; None for anything else."""
    value = unicodedata.digit(character, None)
    return str(value) if value is not None else None


def ascii_digits(text: str) -> str:
    """The text with every digit character as ASCII, of the same length."""
    return text if text.isascii() else text.translate(_DIGITS)


def folded(text: str) -> str:
    """Lower case, ASCII digits, Persian letters, no marks: a text of the same length, so that places stay the same."""
    return text.lower() if text.isascii() else text.translate(_FOLDED)


def _folded_character(character: str) -> str:
    if character.isascii():
        return character.lower()
    wide = unicodedata.normalize("NFKC", character)
    plain = ascii_digit(character) or (wide if len(wide) == 1 else character)
    lower = plain.lower()
    return (lower if len(lower) == 1 else plain).translate(LETTERS) or " "


@lru_cache(maxsize=2)
def normalised(text: str) -> str:
    """NFKC, ASCII digits, Persian letters, ZWNJ as a space, no tatweel or invisible marks, single spaces, lower case.

    Remembered for a moment: a text that came in is read for its language, its intent and its sentiment.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    compatible = unicodedata.normalize("NFKC", text.replace(ZWNJ, " ")).translate(LETTERS)
    return " ".join(compatible.translate(_PLAIN).lower().split())


def _plain_character(character: str) -> str:
    kept = unicodedata.category(character) not in ("Cf", "Mn") or character.isspace()
    return (ascii_digit(character) or character) if kept else ""


class _Remembered(dict[int, str]):
    """What becomes of each character, as `str.translate` wants it, found out when it is met first."""

    def __init__(self, become: Callable[[str], str]) -> None:
        self._become = become

    def __missing__(self, code: int) -> str:
        found = self._become(chr(code))
        if len(self) < CHARACTERS:
            self[code] = found
        return found


_DIGITS = _Remembered(lambda character: ascii_digit(character) or character)
_FOLDED = _Remembered(_folded_character)
_PLAIN = _Remembered(_plain_character)


def words(text: str) -> frozenset[str]:
    """The words of a table, normalised: tables are written as people write."""
    return frozenset(normalised(text).split())
