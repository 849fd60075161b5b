"""Where a text may be cut without tearing a character as its reader sees it (UAX #29, extended grapheme clusters).

The few rules that matter for messages: a base with its marks, half-spaces and joiners, emoji sequences, flags, Hangul
syllables, and CR LF. Scripts with clusters beyond these (Devanagari conjuncts) are cut at most between two of them.
"""

import unicodedata

from services.text.normalise import ZWNJ

ZERO_WIDTH_JOINER = "\u200d"
_MARKS = frozenset({"Mn", "Me", "Mc"})
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)
_REGIONAL_INDICATORS = range(0x1F1E6, 0x1F200)
_HANGUL_LEADING, _HANGUL_VOWELS, _HANGUL_TRAILING = range(0x1100, 0x1160), range(0x1160, 0x11A8), range(0x11A8, 0x1200)
_HANGUL_SYLLABLES = range(0xAC00, 0xD7A4)
_PICTOGRAPHS = (
    range(0xA9, 0xAA),
    range(0xAE, 0xAF),
    range(0x2190, 0x2200),
    range(0x2300, 0x2400),
    range(0x25A0, 0x27C0),
    range(0x2900, 0x2980),
    range(0x2B00, 0x2C00),
    range(0x1F000, 0x1FB00),
)


def grapheme_ends(text: str) -> list[int]:
    """The index after each grapheme of a text, rising; the last is its length. Empty for an empty text."""
    if text.isascii() and "\r" not in text:
        return list(range(1, len(text) + 1))
    ends: list[int] = []
    start = 0
    for index in range(1, len(text)):
        if not _is_joined(text, start, index):
            ends.append(index)
            start = index
    return [*ends, len(text)] if text else []


def is_pictograph(character: str) -> bool:
    """Whether a character is in a block of emoji and symbols, a flag's half among them."""
    code = ord(character)
    return any(code in block for block in _PICTOGRAPHS)


def _is_joined(text: str, start: int, index: int) -> bool:
    """Whether the character at `index` belongs to the grapheme that begins at `start`."""
    before, code = text[index - 1], ord(text[index])
    if before in "\r\n" or text[index] in "\r\n":
        return text[index - 1 : index + 1] == "\r\n"
    if _extends(text[index]):
        return True
    if before == ZERO_WIDTH_JOINER:
        return all(is_pictograph(text[one]) and ord(text[one]) not in _REGIONAL_INDICATORS for one in (start, index))
    if code in _REGIONAL_INDICATORS:
        # Two halves are one flag, and the third begins the next one.
        return index - start == 1 and ord(before) in _REGIONAL_INDICATORS
    return _continues_hangul(ord(before), code)


def _extends(character: str) -> bool:
    code = ord(character)
    if code < 0x300:
        return False
    is_joiner = character in (ZWNJ, ZERO_WIDTH_JOINER)
    return is_joiner or code in _SKIN_TONES or code in _TAGS or unicodedata.category(character) in _MARKS


def _continues_hangul(before: int, code: int) -> bool:
    if before in _HANGUL_LEADING:
        return code in _HANGUL_LEADING or code in _HANGUL_VOWELS or code in _HANGUL_SYLLABLES
    if before in _HANGUL_VOWELS or (before in _HANGUL_SYLLABLES and (before - 0xAC00) % 28 == 0):
        return code in _HANGUL_VOWELS or code in _HANGUL_TRAILING
    return (before in _HANGUL_TRAILING or before in _HANGUL_SYLLABLES) and code in _HANGUL_TRAILING
