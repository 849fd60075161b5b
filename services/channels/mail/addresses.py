"""Addresses in headers (RFC 5322, 3.4), as tolerant as mail is."""

import re
from collections.abc import Iterable
from email.utils import getaddresses

from services.channels.mail.charsets import decode_header, raw_header
from services.channels.mail.message import Mailbox

MAX_MAILBOXES = 200
_ADDRESS = re.compile(r"[^\s<>\"(),:;@]{1,128}@[^\s<>\"(),:;@]{1,253}")


def read_mailboxes(values: Iterable[str]) -> tuple[Mailbox, ...]:
    """The mailboxes of header values that are not decoded yet, each address once. What is no address is left out."""
    found: dict[str, Mailbox] = {}
    for value in values:
        for mailbox in _mailboxes(raw_header(value)[:100_000]):
            found.setdefault(mailbox.address.lower(), mailbox)
    return tuple(found.values())[:MAX_MAILBOXES]


def _mailboxes(value: str) -> Iterable[Mailbox]:
    # Structure first, then encoded words: a decoded name may have commas and quotes.
    try:
        pairs = getaddresses([value])
    except (ValueError, IndexError, RecursionError):
        pairs = []
    usable = [(name, address) for name, address in pairs if _ADDRESS.fullmatch(address)]
    if not usable:
        usable = [("", address) for address in _ADDRESS.findall(value)]
    return [Mailbox(address, decode_header(name)[:200] or None) for name, address in usable]


def domain_of(address: str) -> str:
    """What follows the last `@`, in lower case."""
    return address.rpartition("@")[2].lower()
