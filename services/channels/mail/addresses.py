"""Addresses in headers (RFC 5322, 3.4), as tolerant as mail is.

Names with signs often stand there without quotes, or in encoded words that have an `@` or commas: what stands in `<>` is the
address then, and all before it the name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.channels.mail.charsets import decode_header, raw_header
from services.channels.mail.message import Mailbox

MAX_MAILBOXES = 200
ADDRESS = re.compile(r"[^\s<>\"(),:;@]{1,128}@[^\s<>\"(),:;@]{1,253}")
# Possessive quantifiers, and a backslash takes the next character with it: a hostile header must not backtrack.
_TOKEN = re.compile(
    r'(?P<closed>=\?[^?\s]{1,91}+\?[bBqQ]\?[^?]*+\?=|"(?:[^"\\]++|\\.)*+"|\((?:[^()\\]++|\\.)*+\))'
    r'|<(?P<angle>[^<>]*+)(?:>|\Z)|(?P<separator>[,;])|(?P<open>\\.|[^"(<,;=\\]++|.)',
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def read_mailboxes(values: Iterable[str]) -> tuple[Mailbox, ...]:
    """The mailboxes of header values that are not decoded yet, each address once. What is no address is left out."""
    found: dict[str, Mailbox] = {}
    for value in values:
        for mailbox in _mailboxes(raw_header(value)[:100_000]):
            found.setdefault(mailbox.address.lower(), mailbox)
    return tuple(found.values())[:MAX_MAILBOXES]


def domain_of(address: str) -> str:
    """What follows the last `@`, in lower case."""
    return address.rpartition("@")[2].lower()


def _mailboxes(value: str) -> Iterable[Mailbox]:
    reader = _AddressReader()
    for token in _TOKEN.finditer(value):
        reader.read(str(token.lastgroup), token[token.lastgroup or 0])
    reader.read("separator", ";")
    return reader.found or [Mailbox(address) for address in ADDRESS.findall(value)]


@dataclass(slots=True)
class _AddressReader:
    """Reads mailboxes by tokens. Structure first, then encoded words: a decoded name may have commas and quotes.

    `name` is what may be a name so far, `bare` that in which an address may stand without `<>`, `comment` the last one.
    `has_angle_address`: an address has stood in `<>` since the last separator.
    """

    found: list[Mailbox] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)
    comment: str = ""
    has_angle_address: bool = False

    def read(self, kind: str, text: str) -> None:
        """The next token."""
        if kind == "separator":
            self._separate(text)
        elif kind == "angle":
            self._angle(text)
        else:
            self._text(text, is_closed=kind == "closed")

    def _text(self, text: str, *, is_closed: bool) -> None:
        if text.startswith("(") and is_closed:
            self.comment = text[1:-1]
        is_quoted = is_closed and text.startswith('"')
        self.name.append(_ESCAPE.sub(r"\1", text[1:-1]) if is_quoted else text)
        # A quote is no letter of an address here, so that what follows the name is none either.
        self.bare.append('"' if is_closed else text)

    def _angle(self, text: str) -> None:
        addresses = ADDRESS.findall(text)
        if addresses:
            self._add(addresses[-1], "".join(self.name))
            self._clear()
            self.has_angle_address = True

    def _separate(self, separator: str) -> None:
        text = " ".join("".join(self.bare).split()).replace(" @ ", "@")
        addresses = ADDRESS.findall(text)
        for address in addresses:
            self._add(address, self.comment)
        if addresses or self.has_angle_address or separator == ";":
            self._clear()
        elif self.name:
            # `Surname, Name <address>`.
            self.name.append(separator)
        self.bare.clear()
        self.has_angle_address = False

    def _add(self, address: str, name: str) -> None:
        self.found.append(Mailbox(address, decode_header(name.strip().rstrip(" <"))[:200] or None))

    def _clear(self) -> None:
        self.name.clear()
        self.bare.clear()
        self.comment = ""
