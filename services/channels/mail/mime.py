"""Raw MIME (RFC 5322, 2045-2049, 2231) to a `ReceivedMail`. Nothing that a mail does to its own form raises."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.utils import collapse_rfc2231_value, parsedate_to_datetime

from services.channels.mail.addresses import read_mailboxes
from services.channels.mail.charsets import decode_bytes, decode_header, raw_header
from services.channels.mail.flowed import unflow
from services.channels.mail.html_text import html_to_text
from services.channels.mail.message import Envelope, MailPart, ReceivedMail

MAX_PARTS = 500
MAX_SUBJECT = 1000
MAX_LINES, MAX_BOUNDARIES, MAX_START = 2_000_000, 50_000, 1_000_000
"""Of a mail with more lines, or with more lines that begin with `--`, only the start is read, in bytes: the library makes an object
of each part and each line, and a mail of 25 MB took more memory than small servers have.
"""
CLOCK_SKEW, MAX_TRANSIT = timedelta(minutes=5), timedelta(days=1)
"""How far a Date may be ahead of the server that took the mail, and how long a mail may be on its way to it."""
MAX_HEADERS, MAX_NAME, MAX_HEADER = 1000, 200, 50_000
MAX_TEXT_BYTES, MAX_TEXT = 2_000_000, 200_000
"""What is read of one text part, and the characters that a mail's text, or its HTML, is cut to. An agent reads far less, and
what is looked for in a text (languages, cards) takes seconds in a hostile one.
"""


class _ShortHeaders(policy.Compat32):
    """Hands values out as they were sent, but not more of them than is read: the library takes quadratic time on parameters."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Name and value of a header, cut."""
        name, value = super().header_source_parse(sourcelines)
        return name, value[:MAX_HEADER]


# The newer policies raise on some malformed headers.
_POLICY = _ShortHeaders()


def read_mime(raw: bytes, envelope: Envelope) -> ReceivedMail:
    """The mail of these bytes, with what the provider says beside them."""
    if raw.count(b"\n") > MAX_LINES or raw.count(b"\n--") > MAX_BOUNDARIES:
        raw = raw[:MAX_START]
    try:
        message: Message = BytesParser(policy=_POLICY).parsebytes(raw)
    except RecursionError:
        # Parts within parts within parts: what is there is shown as it is.
        message = BytesHeaderParser(policy=_POLICY).parsebytes(raw)
    body = _Body()
    for part in _leaves(message):
        body.add(part)
    headers = [(name, str(value)) for name, value in message.raw_items()]
    return mail_of_headers(headers, envelope, text=body.text, html=body.html, parts=tuple(body.parts))


def mail_of_headers(
    headers: Sequence[tuple[str, str]],
    envelope: Envelope,
    *,
    text: str | None,
    html: str | None,
    parts: tuple[MailPart, ...] = (),
) -> ReceivedMail:
    """A mail by its headers as they were sent, folded and encoded or not, and what a provider has made of its body."""
    headers = [(name[:MAX_NAME], value[:MAX_HEADER]) for name, value in headers[:MAX_HEADERS]]

    def values(name: str) -> list[str]:
        return [value for key, value in headers if key.lower() == name]

    def first(name: str) -> str:
        return next(iter(values(name)), "")

    return_path = values("return-path")[:1]
    if envelope.sender is None and return_path:
        envelope = replace(envelope, sender=next((box.address for box in read_mailboxes(return_path)), ""))
    return ReceivedMail(
        headers=tuple((decode_header(name), decode_header(value)) for name, value in headers),
        envelope=envelope,
        sender=next(iter((*read_mailboxes(values("from")), *read_mailboxes(values("sender")))), None),
        to=read_mailboxes(values("to")),
        cc=read_mailboxes(values("cc")),
        reply_to=read_mailboxes(values("reply-to")),
        subject=decode_header(first("subject"))[:MAX_SUBJECT],
        sent_at=read_date(first("date")),
        text=_cut(text),
        html=_cut(html),
        parts=parts,
    )


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:MAX_TEXT]


def read_date(value: str) -> datetime | None:
    """The UTC time of a Date header; None for one that cannot be read. Without a zone it is UTC."""
    try:
        found = parsedate_to_datetime(raw_header(value).strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def written_at(mail: ReceivedMail, received_at: datetime) -> datetime | None:
    """When a mail was written: its Date where that can be; else when the first server of ours took it; None: nobody says so.

    A clock of a customer's that is years off would have an answer late before anybody could read the mail.
    """
    accepted_at = read_date(mail.header("received").rpartition(";")[2])
    latest = accepted_at or received_at
    stated = mail.sent_at if mail.sent_at is not None and mail.sent_at <= latest + CLOCK_SKEW else None
    if stated is not None and accepted_at is not None and accepted_at - stated > MAX_TRANSIT:
        return accepted_at
    return stated or accepted_at


# -- parts -------------------------------------------------------------------------------------------------------------


def _leaves(message: Message) -> Iterator[tuple[Message, int | None]]:
    """Every part that has content, in order, with a number of the `multipart/alternative` that it is in.

    What is inside an attached mail belongs to that mail.
    """
    stack: list[tuple[Message, int | None]] = [(message, None)]
    alternatives = count = 0
    while stack and count < MAX_PARTS:
        part, group = stack.pop()
        if part.get_content_maintype() != "multipart" or not part.is_multipart():
            count += 1
            yield part, group
            continue
        if part.get_content_subtype() == "alternative":
            alternatives += 1
            group = alternatives
        stack += [(inner, group) for inner in reversed(_inner(part))]


def _inner(part: Message) -> list[Message]:
    """The parts of a part, or the mail that is attached as one."""
    content = part.get_payload() if part.is_multipart() else []
    return [inner for inner in content if isinstance(inner, Message)] if isinstance(content, list) else []


class _Body:
    """Collects the parts of a mail: texts that stand beside each other, alternatives of one text, and everything else."""

    def __init__(self) -> None:
        self.parts: list[MailPart] = []
        self._pieces: list[dict[str, str]] = []
        self._groups: dict[int, dict[str, str]] = {}

    def add(self, leaf: tuple[Message, int | None]) -> None:
        part, group = leaf
        # A multipart without the boundary that it names has no parts: what is there is all that there is to read.
        kind = "text/plain" if part.get_content_maintype() == "multipart" else media_type_of(part)
        if kind not in ("text/plain", "text/html") or _is_attached(part):
            # A second form of the same text that people do not read (AMP).
            if kind != "text/x-amp-html":
                self.parts.append(_to_part(part, kind))
            return
        if group is None:
            piece: dict[str, str] = {}
            self._pieces.append(piece)
        elif group in self._groups:
            piece = self._groups[group]
        else:
            piece = self._groups[group] = {}
            self._pieces.append(piece)
        text = _text(part)
        piece[kind] = f"{piece[kind]}\n{text}" if kind in piece else text

    @property
    def html(self) -> str | None:
        """The HTML of all pieces that have some."""
        found = [piece["text/html"] for piece in self._pieces if piece.get("text/html", "").strip()]
        return "\n".join(found) or None

    @property
    def text(self) -> str | None:
        """The plain text of all pieces; None where none has any, and the HTML alone counts."""
        if not any(piece.get("text/plain", "").strip() for piece in self._pieces):
            return None
        return "\n".join(_as_text(piece) for piece in self._pieces)


def _as_text(piece: Mapping[str, str]) -> str:
    plain = piece.get("text/plain", "")
    return plain if plain.strip() else html_to_text(piece.get("text/html", "")).text


def media_type_of(part: Message) -> str:
    """The media type in lower case; `application/octet-stream` for one that cannot be one."""
    kind = part.get_content_type()
    return kind if len(kind) <= 100 and kind.isascii() and kind.isprintable() else "application/octet-stream"


def _is_attached(part: Message) -> bool:
    disposition = part.get_content_disposition()
    return disposition == "attachment" or (disposition is not None and bool(_file_name(part)))


def _text(part: Message) -> str:
    text = decode_bytes(_content(part)[:MAX_TEXT_BYTES], _parameter(part, "charset")).replace("\r\n", "\n")
    if part.get_content_type() == "text/plain" and (_parameter(part, "format") or "").lower() == "flowed":
        return unflow(text, delete_space=(_parameter(part, "delsp") or "").lower() == "yes")
    return text


def _parameter(part: Message, name: str) -> str | None:
    try:
        value = part.get_param(name)
        return None if value is None else collapse_rfc2231_value(value)
    except (ValueError, IndexError, LookupError, TypeError):
        return None


def _to_part(part: Message, kind: str) -> MailPart:
    identity = decode_header(str(part.get("content-id", ""))).strip("<> ")
    return MailPart(
        media_type=kind,
        content=_content(part),
        name=_file_name(part),
        content_id=identity or None,
        is_inline=part.get_content_disposition() == "inline" or (bool(identity) and kind.startswith("image/")),
    )


def _content(part: Message) -> bytes:
    """The bytes of a part; what its transfer encoding cannot decode as it is. An attached mail is its own raw MIME."""
    try:
        if part.is_multipart():
            return b"\n".join(inner.as_bytes(policy=policy.compat32) for inner in _inner(part))
        decoded = part.get_payload(decode=True)
    except Exception:  # noqa: BLE001 -- the library has errors of its own on malformed parts; the mail is worth more
        # Decoded by its charset the library would raise again; a part without an encoding is only bytes.
        del part["content-transfer-encoding"]
        decoded = part.get_payload(decode=True) if not part.is_multipart() else b""
    return decoded if isinstance(decoded, bytes) else b""


def _file_name(part: Message) -> str | None:
    """The name of RFC 2231 or 2047, or the plain one; without folders."""
    for name in ("filename", "name"):
        header = "content-disposition" if name == "filename" else "content-type"
        try:
            value = part.get_param(name, header=header)
            text = None if value is None else collapse_rfc2231_value(value)
        except (ValueError, IndexError, LookupError, TypeError):
            continue
        if text:
            return decode_header(text).replace("\\", "/").rpartition("/")[2][:200] or None
    return None
