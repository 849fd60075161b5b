"""Payment card numbers however they are written: 13 to 19 digits that satisfy Luhn, with anything usual in between."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from services.text.checksums import LuhnSums, luhn

LONGEST, SHORTEST = 19, 13
# Up to four separators: white space of any length, dashes, dots, slashes. A comma with a space separates numbers, and
# a colon writes a time. Invisible runs of any length join too, because nobody types those by accident.
_MARK = r"[\u00ad\u0300-\u036f\u034f\u061c\u064b-\u065f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u20dd-\u20e3\ufe00-\ufe0f\ufeff]"
_SEEN = r"\s++|[.·•∙・。\-‐-―−﹣－_/\\|*~+'’`()\[\]ـ٫]|[,،٬](?!\s)"
_BETWEEN = rf"(?:{_MARK}*(?:{_SEEN})){{0,4}}{_MARK}*"
_RUN = re.compile(rf"\d(?:{_BETWEEN}\d)*")
_GROUP = re.compile(r"\d+")
# Printed as on a card, whatever signs stand between: a colon, an emoji. It must begin as card numbers do (ISO/IEC 7812),
# which no year does and no well-known address of IPv6.
_SIGNS = r"(?![,،٬]\s)[\W_]{1,6}"
_PRINTED = re.compile(
    rf"(?<!\d)(?:(?:2[2-7]|[3-6]\d)\d\d(?:{_SIGNS}\d{{4}}){{3}}|3[47]\d\d{_SIGNS}\d{{6}}{_SIGNS}\d{{5}})(?!\d)"
)
_USUAL = ((4, 6, 5), (4, 6, 4), (6, 13), (4, 4, 5), (8, 8), (6, 10), (6, 4, 4, 4))

Spans = list[tuple[int, int]]


def card_spans(plain: str, accounts: Iterable[tuple[int, int]], near_card: Callable[[int, int], bool]) -> Spans:
    """Where cards stand in text with ASCII digits.

    A run of digits that is a card as a whole is one, whatever its grouping. Inside a longer run a part is one when
    it is grouped as cards are, or in any grouping when `near_card(start, stop)`. `accounts` are places of bank accounts.
    """
    taken = list(accounts)

    def free(pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        return (m for m in pattern.finditer(plain) if not any(s < m.end() and m.start() < e for s, e in taken))

    printed = [m.span() for m in free(_PRINTED) if luhn(re.sub(r"\D", "", m[0]))]
    return [*(span for run in free(_RUN) for span in _in_run(run, near_card)), *printed]


def _in_run(run: re.Match[str], near_card: Callable[[int, int], bool]) -> Spans:
    groups = [m.span() for m in _GROUP.finditer(run.string, *run.span())]
    digits = "".join(run.string[start:stop] for start, stop in groups)
    if len(digits) < SHORTEST:
        return []
    sums = LuhnSums(digits)
    if len(digits) <= LONGEST and sums.fit(0, len(digits)):
        return [run.span()]
    cards = [window for window, first, stop in _windows(groups) if sums.fit(first, stop)]
    found = [window for window in cards if _usual(window)]
    if not found and cards and near_card(*run.span()):
        found = cards
    return [(window[0][0], window[-1][1]) for window in found]


def _windows(groups: Sequence[tuple[int, int]]) -> Iterator[tuple[Sequence[tuple[int, int]], int, int]]:
    """Neighbouring groups that together have as many digits as a card, and their first and last digit's place."""
    begin = 0
    for first, (start, stop) in enumerate(groups):
        end = begin
        for last in range(first, len(groups)):
            end += groups[last][1] - groups[last][0]
            if end - begin > LONGEST:
                break
            if end - begin >= SHORTEST:
                yield groups[first : last + 1], begin, end
        begin += stop - start


def _usual(window: Sequence[tuple[int, int]]) -> bool:
    sizes = tuple(e - s for s, e in window)
    even = len(set(sizes[:-1])) <= 1 and sizes[-1] <= sizes[0]
    return sizes in _USUAL or even
