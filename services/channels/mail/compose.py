"""Writes a mail of ours (RFC 5322): an answer to everybody of the thread, with headers by which the next answer finds back."""

import base64
import re
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from schemas.outbound import OutboundMessage
from services.channels.mail.charsets import storable
from services.channels.mail.ids import own_message_id, plus_token, with_plus, without_plus
from services.channels.mail.message import Mailbox
from services.channels.mail.smtp import MailTransaction
from services.channels.port import Account, OutgoingFile
from services.platform.core.streamed_bytes import StreamedBytes
from services.platform.http.outgoing import PermanentSendError

MAX_SUBJECT = 200
LINE_BYTES = 57
"""Bytes of a file in one line of base64."""
MAX_LOCAL_PART = 64
"""RFC 5321, 4.5.3.1.1: servers need not take more before the `@`."""
MESSAGE_ID_METADATA, MAX_METADATA = "message-id", 80
"""The metadata of a mail by Postmark that has its Message-ID, and how long a value may be."""
MAX_HEADER_IDS = 50
_REPLY_PREFIX = re.compile(r"(?:re|aw|sv|vs|antw|atb|پاسخ|رد)\s*+(?:\[\d+\]\s*+)?:", re.IGNORECASE)
"""`Re` of RFC 5322, 3.6.5, and what mail programs in other languages write for it."""
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LOCAL_PART = re.compile(r"[^\s<>\"(),:;@\\\[\]\x00-\x1f]{1,64}")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})")
_CONTENT_HASH = re.compile(r"[0-9a-f]{32}")
_MESSAGE_ID = re.compile(r"[!-;=?-~]{1,900}")
_MEDIA_TYPE = re.compile(r"([a-z0-9][a-z0-9!#$&^_.+-]{0,60})/([a-z0-9][a-z0-9!#$&^_.+-]{0,60})")
_POLICY = SMTP.clone(cte_type="7bit")
AUTOMATIC_AUTHORS = frozenset({"bot", "system"})


def compose(message: OutboundMessage, account: Account, files: Sequence[OutgoingFile]) -> MailTransaction:
    """The mail of a message, with its envelope. Raises PermanentSendError for an address that cannot be written to."""
    sender = account.token("from_address")
    people = [Mailbox(_ascii_domain(message.address.chat)), *_copies(message, account)]
    needs_utf8 = not all(one.address.isascii() for one in people)
    mail = EmailMessage(policy=_POLICY.clone(utf8=needs_utf8))
    for name, value in _headers(message, account, people):
        mail[name] = value
    _add_text(mail, message.text.text)
    markers = [_add_file(mail, file) for file in files]
    contents = [(marker, _as_base64(file.content)) for marker, file in zip(markers, files, strict=True)]
    identifiers = [*_names(own_message_id(message.id, sender), account), *_references(message)]
    # The library folds a long Message-ID by encoding it, and then nobody finds it. One to a line needs no folding.
    head = "".join(f"{name}: <{identity}>\r\n" if name else f" <{identity}>\r\n" for name, identity in identifiers)
    return MailTransaction(
        sender, [one.address for one in people], head.encode() + mail.as_bytes(), needs_utf8, contents
    )


Header = str | HeaderAddress | list[HeaderAddress]


def _headers(message: OutboundMessage, account: Account, people: Sequence[Mailbox]) -> Iterator[tuple[str, Header]]:
    """The headers but those with Message-IDs. The first of the people is whom the mail is for."""
    to, *copies = map(_header_address, people)
    yield "From", _header_address(Mailbox(account.token("from_address"), _setting(account, "from_name")))
    yield "To", to
    if copies:
        yield "Cc", copies
    yield "Subject", _subject(message)
    yield "Date", format_datetime(message.accepted_at)
    answers_to = _answers_to(message, account)
    if answers_to is not None:
        yield "Reply-To", answers_to
    if message.author.kind in AUTOMATIC_AUTHORS:
        # RFC 3834, 5, and what Exchange goes by.
        yield "Auto-Submitted", "auto-replied" if message.in_reply_to is not None else "auto-generated"
        yield "X-Auto-Response-Suppress", "All"
    # Postmark replaces a Message-ID without it (postmarkapp.com/developer/user-guide/send-email-with-smtp).
    yield "X-PM-KeepID", "true"


def _answers_to(message: OutboundMessage, account: Account) -> str | None:
    """The address by which an answer names this message; None where the mailbox has none, or it would be too long."""
    token = plus_token(message)
    if token is None or account.body.settings.get("plus_addressing", True) is False:
        return None
    address = with_plus(account.token("from_address"), token)
    return address if len(address.rpartition("@")[0]) <= MAX_LOCAL_PART else None


def _copies(message: OutboundMessage, account: Account) -> Iterable[Mailbox]:
    """Everybody else of the thread, each address once; an address that cannot be written to is left out.

    What no person wrote goes to the customer alone (RFC 3834, 4), so that nobody can have us write to strangers.
    """
    if message.author.kind in AUTOMATIC_AUTHORS:
        return
    written_to = {message.address.chat.lower(), without_plus(account.token("from_address"))}
    for one in message.participants:
        key = one.address.lower()
        if key in written_to or without_plus(key) in written_to:
            continue
        written_to.add(key)
        try:
            yield Mailbox(_ascii_domain(one.address), one.name)
        except PermanentSendError:
            continue


def _ascii_domain(address: str) -> str:
    """The address with its domain as DNS has it (RFC 5891). Raises PermanentSendError."""
    local, _, domain = address.rpartition("@")
    try:
        name = domain.encode("idna").decode()
    except UnicodeError:
        name = ""
    if not (_LOCAL_PART.fullmatch(local) and _DOMAIN.fullmatch(name)):
        raise PermanentSendError("invalid_address", "the address is no mail address")
    return f"{local}@{name}"


def _header_address(recipient: Mailbox) -> HeaderAddress:
    name = " ".join(storable(recipient.name or "").split())[:100]
    local, _, domain = recipient.address.rpartition("@")
    return HeaderAddress(name, local, domain)


def _setting(account: Account, name: str) -> str | None:
    value = account.body.settings.get(name)
    return value if isinstance(value, str) else None


def _subject(message: OutboundMessage) -> str:
    """`Re:` once before the subject that is answered; of a mail that answers none, the start of its text."""
    if message.in_reply_to is None or message.in_reply_to.subject is None:
        first = next((line.strip() for line in message.text.text.splitlines() if line.strip()), "")
        return _one_line(first[:70])
    subject = _one_line(message.in_reply_to.subject)
    return subject if _REPLY_PREFIX.match(subject) else f"Re: {subject}".strip()


def _one_line(text: str) -> str:
    return " ".join(storable(text).split())[:MAX_SUBJECT]


def _names(identity: str, account: Account) -> Iterable[tuple[str, str]]:
    yield "Message-ID", identity
    if account.body.credentials.get("provider") == "postmark" and len(identity) < MAX_METADATA - 1:
        # Postmark's webhooks name mails by ids of its own, and return the metadata.
        yield f"X-PM-Metadata-{MESSAGE_ID_METADATA}", identity


def _references(message: OutboundMessage) -> Iterable[tuple[str, str]]:
    """In-Reply-To and References (RFC 5322, 3.6.4), each id with its header's name; empty where a line goes on."""
    if message.in_reply_to is None:
        return
    known = [*message.in_reply_to.references, message.in_reply_to.platform_id]
    # A mail without Message-ID has a hash for us, which says nothing to others.
    usable = [one for one in known if _MESSAGE_ID.fullmatch(one) and not _CONTENT_HASH.fullmatch(one)]
    if usable and usable[-1] == message.in_reply_to.platform_id:
        yield "In-Reply-To", usable[-1]
    for number, one in enumerate(usable[-MAX_HEADER_IDS:]):
        yield "" if number else "References", one


def _add_text(mail: EmailMessage, text: str) -> None:
    mail.set_content(storable(text) or "\n", charset="utf-8")
    if _RIGHT_TO_LEFT.search(text):
        # Plain text has no direction: many programs show it from the left whatever its letters are.
        mail.add_alternative(_as_html(text), subtype="html", charset="utf-8")


def _as_html(text: str) -> str:
    lines = "".join(f'<p dir="auto" style="margin:0">{escape(line) or "<br>"}</p>\n' for line in text.split("\n"))
    return f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body dir="auto">\n{lines}</body></html>\n'


def _add_file(mail: EmailMessage, file: OutgoingFile) -> bytes:
    """Add a file with a marker as its content; the bytes that stand in the mail for it."""
    known = _MEDIA_TYPE.fullmatch(file.attachment.media_type.lower())
    main, sub = (
        (known[1], known[2]) if known and known[1] not in ("multipart", "message") else ("application", "octet-stream")
    )
    name = _one_line(file.attachment.name or "file")
    marker = secrets.token_bytes(33)
    mail.add_attachment(marker, maintype=main, subtype=sub, filename=name)
    return base64.b64encode(marker) + b"\r\n"


def _as_base64(content: StreamedBytes) -> StreamedBytes:
    """Bytes as lines of base64 with 76 characters (RFC 2045, 6.8)."""
    lines, rest = divmod(content.size_bytes, LINE_BYTES)

    async def read() -> AsyncIterator[bytes]:
        pending = b""
        async for part in content.open():
            pending += part
            end = len(pending) // LINE_BYTES * LINE_BYTES
            yield _lines(pending[:end])
            pending = pending[end:]
        yield _lines(pending)

    return StreamedBytes(lines * (LINE_BYTES // 3 * 4 + 2) + (-(-rest // 3) * 4 + 2 if rest else 0), read)


def _lines(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")
