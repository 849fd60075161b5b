"""Cuts what a mail quotes below an answer, and the signature: in English, Persian, Arabic, Latvian, and a few more.

Nothing is lost: text and quote together have every line. A mail that would be left without any text stays whole.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

MAX_LINES = 20_000
MAX_ATTRIBUTION_LINES = 4
MAX_ATTRIBUTION = 600
_MARKS = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\u061c]")
"""Direction marks and spaces without width, with which programs surround names and addresses."""

ATTRIBUTIONS = tuple(
    re.compile(rf"\A{pattern}", re.IGNORECASE)
    for pattern in (
        r"on\b.{4,500}\bwrote\s*+:",
        r".{4,500}<[^\s<>@]++@[^\s<>]++>.{0,40}\bwrote\s*+:",
        r"(?:در|به تاریخ|روز)\s.{4,500}(?:نوشت|نوشته|نوشته است|نوشته‌است|نوشتند)\s*+:",
        r"(?:في|بتاريخ|يوم|ف[يى])\s.{4,500}(?:كتب|كتبت|كتبوا|تمت كتابة ما يلي بواسطة)\b.{1,201}+(?<=:)",
        r"(?:كتب|كتبت)\s.{4,500}:",
        r".{4,500}\b(?:rakstīja|raksta|rakstījis|rakstījusi)\s*+(?:\([^)]{0,100}+\)\s*+)?:",
        r"(?:am|den|le|el|op)\b.{4,500}\b(?:schrieb|skrev|a écrit|escribió|schreef)\b.{1,201}+(?<=:)",
        r".{4,500}(?:пишет|написала?|писала?)\s*+:",
    )
)
"""A whole line above a quote that says who wrote it and when, in the words of Gmail, Apple Mail, Outlook and Thunderbird."""
DIVIDERS = re.compile(
    r"\A[-_=\s]{2,40}(?:original (?:message|appointment)|ursprüngliche nachricht|message d'origine"
    r"|پیام (?:اصلی|اولیه)|متن اصلی|الرسالة الأصلية|رسالة أصلية"
    r"|(?:oriģinālais|sākotnējais) (?:ziņojums|vēstule)|sākotnējā ziņa|исходное сообщение)\s*[-_=\s]{2,40}:?",
    re.IGNORECASE,
)
FORWARDS = re.compile(
    r"[-\s]{2,40}(?:forwarded message|پیام (?:ارسال[‌ ]?شده|هدایت[‌ ]?شده|باز ?ارسال شده|فوروارد ?شده)"
    r"|(?:رسالة|الرسالة) (?:معاد|مُعاد|المعاد|المُعاد) .{3,30}|رسالة محولة|pārsūtīt[āas]+ (?:ziņa|vēstule|ziņojums))\s*[-\s]{2,40}"
    r"|begin forwarded message:",
    re.IGNORECASE,
)
"""A line above a mail that was sent on: that is what the customer wants to show."""
FORWARDED_SUBJECT = re.compile(r"(?:fwd?|wg|tr|هدایت|ارسال|إعادة توجيه|pārs)\s*:", re.IGNORECASE)

HEADER_NAMES = (
    r"\*?(?:from|von|de|از|فرستنده|من|المرسل|no|sūtītājs|от)\*?\s*:\s*\*?",
    r"\*?(?:sent|date|gesendet|datum|envoyé|date|تاریخ|ارسال شده(?: در)?|زمان ارسال|تم الإرسال|تاريخ الإرسال|أرسلت|أُرسلت|التاريخ|nosūtīts|nosūtīta|datums|отправлено|дата)\*?\s*:",
    r"\*?(?:to|an|à|به|گیرنده|إلى|الى|kam|adresāts|кому)\*?\s*:",
    r"\*?(?:subject|betreff|objet|موضوع|الموضوع|temats|tēma|тема)\*?\s*:",
)
"""The names of the four headers that Outlook writes above a quote."""
_HEADERS = tuple(re.compile(name, re.IGNORECASE) for name in HEADER_NAMES)
_RULE = re.compile(r"[_\-]{10,}")

SIGNATURE = re.compile(r"--\s?|—\s?")
MAX_SIGNATURE_LINES = 15
DEVICES = re.compile(
    r"(?:sent from (?:my|outlook|yahoo|mail)|get outlook for|envoyé de mon|von meinem"
    r"|ارسال(?:[‌ ]?شده)? از|فرستاده شده از|أُ?رسلت? من|مرسل من|nosūtīts no|sūtīts no)\b.{0,80}",
    re.IGNORECASE,
)
"""The line that a telephone puts below a mail."""


@dataclass(frozen=True, slots=True)
class SplitText:
    """What somebody wrote, and what their mail repeats or signs with; None: nothing."""

    text: str
    quote: str | None


def split_reply(text: str, subject: str = "") -> SplitText:
    """The new words of a mail, and the rest. Never raises; `text` is blank only for a blank mail."""
    lines = text.replace("\r\n", "\n").split("\n")
    plain = [_MARKS.sub("", line).replace("\xa0", " ").strip() for line in lines[:MAX_LINES]]
    start, end = _quote_range(plain, is_forward=FORWARDED_SUBJECT.match(subject.lstrip()) is not None)
    above, signature = _split_signature(lines[:start])
    below, signature_below = _split_signature(lines[end:])
    written = [*above, *below]
    if not any(line.strip() for line in written):
        return SplitText(text.strip("\n"), None)
    quote = "\n".join([*signature, *lines[start:end], *signature_below]).strip("\n")
    return SplitText("\n".join(written).strip("\n"), quote or None)


def _quote_range(lines: list[str], *, is_forward: bool) -> tuple[int, int]:
    """The numbers of the line at which the quote begins, and of the one after it; both are the number of lines without one."""
    for number, line in enumerate(lines):
        if not line:
            continue
        if FORWARDS.fullmatch(line):
            break
        if _is_attribution(lines, number):
            # Words below the quoted lines are new too: some people answer there.
            return (len(lines), len(lines)) if _is_interleaved(lines, number) else (number, _quote_end(lines, number))
        if DIVIDERS.fullmatch(line):
            return number, len(lines)
        if not is_forward and _is_header_block(lines, number):
            return _with_rule(lines, number), len(lines)
    return _trailing_quote(lines), len(lines)


def _is_attribution(lines: list[str], number: int) -> bool:
    """Whether a sentence begins here that ends with a colon and says who wrote; programs wrap it over some lines."""
    if lines[number].startswith(">"):
        return False
    joined = ""
    for at, line in enumerate(lines[number : number + MAX_ATTRIBUTION_LINES], number):
        if not line or line.startswith(">"):
            return False
        joined = f"{joined} {line}".strip()
        if len(joined) > MAX_ATTRIBUTION:
            return False
        if joined.endswith(":") and any(pattern.fullmatch(joined) for pattern in ATTRIBUTIONS):
            # "On Monday your colleague wrote:" may be the customer's own sentence.
            return _is_machine_made(joined) or _next_words(lines, at + 1).startswith(">")
    return False


def _next_words(lines: list[str], start: int) -> str:
    """The first line from here on that is not empty."""
    return next((lines[at] for at in range(start, len(lines)) if lines[at]), "")


def _is_machine_made(sentence: str) -> bool:
    """Whether a sentence has an address, or a date with its year or time."""
    return "@" in sentence or len(re.findall(r"\d+", sentence)) >= 3


def _is_header_block(lines: list[str], number: int) -> bool:
    """Whether the header From stands here, and two more of them within the next lines."""
    if not _HEADERS[0].match(lines[number]) or len(lines[number]) > MAX_ATTRIBUTION:
        return False
    following = [line for line in lines[number + 1 : number + 12] if line][:6]
    found = [any(name.match(line) for line in following) for name in _HEADERS[1:]]
    # "From", "To" and "Date" alone may be about a parcel.
    return sum(found) >= 2 and (found[-1] or "@" in lines[number])


def _with_rule(lines: list[str], number: int) -> int:
    """The line above a header block, if Outlook has drawn it."""
    above = next((at for at in range(number - 1, max(number - 3, -1), -1) if lines[at]), None)
    return above if above is not None and _RULE.fullmatch(lines[above]) else number


def _is_interleaved(lines: list[str], number: int) -> bool:
    """Whether answers stand between the quoted lines: then the quotes are needed to read them."""
    quoted = [bool(line) and line.startswith(">") for line in lines[number:] if line]
    changes = sum(before and not after for before, after in pairwise(quoted))
    return changes > 1 or (changes == 1 and quoted[-1:] == [True])


def _quote_end(lines: list[str], start: int) -> int:
    """The number of the line after the quoted lines that follow an attribution; the end where none are quoted."""
    quoted = [at for at in range(start, len(lines)) if lines[at].startswith(">")]
    return quoted[-1] + 1 if quoted else len(lines)


def _trailing_quote(lines: list[str]) -> int:
    """The start of quoted lines that end a mail without a word about who wrote them."""
    start = len(lines)
    while start and (not lines[start - 1] or lines[start - 1].startswith(">")):
        start -= 1
    is_quote = any(line.startswith(">") for line in lines[start:])
    is_interleaved = any(line.startswith(">") for line in lines[:start])
    return start if is_quote and not is_interleaved else len(lines)


def _split_signature(lines: list[str]) -> tuple[list[str], list[str]]:
    """What was written, and the signature: below `-- `, or the line of a telephone at the end."""
    plain = [_MARKS.sub("", line).strip("\r\n\xa0") for line in lines]
    for number in range(max(len(plain) - MAX_SIGNATURE_LINES, 0), len(plain)):
        if SIGNATURE.fullmatch(plain[number]):
            return lines[:number], lines[number:]
    last = next((at for at in range(len(plain) - 1, -1, -1) if plain[at].strip()), None)
    if last is not None and DEVICES.fullmatch(plain[last].strip()):
        return lines[:last], lines[last:]
    return lines, []
