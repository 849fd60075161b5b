"""Folds a text for the search for secrets: one spelling, no invisible characters, and the original position of each one."""

import re
import unicodedata
from dataclasses import dataclass
from html.entities import html5
from urllib.parse import unquote

from schemas.visible import is_unseen
from services.text.normalise import LETTERS, ZWNJ, MemoTable, ascii_digit

TATWEEL = "\u0640"
UNSEEN = "\ufeff"
"""The replacement for every invisible character, before it is removed."""
# Unicode gives Han numerals a numeric value but no digit value, so `unicodedata.digit` does not know them.
HAN_DIGITS = {ord(character): str(value) for value, character in enumerate("〇一二三四五六七八九")} | {ord("零"): "0"}

ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}|\\[nrtuU]|&[#A-Za-z]|<[A-Za-z/!]")
_JSON_ESCAPED = re.compile(r"\\(?:[nrt]|u([0-9A-Fa-f]{4}))")
_TAG = re.compile(r"<[A-Za-z/!][^<>]{0,300}+>")
_ENTITY = re.compile(
    r"&(?:#(?P<number>\d{1,7}+)|#[xX](?P<hexadecimal>[0-9A-Fa-f]{1,6}+)|(?P<name>[A-Za-z]\w{1,30}+));?"
)


@dataclass(frozen=True, slots=True)
class FoldedText:
    """`plain` is lower case, with ASCII digits and Persian letters, without marks and invisible characters."""

    plain: str
    _positions: list[int] | None

    def original_span(self, start: int, stop: int) -> tuple[int, int]:
        """The span of the original text for the part of `plain` from `start` to `stop`."""
        return (start, stop) if self._positions is None else (self._positions[start], self._positions[stop - 1] + 1)


def fold_text(text: str) -> FoldedText:
    """The folded text with the original position of each of its characters."""
    if text.isascii():
        return FoldedText(text.lower(), None)
    plain = text.translate(_FOLDED)
    if UNSEEN not in plain:
        return FoldedText(plain, None)
    positions = [position for position, character in enumerate(plain) if character != UNSEEN]
    return FoldedText(plain.replace(UNSEEN, ""), positions)


def _folded_character(character: str) -> str:
    """The folded form of one character: always exactly one character, so that positions stay the same.

    That is why text is not normalised as a whole: NFKC makes several characters of one ("㎏" becomes "kg").
    """
    if character.isascii():
        return character.lower()
    # Persian writes ZWNJ inside words ("می‌شود"), and people type a space instead: both are a space here.
    if character == ZWNJ:
        return " "
    if is_unseen(character) or character == TATWEEL:
        return UNSEEN
    wide = unicodedata.normalize("NFKC", character)
    plain = ascii_digit(character) or HAN_DIGITS.get(ord(character)) or (wide if len(wide) == 1 else character)
    # "İ".lower() has two characters; such letters stay as they are.
    lower = plain.lower()
    return (lower if len(lower) == 1 else plain).translate(LETTERS) or " "


def is_digit(character: str) -> bool:
    """Whether a character is a digit of any script."""
    return fold_text(character).plain.isdigit()


def unescape(text: str) -> str:
    """The text without the escapes of links (RFC 3986, 2.1), JSON (RFC 8259, 7) and HTML; tags become spaces."""
    # Links first: what they hide may be JSON or HTML. Entities last: they may stand in what tags and escapes hid.
    plain = _JSON_ESCAPED.sub(lambda m: chr(int(m[1], 16)) if m[1] else " ", unquote(text))
    plain = _ENTITY.sub(_to_character, _TAG.sub(" ", plain))
    # Surrogate pairs become characters. A single surrogate or a NUL becomes U+FFFD, because no store accepts them.
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\x00", "")


def _to_character(entity: re.Match[str]) -> str:
    if entity["name"]:
        return html5.get(f"{entity['name']};", entity[0])
    code = int(entity["number"]) if entity["number"] else int(entity["hexadecimal"], 16)
    return chr(code) if code < 0x110000 else " "


_FOLDED = MemoTable(_folded_character)
