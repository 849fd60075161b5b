"""Cuts a long text into messages that a platform takes: at the ends of sentences, else between words. Pure.

Nothing is lost but white space at a cut. A word, a URL and a grapheme are cut only where one of them alone is over the
limit. Ends of sentences are those of English, Persian, Arabic and Latvian, and whatever else ends in `.`, `!`, `?` or `…`.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from schemas.channel import TextUnit
from services.text.graphemes import grapheme_ends
from services.text.text_length import URL, text_length

LEAST_SHARE = 1 / 3
"""How much of a part a sentence must fill to end it. Where it fills less, the part ends between two words."""
_CLOSING = "\"'”’»)]\u200e\u200f\u061c"
"""What may stand between the mark that ends a sentence and the next space: quotes, brackets, marks of direction."""
_SENTENCE_END = re.compile(rf"[.!?…؟۔]+[{re.escape(_CLOSING)}]*(?=\s|$)|[。！？]|\n+")
# Not at a no-break space, which keeps its two words together.
_BREAKING_SPACE = re.compile(r"[^\S\u00a0\u2007\u202f]+")
_LAST_WORD = re.compile(r"[^\s.(\[«“\"']+\Z")
_LONGEST_WORD = 20
_ABBREVIATIONS = frozenset(
    ["approx", "dept", "dr", "ext", "kab", "lpp", "milj", "mr", "mrs", "ms", "nr", "piem", "plkst", "prof", "st", "tel"]
)
"""Words whose period ends no sentence before a capital or a digit. Before a small letter no period does."""


def split_text(text: str, limit: int, unit: TextUnit = "code_points") -> Iterator[str]:
    """The parts of a text, in order, each at most `limit` long. A text that fits is one part, unchanged.

    A part is longer only where a single character is.
    """
    if text_length(text, unit) <= limit:
        yield text
        return
    cuts = _Cuts(text.strip(), limit, unit)
    start = 0
    while start < len(cuts.text):
        end = cuts.end_of_part(start)
        yield cuts.text[start:end].rstrip()
        start = end
        while start < len(cuts.text) and cuts.text[start].isspace():
            start += 1


class _Cuts:
    """Where a text may be cut, found once for all of its parts; each list rises."""

    def __init__(self, text: str, limit: int, unit: TextUnit) -> None:
        self.text, self._limit, self._unit = text, limit, unit
        self._graphemes = grapheme_ends(text)
        inside_urls = {index for url in URL.finditer(text) for index in range(url.start() + 1, url.end())}
        self._units = [end for end in self._graphemes if end not in inside_urls]
        self._sentences = [end for end in _sentence_ends(text) if end not in inside_urls]
        self._spaces = [space.start() for space in _BREAKING_SPACE.finditer(text)]

    def end_of_part(self, start: int) -> int:
        """The index at which the part that begins at `start` ends."""
        fitting = self._furthest(start, self._units) or self._furthest(start, self._graphemes)
        if fitting is None:
            return self._furthest(start, range(1, len(self.text) + 1)) or start + 1
        return fitting if fitting == len(self.text) else self._pause(start, fitting)

    def _furthest(self, start: int, positions: Sequence[int]) -> int | None:
        """The last of these positions that a part from `start` may reach; None when the first is too far already."""
        first = bisect_right(positions, start)
        # By doubling from the start, and not from the whole text: a part costs what it is long.
        reach = 1
        while first + reach <= len(positions) and self._fits(start, positions[first + reach - 1]):
            reach *= 2
        low, high = reach // 2, min(reach, len(positions) - first + 1)
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (middle, high) if self._fits(start, positions[first + middle - 1]) else (low, middle)
        return positions[first + low - 1] if low else None

    def _fits(self, start: int, end: int) -> bool:
        return text_length(self.text[start:end].rstrip(), self._unit) <= self._limit

    def _pause(self, start: int, fitting: int) -> int:
        """The best place to end a part that may reach to `fitting`."""
        sentence = _last_at_most(self._sentences, fitting)
        if sentence > start and sentence - start >= (fitting - start) * LEAST_SHARE:
            return sentence
        space = _last_at_most(self._spaces, fitting)
        return space if space > start else fitting


def _last_at_most(positions: Sequence[int], most: int) -> int:
    index = bisect_right(positions, most)
    return positions[index - 1] if index else 0


def _sentence_ends(text: str) -> Iterator[int]:
    for found in _SENTENCE_END.finditer(text):
        if found.group().rstrip(_CLOSING) != "." or _ends_sentence(text, found.start(), found.end()):
            yield found.end()


def _ends_sentence(text: str, period: int, end: int) -> bool:
    """Whether a single period ends a sentence: not after an initial or an abbreviation, nor before a small letter."""
    following = next((character for character in text[end : end + _LONGEST_WORD] if not character.isspace()), "")
    # "12. martā", "u.c. preces", "e.g. red"
    if following.islower():
        return False
    word = _LAST_WORD.search(text[max(0, period - _LONGEST_WORD) : period])
    is_initial = word is not None and len(word.group()) == 1 and word.group().isalpha()
    return not is_initial and (word is None or word.group().lower() not in _ABBREVIATIONS)
