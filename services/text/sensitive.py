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
from services.text.cards import MIN_CARD_DIGITS, card_spans
from services.text.checksums import IBAN_LENGTHS, iban, iranian_id, latvian_id
from services.text.folding import ESCAPED, fold_text, unescape
from services.text.normalise import normalised_words
from services.text.own import NO_OWN_IDENTIFIERS, OwnIdentifierMatcher

Span = tuple[int, int, str]
Detector = Callable[[str], Iterable[Span]]
NEAR = 40
KEYWORD_DISTANCE = 20
MAX_UNESCAPE_ROUNDS = 3
"""How many times escapes within escapes are undone."""

# Every repeat is bounded and every word begins at a word boundary, so that matching time is linear in the text (no ReDoS).
CARD_WORD = (
    r"(?:(?:(?<!sim )(?<!sim-)(?<!gift )(?<!memory )(?<!sd )(?<!graphics )(?<!id )(?<!loyalty )(?:(?:credit|debit|bank)?cards?|kart[eiaus]?[^\W\d]{0,4}+)"
    r"|kredītkart[^\W\d]{0,4}+|visa|master ?card|maestro|amex|shetab|(?<!سیم )(?<!سیم)(?<!هدیه )کارت|(?:ال)?بطاق[^\W\d]{0,6}+|شتاب|pan"
    r"|cvv2?|cvc2?|expir[^\W\d]{0,8}+|کد امنیتی))"
)
CVV_WORD = r"(?:cvv ?2?|cvc ?2?|cw2|csc|card security code|security code|drošības kod[^\W\d]{0,12}+|drosibas kod[^\W\d]{0,12}+|کد امنیتی|سی وی وی)"
CODE_WORD = (
    r"(?:otp|one[- ]?time (?:code|password|pin|passcode)|(?:verification|confirmation|login|sms|auth[^\W\d]{0,12}+|2fa|security) code"
    r"|passcode|pin(?:[- ]?code)?|vienreiz[^\W\d]{1,12}+ (?:kod|parol)[^\W\d]{0,12}+|apstiprin[^\W\d]{1,12}+ kod[^\W\d]{0,12}+|pin[- ]?kod[^\W\d]{0,12}+|sms kod[^\W\d]{0,12}+"
    r"|کد (?:تایید|تائید|تاييد|فعال ?سازی|ورود|پیامک[^\W\d]{0,12}+|یک ?بار ?مصرف|پویا)|رمز (?:پویا|دوم|اول|یک ?بار ?مصرف|کارت|موقت)[^\W\d]{0,12}+|پین ?کد|پین"
    r"|رمز (?:ال)?(?:تحقق|تحقّق|تاکید|سری)|الرمز السری|کود (?:ال)?(?:تحقق|تفعیل)|رمز التفعیل)"
)
LOGIN_WORD = (
    r"(?:pass ?word|passwd|pwd|passphrase|parol(?:e|i|es|ē|em)|رمز ?(?:عبور|ورود)|گذر ?واژه|پسورد|پسوورد|کلمه ?عبور"
    r"|کلمه (?:ال)?(?:مرور|سر)|رمز(?! ?(?:ارز|تخفیف|رهگیری)))"
)
ID_WORD = (
    r"(?:کد ?ملی|شماره ?ملی|کارت ملی|شناسه ملی|melli|mell?i code|national (?:id|code|number)|الرقم الوطنی|رقم وطنی"
    r"|الهویه|رقم الهویه|personas kod[^\W\d]{0,12}+|p\.? ?k\.?|personal code|id number)"
)
ORDER_WORD = r"(?:order|invoice|parcel|tracking|سفارش|فاکتور|مرسوله|رهگیری|طلب[^\W\d]{0,12}+|الطلب|pasūtījum[^\W\d]{0,12}+|pasutijum[^\W\d]{0,12}+|rēķin[^\W\d]{0,12}+|sūtījum[^\W\d]{0,12}+|sutijum[^\W\d]{0,12}+)"
SHEBA_WORD = r"(?:شبا|sheba|iban|ایبان|آیبان)"

# Between a word and its value: a few other words, no digit, no end of a sentence, and no word that announces another
# number ("the confirmation code for order 12345 never came").
_OTHER = r"(?!order|invoice|parcel|tracking|سفارش|فاکتور|مرسوله|رهگیری|طلب|pasūt|pasut|rēķin|sūtīj|sutij)"
_GAP = rf"(?:{_OTHER}(?:[^\S\n]|[:=#.\-–—،,'\"«(\[]|\u200c|[^\W\d])){{0,28}}?"
_SHORT_GAP = rf"(?:{_OTHER}(?:[^\S\n]|[:=«\"'(]|\u200c|[^\W\d])){{0,12}}?"
_CODE = r"(?<!\d)\d(?:[ \-.]?\d){2,9}(?!\d)"
_CONNECTOR = r"[^\S\n]*(?:[^\W\d]{1,6}[^\S\n]+){0,2}?(?:[:=]+|\bis\b|\bir\b|\bاین\b|\bهو\b|\bهی\b|->)[^\S\n]*"
# Words that follow "password is" in sentences about passwords, and that are no passwords.
NOT_A_PASSWORD = normalised_words(
    """wrong not incorrect invalid expired required correct the a an being too still never always broken lost forgotten
    reset changed blocked locked needed ok fine working no same and but or for to in on it my your nav ir ne
    nepareiza nederīga aizmirsta درست غلط اشتباه فراموش کار نیست است رو را خطا منتهی صحیح خاطئه"""
)

_CVV = re.compile(rf"(?<!\w){CVV_WORD}{_GAP}(?P<value>(?<!\d)\d[ \-.]?\d[ \-.]?\d(?:[ \-.]?\d)?(?!\d))")
_CODES = re.compile(rf"(?<!\w){CODE_WORD}(?!\w){_GAP}(?P<value>{_CODE})")
_CODES_BEFORE = re.compile(rf"(?P<value>{_CODE})[^\S\n]*(?:is my|is the|ir mans|ir mana)[^\S\n]*{CODE_WORD}(?!\w)")
_PASSWORD_STATED = re.compile(rf"(?<!\w){LOGIN_WORD}\w{{0,3}}{_CONNECTOR}(?P<value>[^\s،,;]{{1,200}})")
_PASSWORD_SHAPED = re.compile(
    rf"(?<!\w){LOGIN_WORD}\w{{0,3}}{_SHORT_GAP}(?P<value>(?=[^\s]{{0,60}}\d)(?<![^\s:=«\"'(])[^\s،;]{{4,200}})"
)
_NATIONAL_ID_STATED = re.compile(rf"(?<!\w){ID_WORD}{_GAP}(?P<value>(?<!\d)\d(?:[ \-.]?\d){{9,10}}(?!\d))")
_TEN = re.compile(r"(?<!\d)\d(?:[ \-.]?\d){9}(?!\d)")
_IDS = re.compile(rf"(?<!\w){ID_WORD}")
_KODS = re.compile(r"(?<!\d)(?P<first>\d{6})[ ]?[-–—‑−][ ]?(?P<last>\d{5})(?!\d)")
_CARDS = re.compile(rf"(?<!\w){CARD_WORD}")
_LOOSE = re.compile(r"(?<![\d\w.,/٬٫،])\d{3,4}(?![\d\w])(?!\s*(?:[/.,٬٫،]\d|%))")
_COUNTS = re.compile(rf"(?<!\w)(?:{ORDER_WORD}|items?|pieces?|eur|usd|تومان|ریال)|[€$£#]").search
_DIGIT = re.compile(r"\d")
_EMAIL = re.compile(r"(?<![\w.+\-])[\w.+\-]{1,64}+@[\w\-]{1,63}+(?:\.[\w\-]{1,63}+){1,8}+")
_IBAN = re.compile(r"(?<![a-z0-9])[a-z]{2}\d{2}(?:[ \-]?[a-z0-9]){11,30}")
_SHEBA = re.compile(rf"(?<!\w){SHEBA_WORD}{_GAP}(?P<value>\d(?:[ \-]?\d){{23}}(?!\d))")
_PHONE = re.compile(
    r"(?<![\d\w])(?:\+|00|0|\(0)[ \-.()]{0,2}\d(?:[ \-.()]{0,2}\d){6,13}(?!\d)|(?<![\d\w+])[26]\d(?: ?\d){6}(?!\d)"
)
_ORDER = re.compile(
    rf"(?<!\w){ORDER_WORD}{_GAP}(?P<value>[#№]?(?<![a-z\d])(?:[a-z]{{1,4}}-?)?\d(?:[\-/]{{0,2}}\d){{2,40}}+)|(?P<hash>[#№] ?[a-z]{{0,4}}-?\d{{3,40}}+)"
)
_POST = re.compile(
    rf"(?<!\w)lv ?[-–] ?(?P<value>\d{{4}})(?!\d)|(?:کد ?پستی|postcode|zip code){_GAP}(?P<code>\d(?:[ \-]?\d){{3,9}})"
)


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
    if text.isascii() and text.replace("-", "").replace("_", "").isalpha():
        return RedactionResult(text, [])
    masked = _redact_once(text, own_identifiers, public=public)
    hidden = masked.text
    for _ in range(MAX_UNESCAPE_ROUNDS):
        if not ESCAPED.search(hidden):
            break
        hidden = unescape(hidden)
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
    spans = [(*folded_text.original_span(match.start, match.stop), match.kind) for match in merged]
    return RedactionResult(replace_matches(text, spans), sorted({match.kind for match in merged}))


def _find_matches(plain: str, detectors: Sequence[Detector]) -> list["SensitiveMatch"]:
    """What the detectors find in a folded text; those that need more digits than it has are skipped."""
    digits = len(_DIGIT.findall(plain))
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
    accounts = [(start, stop) for start, stop, _ in _ibans(plain)]
    words = [m.start() for m in _CARDS.finditer(plain)]
    spans = card_spans(plain, accounts, lambda start, stop: _is_near(words, start, stop))
    loose = [
        m for _, end in spans if (m := _LOOSE.search(plain, end, end + NEAR)) and not _COUNTS(plain, end, m.start())
    ]
    return [(s, e, "card") for s, e in spans] + [(*m.span(), "cvv") for m in loose]


def _national_ids(plain: str) -> list[Span]:
    stated = [(*m.span("value"), "national_id") for m in _NATIONAL_ID_STATED.finditer(plain)]
    near = [
        m for m in _TEN.finditer(plain) if iranian_id(_digits(m[0])) and _has_keyword_nearby(plain, *m.span(), _IDS)
    ]
    kods = [m for m in _KODS.finditer(plain) if latvian_id(m["first"], m["last"])]
    return stated + [(*m.span(), "national_id") for m in (*near, *kods)]


def _passwords(plain: str) -> list[Span]:
    stated = [m for m in _PASSWORD_STATED.finditer(plain) if m["value"].strip(".!?\"'«»") not in NOT_A_PASSWORD]
    shaped = list(_PASSWORD_SHAPED.finditer(plain))
    return [(*m.span("value"), "password") for m in (*stated, *shaped)]


def _ibans(plain: str) -> list[Span]:
    spans = []
    for match in _IBAN.finditer(plain):
        if size := _size_of_iban(match[0]):
            spans.append((match.start(), match.start() + size, "iban"))
    return spans + [(*m.span("value"), "iban") for m in _SHEBA.finditer(plain)]


def _size_of_iban(value: str) -> int | None:
    """The number of characters of `value` that form an IBAN: its country's length, since following words look like more of it."""
    wanted = IBAN_LENGTHS.get(value[:2].upper())
    positions = [position for position, character in enumerate(value) if character.isalnum()]
    if wanted is None or len(positions) < wanted:
        return None
    account = "".join(value[position] for position in positions[:wanted])
    return positions[wanted - 1] + 1 if account.isascii() and iban(account.upper()) else None


def _order_numbers(plain: str) -> list[Span]:
    return [(*(m.span("value") if m["value"] else m.span("hash")), "order") for m in _ORDER.finditer(plain)]


def _postcodes(plain: str) -> list[Span]:
    return [(*(m.span("value") if m["value"] else m.span("code")), "address") for m in _POST.finditer(plain)]


def _whole(pattern: re.Pattern[str], kind: str) -> Detector:
    return lambda plain: [(*m.span(), kind) for m in pattern.finditer(plain)]


def _digits(value: str) -> str:
    return "".join(c for c in value if c.isdigit())


_cvvs, _codes, _codes_before = _values(_CVV, "cvv"), _values(_CODES, "code"), _values(_CODES_BEFORE, "code")
_emails, _phones = _whole(_EMAIL, "email"), _whole(_PHONE, "phone")
SECRETS: tuple[Detector, ...] = (_cards, _cvvs, _national_ids, _codes, _codes_before, _passwords)
PERSONAL: tuple[Detector, ...] = (_ibans, _emails, _phones, _order_numbers, _postcodes)
ALL_DETECTORS = SECRETS + PERSONAL
MIN_DIGITS: dict[Detector, int] = {
    _cards: MIN_CARD_DIGITS,
    _cvvs: 3,
    _national_ids: 10,
    _codes: 3,
    _codes_before: 3,
    _ibans: 2,
    _phones: 7,
    _order_numbers: 3,
    _postcodes: 4,
}
"""The minimum number of digits in a text for a detector to match. Detectors are skipped for texts with fewer digits."""


def find_card_spans(text: str, own_identifiers: OwnIdentifierMatcher = NO_OWN_IDENTIFIERS) -> list[Span]:
    """The spans of cards and of the CVVs that follow them, in order, without overlaps."""
    folded_text = fold_text(text)
    if len(_DIGIT.findall(folded_text.plain)) < MIN_CARD_DIGITS:
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
