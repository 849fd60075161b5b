"""Cuts a text into the pieces that the tables of language and of intents know: letters in a row, words, pairs of words. Pure.

The training and the service use the same functions, so that a table is asked for what it was made of.
"""

import re
from itertools import pairwise

MAX_WORDS = 40
"""The number of words that an intent is looked for in: a customer says it in the beginning, and a long text has every word."""
MAX_LANGUAGE_CHARACTERS = 240
"""The number of characters that a language is looked for in: more do not change the result."""
# Latvian without its marks is as frequent as with them, so an intent does not depend on them.
MARKS = str.maketrans("āčēģīķļņšūžōŗ", "acegiklnsuzor")
_TOKEN = re.compile(r"[^\W\d_]+|\d+|[?؟]+|!+|[^\w\s.,،؛:;()\"'«»\-–—/\\…‘’“”`]")
# Persian joins the parts of a word with a ZWNJ, Arabic hardly ever does.
_LETTERS = re.compile(r"(?:[^\W\d_]|\u200c)+")
_STRETCHED = re.compile(r"(\D)\1\1+")


def intent_words(normalised: str) -> list[str]:
    """The words of a normalised text as the tables have them: no marks, every number `0`, and `?`, `!`, emoji as words."""
    plain = _STRETCHED.sub(r"\1", normalised.translate(MARKS)).replace("'", "").replace("’", "")
    return [_token(token) for token in _TOKEN.findall(plain)[:MAX_WORDS]]


def _token(token: str) -> str:
    if token[0].isdigit():
        return "0"
    return "?" if token[0] in "?؟" else "!" if token[0] == "!" else token


def intent_grams(normalised: str) -> list[str]:
    """Rows of three and of five characters, words (`=word`) and pairs of words (`=one two`) of a normalised text."""
    words = intent_words(normalised)
    padded = f" {' '.join(words)} "
    length = len(padded)
    grams = [padded[at : at + size] for size in (3, 5) for at in range(length - size + 1)]
    grams += [f"={word}" for word in words]
    grams += [f"={one} {two}" for one, two in pairwise(words)]
    return grams


def language_grams(text: str) -> list[str]:
    """Rows of one to four characters of the letters of a text in lower case, each word with a space on both sides."""
    padded = f" {' '.join(_LETTERS.findall(text[:MAX_LANGUAGE_CHARACTERS].lower()))} "
    length = len(padded)
    return [padded[at : at + size] for size in (1, 2, 3, 4) for at in range(length - size + 1)]
