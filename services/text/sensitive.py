"""Redacts secrets and personal data in a text: each value is replaced by its kind.

On every surface: payment cards, their CVV, one-time codes, passwords, national ids. Only in public: e-mail, phone, IBAN,
order numbers, postcodes. Values are found in the folded text and replaced in the original (`folding`).
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.text.bidi_isolation import isolate
from services.text.cards import MIN_CARD_DIGITS, CoveredSpans, card_spans
from services.text.checksums import IBAN_LENGTHS, iban, iranian_id, latvian_id
from services.text.folding import ESCAPED, fold_text, unescape
from services.text.own import NO_OWN_IDENTIFIERS, OwnIdentifierMatcher
from services.text.sensitive_patterns import (
    ANY_CARD_WORD,
    ANY_ID_WORD,
    CODE_AFTER_WORD,
    CODE_BEFORE_WORD,
    COUNTING,
    CVV,
    DIGIT,
    EMAIL,
    IBAN,
    LOOSE_CVV,
    NATIONAL_ID_STATED,
    NOT_A_PASSWORD,
    ORDER,
    PASSWORD_SHAPED,
    PASSWORD_STATED,
    PERSONAS_KODS,
    PHONE,
    POSTCODE,
    SHEBA,
    TEN_DIGITS,
    UUID,
)

Span = tuple[int, int, str]
Detector = Callable[[str], Iterable[Span]]
NEAR = 40
"""Characters within which a word counts as near a value."""
KEYWORD_DISTANCE = 20
"""Characters that an excerpt shows on each side of a redacted value."""
MAX_UNESCAPE_ROUNDS = 3
"""How many times escapes within escapes are undone."""


@dataclass(frozen=True, slots=True)
class RedactionResult:
    """`text` with each value replaced by `[kind]`; `kinds` that were found, sorted."""

    text: str
    kinds: list[str]


def redact(text: str, *, public: bool, own_identifiers: OwnIdentifierMatcher = NO_OWN_IDENTIFIERS) -> RedactionResult:
    """Replace secrets, and with `public` also data that identifies or locates a person.

    The shop's `own_identifiers` stay. Values hidden by escapes or tags of URLs, JSON or HTML are found too; such a text is
    returned without its escapes and tags.
    """
    # One word of ASCII letters holds no digits, no sign and no second word that could announce a secret.
    if text.isascii() and text.replace("-", "").replace("_", "").isalpha():
        return RedactionResult(text, [])
    masked = _redact_once(text, own_identifiers, public=public)
    hidden = masked.text
    for _ in range(MAX_UNESCAPE_ROUNDS):
        if not ESCAPED.search(hidden):
            break
        hidden = unescape(hidden)
        # Only when something is found is the text returned without its escapes: otherwise it stays as it was written.
        inside = _redact_once(hidden, own_identifiers, public=public)
        if inside.kinds:
            masked = RedactionResult(inside.text, sorted({*masked.kinds, *inside.kinds}))
            hidden = masked.text
    return masked


def _redact_once(text: str, own_identifiers: OwnIdentifierMatcher, *, public: bool) -> RedactionResult:
    folded_text = fold_text(text)
    matches = _find_matches(folded_text.plain, ALL_DETECTORS if public else SECRETS)
    if matches and own_identifiers:
        matches = [match for match in matches if not _is_own_identifier(folded_text.plain, match, own_identifiers)]
    merged = list(_merge_overlaps(sorted(matches)))
    # Folding may have removed invisible characters, so positions are translated back to those of the original.
    spans = [(*folded_text.original_span(match.start, match.stop), match.kind) for match in merged]
    return RedactionResult(replace_matches(text, spans), sorted({match.kind for match in merged}))


def _find_matches(plain: str, detectors: Sequence[Detector]) -> list["SensitiveMatch"]:
    """The matches of the detectors in a folded text. Detectors that need more digits than it has are skipped."""
    digits = len(DIGIT.findall(plain))
    possible = [detector for detector in detectors if MIN_DIGITS.get(detector, 0) <= digits]
    return [
        SensitiveMatch(start, stop, rank, kind)
        for rank, detector in enumerate(possible)
        for start, stop, kind in detector(plain)
    ]


def _is_own_identifier(plain: str, match: "SensitiveMatch", own_identifiers: OwnIdentifierMatcher) -> bool:
    """Whether the match lies inside an identifier of the shop, or is its phone."""
    inside = any(
        start <= match.start and match.stop <= stop for start, stop in own_identifiers.spans(plain, match.kind)
    )
    return inside or own_identifiers.is_phone(plain[match.start : match.stop])


class SensitiveMatch(NamedTuple):
    """The span and kind of a value. `rank` is the index of its detector: a lower rank wins when matches overlap."""

    start: int
    stop: int
    rank: int
    kind: str


def replace_matches(text: str, spans: Iterable[Span]) -> str:
    """The text with `[kind]` in place of each span. The spans are in order and do not overlap."""
    parts, end = [], 0
    for start, stop, kind in spans:
        parts.append(f"{text[end:start]}[{kind}]")
        end = stop
    return "".join(parts) + text[end:]


def _merge_overlaps(matches: Iterable[SensitiveMatch]) -> Iterator[SensitiveMatch]:
    """Merge overlapping matches into one with the kind of the lowest rank (cards before phones). `matches` are sorted."""
    current: SensitiveMatch | None = None
    for match in matches:
        if current is None or match.start >= current.stop:
            if current is not None:
                yield current
            current = match
            continue
        named = min(current, match, key=lambda p: (p.rank, p.start - p.stop))
        current = SensitiveMatch(current.start, max(current.stop, match.stop), named.rank, named.kind)
    if current is not None:
        yield current


def _values(pattern: re.Pattern[str], kind: str) -> Detector:
    return lambda plain: [(*m.span("value"), kind) for m in pattern.finditer(plain)]


def _has_keyword_nearby(plain: str, start: int, stop: int, keywords: re.Pattern[str]) -> bool:
    return keywords.search(plain, max(0, start - NEAR), stop + NEAR) is not None


def _is_near(keyword_positions: list[int], start: int, stop: int) -> bool:
    """Whether a keyword begins near a span. The positions are searched once per text, because every number asks."""
    following = bisect_left(keyword_positions, max(0, start - NEAR))
    return following < len(keyword_positions) and keyword_positions[following] < stop + NEAR


def _cards(plain: str) -> list[Span]:
    excluded = [(start, stop) for start, stop, _ in _ibans(plain)] + _uuids(plain)
    words = [m.start() for m in ANY_CARD_WORD.finditer(plain)]
    spans = card_spans(plain, excluded, lambda start, stop: _is_near(words, start, stop))
    # Three or four digits soon after a card are its CVV, unless a word between them says that they count or cost something.
    loose = [
        m
        for _, end in spans
        if (m := LOOSE_CVV.search(plain, end, end + NEAR)) and not COUNTING.search(plain, end, m.start())
    ]
    return [(s, e, "card") for s, e in spans] + [(*m.span(), "cvv") for m in loose]


def _national_ids(plain: str) -> list[Span]:
    stated = [(*m.span("value"), "national_id") for m in NATIONAL_ID_STATED.finditer(plain)]
    near = [
        m
        for m in TEN_DIGITS.finditer(plain)
        if iranian_id(_digits(m[0])) and _has_keyword_nearby(plain, *m.span(), ANY_ID_WORD)
    ]
    kods = [m for m in PERSONAS_KODS.finditer(plain) if latvian_id(m["first"], m["last"])]
    return stated + [(*m.span(), "national_id") for m in (*near, *kods)]


def _passwords(plain: str) -> list[Span]:
    stated = [m for m in PASSWORD_STATED.finditer(plain) if m["value"].strip(".!?\"'«»") not in NOT_A_PASSWORD]
    shaped = list(PASSWORD_SHAPED.finditer(plain))
    return [(*m.span("value"), "password") for m in (*stated, *shaped)]


def _ibans(plain: str) -> list[Span]:
    spans = []
    for match in IBAN.finditer(plain):
        if size := _size_of_iban(match[0]):
            spans.append((match.start(), match.start() + size, "iban"))
    return spans + [(*m.span("value"), "iban") for m in SHEBA.finditer(plain)]


def _size_of_iban(value: str) -> int | None:
    """The number of characters of `value` that form an IBAN: its country's length, since following words look like more of it."""
    wanted = IBAN_LENGTHS.get(value[:2].upper())
    positions = [position for position, character in enumerate(value) if character.isalnum()]
    if wanted is None or len(positions) < wanted:
        return None
    account = "".join(value[position] for position in positions[:wanted])
    return positions[wanted - 1] + 1 if account.isascii() and iban(account.upper()) else None


def _order_numbers(plain: str) -> list[Span]:
    return [(*(m.span("value") if m["value"] else m.span("hash")), "order") for m in ORDER.finditer(plain)]


def _postcodes(plain: str) -> list[Span]:
    return [(*(m.span("value") if m["value"] else m.span("code")), "address") for m in POSTCODE.finditer(plain)]


def _whole(pattern: re.Pattern[str], kind: str) -> Detector:
    return lambda plain: [(*m.span(), kind) for m in pattern.finditer(plain)]


def _uuids(plain: str) -> list[tuple[int, int]]:
    return [m.span() for m in UUID.finditer(plain)]


def _outside_uuids(detector: Detector) -> Detector:
    """The detector without what it finds inside a UUID, whose digits look like any number by chance."""

    def find(plain: str) -> list[Span]:
        found = detector(plain)
        if not found:
            return []
        uuids = CoveredSpans(len(plain), _uuids(plain))
        return [
            (start, stop, kind)
            for start, stop, kind in found
            if not (uuids.touches((start, start + 1)) and uuids.touches((stop - 1, stop)))
        ]

    return find


def _digits(value: str) -> str:
    return "".join(c for c in value if c.isdigit())


_cvvs, _codes, _codes_before = _values(CVV, "cvv"), _values(CODE_AFTER_WORD, "code"), _values(CODE_BEFORE_WORD, "code")
_emails, _phones = _whole(EMAIL, "email"), _outside_uuids(_whole(PHONE, "phone"))
_accounts = _outside_uuids(_ibans)
# The order is the rank: where two matches overlap, the earlier detector names the value.
SECRETS: tuple[Detector, ...] = (_cards, _cvvs, _national_ids, _codes, _codes_before, _passwords)
PERSONAL: tuple[Detector, ...] = (_accounts, _emails, _phones, _order_numbers, _postcodes)
ALL_DETECTORS = SECRETS + PERSONAL
MIN_DIGITS: dict[Detector, int] = {
    _cards: MIN_CARD_DIGITS,
    _cvvs: 3,
    _national_ids: 10,
    _codes: 3,
    _codes_before: 3,
    _accounts: 2,
    _phones: 7,
    _order_numbers: 3,
    _postcodes: 4,
}
"""The minimum number of digits in a text for a detector to match. Detectors are skipped for texts with fewer digits."""


def find_card_spans(text: str, own_identifiers: OwnIdentifierMatcher = NO_OWN_IDENTIFIERS) -> list[Span]:
    """The spans of cards and of the CVVs that follow them, in order, without overlaps."""
    folded_text = fold_text(text)
    if len(DIGIT.findall(folded_text.plain)) < MIN_CARD_DIGITS:
        return []
    matches = [SensitiveMatch(start, stop, 0, kind) for start, stop, kind in _cards(folded_text.plain)]
    merged = _merge_overlaps(
        sorted(match for match in matches if not _is_own_identifier(folded_text.plain, match, own_identifiers))
    )
    return [(*folded_text.original_span(match.start, match.stop), match.kind) for match in merged]


def redacted_excerpts(masked: RedactionResult) -> str:
    """Quotations of the places where values were found, with the values replaced: `“my number is [card] please”`."""
    return "; ".join(_excerpt(masked.text, kind) for kind in masked.kinds)


def _excerpt(text: str, kind: str) -> str:
    at = text.find(f"[{kind}]")
    if at < 0:
        return kind
    context = " ".join(text[max(0, at - KEYWORD_DISTANCE) : at + len(kind) + 2 + KEYWORD_DISTANCE].split())
    return isolate(f"“{context}”")
