"""Payment card numbers however they are written: 13 to 19 digits that satisfy Luhn, with anything usual in between."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from services.text.checksums import luhn

LONGEST, SHORTEST = 19, 13
# Up to three separators: spaces, dashes, dots, slashes, invisible marks. A comma with a space separates numbers, and
# a colon writes a time. Longer invisible runs join too, because nobody types those by accident.
_MARK = r"[\u00ad\u0300-\u036f\u034f\u061c\u064b-\u065f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u20dd-\u20e3\ufe00-\ufe0f\ufeff]"
_SEEN = r"[\s.·•∙・。\-‐-―−﹣－_/\\|*~+'’`()\[\]ـ٫]|[,،٬](?!\s)"
_BETWEEN = rf"(?:{_MARK}*(?:{_SEEN})){{0,4}}{_MARK}*"
_RUN = re.compile(rf"\d(?:{_BETWEEN}\d)*")
_GROUP = re.compile(r"\d+")
_USUAL = ((4, 6, 5), (4, 6, 4), (6, 13), (4, 4, 5), (8, 8), (6, 10), (6, 4, 4, 4))

Spans = list[tuple[int, int]]


def card_spans(plain: str, accounts: Iterable[tuple[int, int]], near_card: Callable[[int, int], bool]) -> Spans:
    """Where cards stand in text with ASCII digits.

    A run of digits that is a card as a whole is one, whatever its grouping. Inside a longer run a part is one when
    it is grouped as cards are, or in any grouping when `near_card(start, stop)`. `accounts` are places of bank accounts.
    """
    taken = list(accounts)
    free = [m for m in _RUN.finditer(plain) if not any(s < m.end() and m.start() < e for s, e in taken)]
    return [span for run in free for span in _in_run(run, near_card)]


def _in_run(run: re.Match[str], near_card: Callable[[int, int], bool]) -> Spans:
    groups = [(run.start() + m.start(), run.start() + m.end()) for m in _GROUP.finditer(run[0])]
    digits = "".join(m[0] for m in _GROUP.finditer(run[0]))
    if len(digits) < SHORTEST:
        return []
    if _is_card(digits):
        return [run.span()]
    found = [w for w in _windows(groups) if _is_card(_text(run, w)) and _usual(w)]
    if not found and len(groups) > 1 and near_card(*run.span()):
        found = [w for w in _windows(groups) if _is_card(_text(run, w))]
    return [(w[0][0], w[-1][1]) for w in found]


def _windows(groups: Sequence[tuple[int, int]]) -> Iterator[Sequence[tuple[int, int]]]:
    """Neighbouring groups that together have as many digits as a card."""
    for first in range(len(groups)):
        total = 0
        for last in range(first, len(groups)):
            total += groups[last][1] - groups[last][0]
            if total > LONGEST:
                break
            if total >= SHORTEST:
                yield groups[first : last + 1]


def _text(run: re.Match[str], window: Sequence[tuple[int, int]]) -> str:
    return "".join(run[0][s - run.start() : e - run.start()] for s, e in window)


def _usual(window: Sequence[tuple[int, int]]) -> bool:
    sizes = tuple(e - s for s, e in window)
    even = len(set(sizes[:-1])) <= 1 and sizes[-1] <= sizes[0]
    return sizes in _USUAL or even


def _is_card(digits: str) -> bool:
    return SHORTEST <= len(digits) <= LONGEST and luhn(digits)
