"""The shop's own identifiers, which redaction leaves alone: phones, e-mails, addresses, cards, accounts, order numbers.

Order numbers are described by patterns of a small language whose matching time is linear: repeats are bounded and
possessive, groups are atomic. A pattern that would let card numbers through is refused.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from schemas.configuration import OwnIdentifiers
from services.text.checksums import IBAN_LENGTHS, iban, luhn
from services.text.folding import fold_text
from services.text.issuers import LENGTHS

MAX_REPEATED = 40
MAX_PATTERN = 100
PRIVATE_KINDS = frozenset({"password", "code", "cvv"})
"""Kinds of secrets that are redacted even inside the shop's order numbers."""
RULES = (
    "letters, digits and signs as they are, \\d, \\w, [a-z0-9] classes, ( | ) groups, and ? * + {n} {n,m} "
    f"after one character or class, of at most {MAX_REPEATED}"
)
_TOKEN = re.compile(
    r"\\(?P<escaped>.)|(?P<class>\[\^?(?:\\.|[^\]\\\[]){1,60}\])|(?P<open>\((?:\?:)?)|(?P<close>\))|(?P<either>\|)"
    r"|(?P<repeat>[*+?]|\{(?P<least>\d{1,3})(?P<range>,(?P<most>\d{0,3}))?\})|(?P<edge>[\^$])|(?P<plain>[^.\\\[\](){}*+?|^$])",
    re.DOTALL,
)
_SPACED = r"[\s\-.()/]{0,3}"


class BadPattern(ValueError):
    """The pattern is not allowed. The message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class OwnIdentifierMatcher:
    """Patterns over folded text; `phones` are digits without leading zeros."""

    identifiers: tuple[re.Pattern[str], ...] = ()
    orders: tuple[re.Pattern[str], ...] = ()
    phones: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.identifiers or self.orders or self.phones)

    def spans(self, plain: str, kind: str) -> Iterator[tuple[int, int]]:
        """The spans of the shop's own identifiers that could be mistaken for a value of this kind."""
        for pattern in self.identifiers if kind in PRIVATE_KINDS else (*self.identifiers, *self.orders):
            yield from (match.span() for match in pattern.finditer(plain))

    def is_phone(self, value: str) -> bool:
        """Whether the value is one of the shop's phones, with or without the country code."""
        # +371 67000000, 0067000000 and 67000000 are one phone: the one with the country code ends with the other.
        digits = "".join(c for c in value if c.isdigit()).lstrip("0")
        return len(digits) >= 7 and any(p.endswith(digits) or digits.endswith(p) for p in self.phones)


NO_OWN_IDENTIFIERS = OwnIdentifierMatcher()


def compile_own_identifiers(own_identifiers: OwnIdentifiers | None) -> OwnIdentifierMatcher:
    """The matcher for a workspace's own identifiers."""
    if own_identifiers is None or not any(
        (
            own_identifiers.phones,
            own_identifiers.emails,
            own_identifiers.addresses,
            own_identifiers.cards,
            own_identifiers.ibans,
            own_identifiers.patterns,
        )
    ):
        return NO_OWN_IDENTIFIERS
    return _compile(own_identifiers.model_dump_json())


# The argument is JSON, because a model with lists is not hashable. Two hundred identifiers take 7 ms to compile, and
# every message of the workspace is matched against them.
@lru_cache(maxsize=256)
def _compile(pattern: str) -> OwnIdentifierMatcher:
    own = OwnIdentifiers.model_validate_json(pattern)
    values = [
        *(_spaced(_digits(value)) for value in own.cards),
        *(_spaced(_letters(value)) for value in own.ibans),
        *(re.escape(fold_text(value.strip()).plain) for value in own.emails),
        *(r"[\W_]{1,6}".join(map(re.escape, _WORD.findall(fold_text(value).plain))) for value in own.addresses),
    ]
    identifiers = tuple(_whole_word(value) for value in values if value)
    phones = tuple(_digits(value).lstrip("0") for value in own.phones)
    return OwnIdentifierMatcher(
        identifiers, tuple(_whole_word(translate_pattern(source)) for source in own.patterns), phones
    )


_WORD = re.compile(r"[^\W_]+")


def _whole_word(pattern: str) -> re.Pattern[str]:
    """The pattern, matching only where no letter or digit is adjacent."""
    return re.compile(rf"(?<![^\W_])(?:{pattern})(?![^\W_])", re.IGNORECASE)


def _digits(value: str) -> str:
    return "".join(c for c in fold_text(value).plain if c.isdigit())


def _letters(value: str) -> str:
    return "".join(c for c in fold_text(value).plain if c.isalnum())


def _spaced(value: str) -> str:
    return _SPACED.join(map(re.escape, value))


def translate_pattern(pattern: str) -> str:
    """The pattern as a regular expression whose matching time is linear in the text. Raises BadPattern."""
    if not 0 < len(pattern) <= MAX_PATTERN:
        raise BadPattern(f"a pattern has 1 to {MAX_PATTERN} characters")
    parts: list[str] = []
    at = depth = 0
    repeatable = ""
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            raise BadPattern(f"{pattern[at]!r} at character {at + 1} is not understood; allowed are {RULES}")
        at = token.end()
        depth += (token["open"] is not None) - (token["close"] is not None)
        if depth < 0:
            raise BadPattern("a closing bracket has no opening one")
        parts.append(_piece(token, repeatable))
        repeatable = "group" if token["close"] else "one" if _is_identifier(token) else ""
    if depth:
        raise BadPattern("an opening bracket has no closing one")
    return _compiling("".join(parts))


def _is_identifier(token: re.Match[str]) -> bool:
    return any(token[name] is not None for name in ("escaped", "class", "plain"))


def _piece(token: re.Match[str], repeatable: str) -> str:
    # An atomic group is not entered again once it has matched, so nested repeats cannot cost exponential time.
    if token["open"]:
        return "(?>"
    if token["repeat"]:
        return _repeat(token, repeatable)
    if token["escaped"]:
        return _escaped(token["escaped"])
    # `^` and `$` are dropped: a pattern always matches a whole word, anywhere in the text.
    if token["edge"]:
        return ""
    if token["plain"]:
        return re.escape(fold_text(token["plain"]).plain)
    return token[0]


def _escaped(character: str) -> str:
    if character in "dw":
        return rf"\{character}"
    if character.isalnum():
        raise BadPattern(f"\\{character} is not understood; allowed are {RULES}")
    return re.escape(character)


def _repeat(token: re.Match[str], repeatable: str) -> str:
    if not repeatable or (repeatable == "group" and token[0] != "?"):
        raise BadPattern(f"{token[0]!r} may follow one character or class; a group takes `?` alone")
    if token[0] in "*+?":
        return {"*": f"{{0,{MAX_REPEATED}}}+", "+": f"{{1,{MAX_REPEATED}}}+", "?": "?+"}[token[0]]
    least = int(token["least"])
    most = least if token["range"] is None else int(token["most"] or MAX_REPEATED)
    if not least <= most <= MAX_REPEATED:
        raise BadPattern(f"{token[0]} repeats more than {MAX_REPEATED} times, or less than none")
    return f"{{{least},{most}}}+"


def _compiling(translation: str) -> str:
    try:
        _whole_word(translation)
    except re.error as error:
        raise BadPattern(f"it is not understood: {error.msg}") from error
    return translation


def validate_own_identifiers(own_identifiers: OwnIdentifiers) -> list[tuple[str, str]]:
    """The problems of the identifiers, as (JSON pointer, sentence): values without effect and values that match too
    much.
    """
    wrong = []
    for name, check in _JUDGES.items():
        for index, value in enumerate(getattr(own_identifiers, name)):
            if sentence := check(value):
                wrong.append((f"/own/{name}/{index}", sentence))
    return wrong


def _wrong_phone(value: str) -> str | None:
    return None if 7 <= len(_digits(value)) <= 15 else "a phone number has 7 to 15 digits"


def _wrong_email(value: str) -> str | None:
    name, _, host = value.strip().rpartition("@")
    return (
        None
        if name and "." in host.strip(".") and not any(map(str.isspace, value.strip()))
        else "this is no e-mail address"
    )


def _wrong_address(value: str) -> str | None:
    return None if len(_letters(value)) >= 4 else "an address has at least four letters or digits"


def _wrong_card(value: str) -> str | None:
    digits = _digits(value)
    return (
        None
        if 13 <= len(digits) <= 19 and luhn(digits)
        else "a card number has 13 to 19 digits, the last of which checks the others"
    )


def _wrong_iban(value: str) -> str | None:
    account = _letters(value).upper()
    if account.isascii() and iban(account):
        return None
    length = IBAN_LENGTHS.get(account[:2])
    return f"this is no IBAN{f': one of {account[:2]} has {length} characters' if length else ''}"


def _wrong_pattern(value: str) -> str | None:
    try:
        pattern = _whole_word(translate_pattern(value))
    except BadPattern as error:
        return f"this pattern is refused: {error}"
    if pattern.fullmatch(""):
        return "this pattern is refused: it fits an empty text"
    if any(pattern.search(number) for number in _sample_cards()):
        return "this pattern is refused: it fits card numbers; begin it with what your order numbers begin with"
    return None


# They take 30 ms to make, and each of up to 100 patterns of a workspace is tested against them.
@lru_cache(maxsize=1)
def _sample_cards() -> Sequence[str]:
    """One card number for every prefix and length, in one group and in several. Patterns are tested against them."""
    cards = []
    for beginning, sizes in LENGTHS.items():
        for size in sizes:
            payload = beginning + "1234567890123456789"[: size - 1 - len(beginning)]
            number = payload + next(d for d in "0123456789" if luhn(payload + d))
            cards += [number, " ".join(number[i : i + 4] for i in range(0, size, 4))]
    return cards


_JUDGES: dict[str, Callable[[str], str | None]] = {
    "phones": _wrong_phone,
    "emails": _wrong_email,
    "addresses": _wrong_address,
    "cards": _wrong_card,
    "ibans": _wrong_iban,
    "patterns": _wrong_pattern,
}
