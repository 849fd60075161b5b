"""What replies of mail servers mean: codes of RFC 5321 (4.2) and enhanced ones of RFC 3463, here and in delivery reports."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from services.channels.port import CredentialsRejected
from services.platform.http.outgoing import PermanentSendError, TransientSendError

SendError = TransientSendError | PermanentSendError | CredentialsRejected
_BASIC = re.compile(r"\b([45][0-9]{2})\b")
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")

UNAUTHORIZED = frozenset({530, 534, 535, 538})
"""The login is refused, or demanded (RFC 4954, 6)."""
CODES: Mapping[str, str] = {
    "1.0": "address_rejected",
    "1.1": "not_found",
    "1.2": "not_found",
    "1.3": "invalid_address",
    "1.6": "not_found",
    "1.8": "sender_rejected",
    "1.10": "not_found",
    "2.1": "blocked",
    "2.2": "mailbox_full",
    "2.3": "too_large",
    "3.4": "too_large",
    "4.4": "not_found",
    "4.7": "expired",
    "7.0": "blocked",
    "7.1": "blocked",
    "7.8": "credentials",
    "7.26": "blocked",
}
"""Subject and detail of an enhanced code → the code that agents and rules see."""
BASIC_CODES: Mapping[str, Mapping[int, str]] = {
    "MAIL": dict.fromkeys((550, 551, 553, 554), "sender_rejected"),
    "RCPT": {550: "not_found", 551: "not_found", 552: "mailbox_full", 553: "invalid_address", 556: "not_found"},
    "DATA": {552: "too_large"},
}
"""Command → code → the same, of servers that give no enhanced codes."""
ACCOUNT_WIDE = frozenset({421, 451, 452, 454})
"""Passing refusals that are about the server or the account (shutting down, local error, no room), not about one mailbox."""


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """A reply: its code, and its lines without it."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines as one sentence, cut."""
        return " ".join(" ".join(self.lines).split())[:300]

    @property
    def is_permanent(self) -> bool:
        """Whether the same again will be refused again."""
        return 500 <= self.code <= 599


def basic_code(text: str) -> int | None:
    """The code of a failure (RFC 5321, 4.2) that stands first in a text."""
    found = _BASIC.search(text)
    return int(found[1]) if found else None


def failure_code(code: int | None, text: str, command: str = "RCPT") -> str:
    """The code that agents and rules see, for a basic code and the text with it; `rejected` where they say nothing."""
    basic = BASIC_CODES.get(command, {}).get(code or 0, "rejected")
    if basic == "sender_rejected":
        # The server refuses whom the mail is from; why (5.1.8, 5.7.1, 5.7.60) is the same to an agent.
        return basic
    enhanced = _ENHANCED.search(text)
    if enhanced is not None and (found := CODES.get(f"{enhanced[2]}.{enhanced[3]}")):
        return found
    return basic


def rejection(reply: SmtpReply, command: str, host: str) -> SendError:
    """The error of a reply to a command. The text is the server's; what we sent is not in it."""
    # A server may quote what it was sent, and with AUTH that was the password.
    detail = f"{host} answered {command} with {reply.code}" + (f": {reply.text}" if command != "AUTH" else "")
    if reply.code in UNAUTHORIZED or (command == "AUTH" and reply.is_permanent):
        return CredentialsRejected(detail, reply.code)
    if reply.is_permanent and command in BASIC_CODES:
        return PermanentSendError(failure_code(reply.code, reply.text, command), detail, reply.code)
    is_general = reply.code in ACCOUNT_WIDE or command not in BASIC_CODES
    return TransientSendError(detail, scope="account" if is_general else "message")
