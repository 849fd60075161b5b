"""What providers decode, and what becomes activities: a mail, a report about a mail of ours, or a notice that says nothing.

A provider fills these from its own shape; `mime.read_mime` fills a `ReceivedMail` from raw MIME.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

from schemas.values import Failure


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address as the mail has it, and the name beside it, decoded (RFC 5322, 3.4)."""

    address: str
    name: str | None = None


@dataclass(frozen=True)
class MailPart:
    """A part of a mail besides its text: an attachment, a picture inside the HTML, or a part of a report.

    `content_id` is without its angle brackets. `is_inline`: the HTML shows it where it names it. `url` is where it can be
    fetched, if the provider stored it instead of sending it; `content` is empty then, and `stored_bytes` is its size.
    """

    media_type: str
    content: bytes
    name: str | None = None
    content_id: str | None = None
    is_inline: bool = False
    url: str | None = None
    stored_bytes: int | None = None

    # The same bytes are named by `parse` and found by `files`: a file of 25 MB takes 20 to 90 ms.
    @cached_property
    def digest(self) -> str | None:
        """The SHA-256 of the content in hex; None without any."""
        return hashlib.sha256(self.content).hexdigest() if self.content else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a provider says of a mail beside the mail itself. Everything may be unknown.

    - `sender` is the address of MAIL FROM (Return-Path), empty for a mail that has none (`<>`: bounces), None if not known.
    - `recipients` are the addresses that the provider accepted the mail for.
    - `authenticated`: whether SPF, DKIM or DMARC prove the domain of From; None: the provider reports nothing.
    - `stripped_text` is the text without quote and signature, where the provider has cut it.
    """

    sender: str | None = None
    recipients: tuple[str, ...] = ()
    authenticated: bool | None = None
    stripped_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMail:
    """A mail that somebody sent to the account.

    - `headers` are all of them in their order, with names as they were sent and values decoded (RFC 2047) and unfolded.
    - `sender` is the mailbox of From; None where there is none that can be read. `to`, `cc` and `reply_to` are those headers.
    - `text` and `html` are the whole bodies; `text` is None where there is only HTML.
    """

    headers: tuple[tuple[str, str], ...]
    envelope: Envelope
    sender: Mailbox | None
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    subject: str = ""
    sent_at: datetime | None = None
    text: str | None = None
    html: str | None = None
    parts: tuple[MailPart, ...] = ()

    def values(self, name: str) -> Iterator[str]:
        """The values of a header, whatever the case of its name, in order."""
        return (value for key, value in self.headers if key.lower() == name)

    def header(self, name: str) -> str:
        """The first value of a header (`name` in lower case), empty without it."""
        return next(self.values(name), "").strip()


ReportState = Literal["sent", "delivered", "read", "failed", "complained", "unsubscribed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """What a provider's webhook reports of a mail of ours.

    `id` is the provider's id of the report, the same over repeats. `message_id` is the Message-ID of our mail without angle
    brackets. `complained` and `unsubscribed` are of the recipient: no more mails are wanted.
    """

    id: str
    state: ReportState
    recipient: str
    message_id: str | None = None
    failure: Failure | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """An authentic call that is neither: `id` is the provider's or a hash of the body, `type` the provider's word for it.

    `missing_content` says of a mail whose content the provider did not send what to change there.
    """

    id: str
    type: str
    missing_content: str | None = None


MailItem = ReceivedMail | DeliveryReport | Notice
