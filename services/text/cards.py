"""Finds payment card numbers in any spelling, and leaves numbers that only look like them.

People write cards in groups of any size, with words between the groups, digit by digit, and with the expiry date attached.
Prices, IMEIs, tracking numbers and times pass a card's check digit by chance one time in ten. So a number counts as a card
for three reasons together: an issuer's prefix, its length, its check digit; the words around it count for or against it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

from services.text.checksums import LuhnSums
from services.text.issuers import card_lengths, is_card, is_common_network, starts_with_date

MAX_CARD_DIGITS, MIN_CARD_DIGITS = 19, 13
GAP = 48
"""Characters that may stand between two groups of a card that is spelled out."""
PRINTED = (4, 4, 4, 4)
"""The group sizes that are embossed on most cards."""
_GROUP = re.compile(r"\d+")
# Up to four separators: white space of any length, dashes, dots, slashes. A comma with a space separates numbers, and a
# colon writes a time.
_TIGHT = re.compile(r"(?:\s++|[.·•∙・。\-‐-―−﹣－_/\\|*~+'’`()\[\]٫]|[,،٬、，](?!\s)){0,4}+")
_SIGNS = re.compile(r"[\W_]{1,12}+")
# Words and signs which show that numbers in a row are prices or orders, and no parts of one card number.
_COUNTED = re.compile(
    r"[€$£¥﷼%]|(?<![^\W\d])(?:eur|euro|usd|toman|tooman|rial|irr|تومان|تومن|ریال|دلار|یورو|درهم|دینار|order|invoice|parcel|item|"
    r"price|سفارش|فاکتور|مرسوله|قیمت|طلب|سعر|pasūt|cena|rēķin|year|سال)"
)
# Three patterns of numbers that are no cards: prices with thousands separators, pairs of coordinates, dates with a time.
_PRICES = re.compile(r"(?<![\d.,])\d{1,3}(?:[,.٬'’]\d{3}){1,4}(?!\d)")
_DECIMALS = re.compile(r"(?<![\d.])\d{1,3}[.٫]\d{4,15}[\s,;/]{1,4}-?\d{1,3}[.٫]\d{4,15}(?!\d)")
_INSTANT = re.compile(
    r"(?<!\d)(?:1[34]|19|20)\d\d[-/.]\d\d?[-/.]\d\d?[t\s,،-]{1,3}\d\d?:\d\d(?::\d\d(?:[.,]\d{1,9})?)?"
)
# A word for another kind of number (IMEI, serial, barcode, tracking), then up to five short words or signs, then the number.
_NAMED = re.compile(
    r"(?<!\w)(?:imei(?:sv)?|meid|iccid|serial|s/n|sn|serijas|sērijas|سریال|السریال|تسلسلی|شناسه دستگاه|sim|سیم ?کارت|gtin|ean|upc"
    r"|isbn|barcode|بارکد|tracking|track|رهگیری|تتبع|awb|s10|sscc)(?!\w)"
    r"(?:[^\S\n]{0,3}(?:\d|number|code|card|no|nr|id|numurs|kods|شماره|کد|رقم|من|my|is|ir|are|کالا|پستی|گوشی|مرسوله|[:#=.\-–()])){0,5}"
    r"[^\S\n]{0,3}(?P<value>\d(?:[ \-/.]?\d){9,30})(?!\d)"
)
_MONTH = r"(?:0[1-9]|1[0-2])"
# Expiry years from 2024 to 2039, with two digits or four. They are bounded, because any four digits could be "MMYY".
_YEAR = r"(?:20)?(?:2[4-9]|3\d)"
_EXPIRY = re.compile(rf"{_MONTH}{_YEAR}(?:\d{{3}})?")
_MONTH_ONLY, _YEAR_ONLY = re.compile(_MONTH), re.compile(_YEAR)
_CVV = re.compile(r"\d{3}")
_SHAPES = (_PRICES, _DECIMALS, _INSTANT)
# Group sizes: of cards that are dictated, of what stands before the group to which other digits are attached, and of cards
# inside a longer run. American Express has 4-6-5, Diners Club 4-6-4, cards of 19 digits 4-4-4-4-3 or 6-13.
_SPOKEN = (PRINTED, (4, 6, 5), (4, 4, 4, 4, 3), (8, 8), (12, 4), (4, 12))
_BEFORE_LAST = ((), (4, 6), (4, 4, 4))
_USUAL = ((4, 6, 5), (4, 6, 4), (6, 13), (4, 4, 5), (8, 8), (6, 10), (6, 4, 4, 4))

Spans = list[tuple[int, int]]
NearCard = Callable[[int, int], bool]


class DigitGroup(NamedTuple):
    """Adjacent digits and their span in the text."""

    start: int
    stop: int
    digits: str


class DigitRun:
    """Neighbouring groups that may form or contain one number: all their digits, and the offset at which each group begins."""

    def __init__(self, groups: Sequence[DigitGroup]) -> None:
        self.groups = groups
        self.digits = "".join(group.digits for group in groups)
        self.sums = LuhnSums(self.digits)
        self.begins = [0, *accumulate(len(group.digits) for group in groups)]
        self._at = {begin: index for index, begin in enumerate(self.begins)}

    @property
    def span(self) -> tuple[int, int]:
        return self.groups[0].start, self.groups[-1].stop

    def window(self, first: int, size: int) -> Sequence[DigitGroup]:
        """The groups from `first` on that have `size` digits together; empty when no group ends at that digit."""
        last = self._at.get(self.begins[first] + size)
        return self.groups[first:last] if last is not None else ()

    def cards(self) -> Iterator[tuple[int, int]]:
        """(index of the first group, number of digits) of each part that is an issuer's number with a valid check digit."""
        for first, begin in enumerate(self.begins[:-1]):
            for size in card_lengths(self.digits[begin : begin + 6]):
                if begin + size <= len(self.digits) and self.sums.fit(begin, begin + size):
                    yield first, size


class CoveredSpans:
    """The positions of a text that earlier matches cover. A query costs time in proportion to its length."""

    def __init__(self, length: int, spans: Iterable[tuple[int, int]]) -> None:
        self._marks = bytearray(length)
        for start, stop in spans:
            self._marks[start:stop] = b"\x01" * (stop - start)

    def touches(self, span: tuple[int, int]) -> bool:
        return self._marks.find(1, *span) >= 0


@dataclass(frozen=True, slots=True)
class ScanContext:
    """A folded text, the spans that are no cards, and `near_card`, which tells whether a word near a span announces a card.

    `named` are numbers with a word before them that names them; `shaped` are prices, coordinates and times.
    """

    plain: str
    named: CoveredSpans
    shaped: CoveredSpans
    near_card: NearCard


def card_spans(plain: str, excluded: Iterable[tuple[int, int]], near_card: NearCard) -> Spans:
    """The spans of card numbers in a folded text. `excluded` are spans whose digits never count as cards: bank accounts, UUIDs.

    A card is: a run of digits that is an issuer's number as a whole, in any grouping; a part of a longer run that is
    grouped as cards are, also with an expiry date or CVV glued on; the groups of a card with words or signs between them.
    Where `near_card(start, stop)` is true, a valid check digit is enough.
    """
    # What is covered first is not looked at again: an IBAN or a UUID holds runs of digits that pass as cards.
    covered = CoveredSpans(len(plain), excluded)
    named = CoveredSpans(len(plain), (m.span("value") for m in _NAMED.finditer(plain)))
    shaped = CoveredSpans(len(plain), (m.span() for shape in _SHAPES for m in shape.finditer(plain)))
    context = ScanContext(plain, named, shaped, near_card)
    groups = [DigitGroup(*m.span(), m[0]) for m in _GROUP.finditer(plain) if not covered.touches(m.span())]
    spans = list(_in_runs(context, groups))
    seen = CoveredSpans(len(plain), spans)
    return spans + [span for span in _spelled_out(context, groups) if not seen.touches(span)]


def _runs(plain: str, groups: Iterable[DigitGroup], between: re.Pattern[str]) -> Iterator[list[DigitGroup]]:
    """Runs of neighbouring groups that only characters matching `between` separate."""
    run: list[DigitGroup] = []
    for group in groups:
        if run and between.fullmatch(plain, run[-1].stop, group.start) is None:
            yield run
            run = []
        run.append(group)
    if run:
        yield run


def _in_runs(context: ScanContext, groups: Iterable[DigitGroup]) -> Iterator[tuple[int, int]]:
    for neighbours in _runs(context.plain, groups, _TIGHT):
        run = DigitRun(neighbours)
        if len(run.digits) >= MIN_CARD_DIGITS:
            yield from _in_run(context, run)


def _in_run(context: ScanContext, run: DigitRun) -> Spans:
    if _is_named_number(context, run):
        return []
    near, shaped = context.near_card(*run.span), _is_shaped(context, run)
    if is_card(run.digits) and (near or not (shaped or _is_other_number(run.groups, run.digits))):
        return [run.span]
    spans = [_span(window) for window in _cards_in(run, near=near)]
    if spans or shaped or not near:
        return spans
    # A check digit alone proves little: it counts only near a word that announces a card.
    return _by_luhn_alone(run)


def _is_shaped(context: ScanContext, run: DigitRun) -> bool:
    """Whether every group belongs to a price, a coordinate or a time."""
    return all(context.shaped.touches(_group_span(group)) for group in run.groups)


def _is_named_number(context: ScanContext, run: DigitRun) -> bool:
    """Whether a word names the number (IMEI, tracking number), unless it is grouped as cards are printed."""
    return context.named.touches(run.span) and _sizes(run.groups)[:4] != PRINTED


def _cards_in(run: DigitRun, *, near: bool) -> Iterator[Sequence[DigitGroup]]:
    for first, size in run.cards():
        window = run.window(first, size)
        if window and (near or _has_standard_grouping(window)):
            yield window
        # No group ends where the card does: the last group continues with the expiry date or the CVV.
        elif not window and (glued := _with_glued_digits(run, first, size, near=near)):
            yield glued


def _is_other_number(groups: Sequence[DigitGroup], digits: str) -> bool:
    """Whether the digits are an order number that begins with a date, or two phone numbers of eight digits."""
    return (len(groups) == 1 and starts_with_date(digits)) or (
        _sizes(groups) == (8, 8) and all(group.digits[0] in "26" for group in groups)
    )


def _has_standard_grouping(window: Sequence[DigitGroup]) -> bool:
    sizes = _sizes(window)
    # Groups of three are how prices and phone numbers are written, so equal groups of three prove nothing.
    even = len(set(sizes[:-1])) <= 1 and sizes[-1] <= sizes[0] and sizes[0] != 3
    return (sizes in _USUAL or even) and not _is_other_number(window, window[0].digits)


def _sizes(groups: Iterable[DigitGroup]) -> tuple[int, ...]:
    return tuple(len(group.digits) for group in groups)


def _group_span(group: DigitGroup) -> tuple[int, int]:
    return group.start, group.stop


def _span(window: Sequence[DigitGroup]) -> tuple[int, int]:
    return window[0].start, window[-1].stop


def _by_luhn_alone(run: DigitRun) -> Spans:
    """Near a word for card: any 13 to 19 digits with a valid check digit, except SIM card numbers (89, ITU-T E.118)."""
    spans = []
    for first, begin in enumerate(run.begins[:-1]):
        for size in range(MIN_CARD_DIGITS, min(MAX_CARD_DIGITS, len(run.digits) - begin) + 1):
            if run.sums.fit(begin, begin + size) and not run.digits.startswith("89", begin):
                spans += [_span(window)] if (window := run.window(first, size)) else []
    return spans


def _with_glued_digits(run: DigitRun, first: int, size: int, *, near: bool) -> Sequence[DigitGroup]:
    """The groups of a card whose last group continues with the expiry date, the CVV or both."""
    for count in (1, 3, 4):
        window = run.groups[first : first + count]
        rest = sum(_sizes(window)) - size
        if len(window) == count and _sizes(window[:-1]) in _BEFORE_LAST and 2 <= rest <= 9:
            following = run.groups[first + count].digits if len(run.groups) > first + count else ""
            trusted = near or count > 1 or is_common_network(window[0].digits)
            if _follows(window[-1].digits[-rest:], following, trusted=trusted):
                return window
    return ()


def _follows(rest: str, following: str, *, trusted: bool) -> bool:
    if _EXPIRY.fullmatch(rest):
        return True
    if _MONTH_ONLY.fullmatch(rest):
        return _YEAR_ONLY.fullmatch(following) is not None
    return trusted and _CVV.fullmatch(rest) is not None


def _spelled_out(context: ScanContext, groups: Sequence[DigitGroup]) -> Iterator[tuple[int, int]]:
    """Spans of cards whose groups have words, labels, list numbers or signs between them, or that are written digit by digit."""
    long = [group for group in groups if len(group.digits) >= 3]
    for shape in _SPOKEN:
        yield from _shaped(context, long, shape)
    short = [group for group in groups if len(group.digits) <= 2]
    for run_groups in _runs(context.plain, short, _SIGNS):
        yield from _digit_by_digit(DigitRun(run_groups))


def _digit_by_digit(run: DigitRun) -> Iterator[tuple[int, int]]:
    """Spans of cards in groups of one or two digits, which are all of one size but the last."""
    for first, size in run.cards():
        window = run.window(first, size)
        if window and len(set(_sizes(window[:-1]))) == 1:
            yield _span(window)


def _shaped(context: ScanContext, groups: Sequence[DigitGroup], shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    for first in range(len(groups) - len(shape) + 1):
        window = groups[first : first + len(shape)]
        digits = "".join(group.digits for group in window)
        if _sizes(window) == shape and is_card(digits) and not _is_other_number(window, digits):
            counted = _are_quantities(context.plain, window) and not context.near_card(*_span(window))
            if _are_close(context.plain, window) and not counted:
                yield _span(window)


def _are_close(plain: str, window: Sequence[DigitGroup]) -> bool:
    """Whether every gap is at most a few words long and has no more digits than a list number."""
    gaps = [plain[before.stop : after.start] for before, after in pairwise(window)]
    return all(len(gap) <= GAP and sum(map(str.isdigit, gap)) <= 2 for gap in gaps)


def _are_quantities(plain: str, window: Sequence[DigitGroup]) -> bool:
    """Whether the groups are prices, years or orders in a row. Three round groups also count: no card has them."""
    if sum(group.digits.endswith("00") and group.digits != "0000" for group in window) >= 3:
        return True
    return _COUNTED.search(plain, max(0, window[0].start - 12), window[-1].stop + 12) is not None
