"""Mails that report on a mail of ours: bounces (RFC 3464) and receipts of reading (RFC 8098)."""

import re
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from schemas.values import Failure
from services.channels.mail.addresses import ADDRESS, read_mailboxes
from services.channels.mail.charsets import decode_bytes, decode_header
from services.channels.mail.ids import message_ids, own_id
from services.channels.mail.message import DeliveryReport, MailItem, Notice, ReceivedMail
from services.channels.mail.smtp_replies import basic_code, failure_code
from services.channels.port import Account
from services.platform.core.identifiers import hashed_id

MAX_REPORT = 200_000
RETURNED = frozenset({"message/rfc822", "text/rfc822-headers"})
"""Media types of parts that return a mail, or its headers."""
Fields = Mapping[str, str]
_FAILED_SUBJECT = re.compile(
    r"undeliver|not delivered|delivery.{0,30}fail|fail.{0,30}deliver|returned mail|failure notice", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Original:
    """The mail of ours that a report is about, as far as the report has it."""

    message_id: str
    to: frozenset[str] = frozenset()
    copies: frozenset[str] = frozenset()


def read_reports(mail: ReceivedMail, account: Account) -> list[MailItem]:
    """What a mail reports of mails of ours; empty for an ordinary mail, and for a report on a mail that is not ours."""
    original = _original(mail, account) if _is_report(mail) else None
    if original is None:
        return []
    parts = [(part.media_type, decode_bytes(part.content[:MAX_REPORT], None)) for part in mail.parts]
    found = [item for kind, text in parts if kind in READERS for item in READERS[kind](text, original, mail)]
    return found or list(_plain_bounce(mail, original))


def _is_report(mail: ReceivedMail) -> bool:
    kinds = {part.media_type for part in mail.parts}
    return not kinds.isdisjoint(READERS) or bool(mail.header("x-failed-recipients")) or _is_by_daemon(mail)


def _is_by_daemon(mail: ReceivedMail) -> bool:
    local = mail.sender.address.rpartition("@")[0].lower() if mail.sender else ""
    return local in ("mailer-daemon", "postmaster")


def _original(mail: ReceivedMail, account: Account) -> _Original | None:
    """The mail of ours that a report returns, else names or quotes; its Message-ID is a secret between us and its readers."""
    from_address = account.token("from_address")
    candidates = chain(_returned(mail), (_Original(one) for text in _mentions(mail) for one in message_ids(text)))
    return next((one for one in candidates if own_id(one.message_id, from_address)), None)


def _returned(mail: ReceivedMail) -> Iterator[_Original]:
    """The mails whose headers a report returns."""
    for text in _texts(mail, RETURNED):
        fields = next(_blocks(text), {})
        for one in message_ids(fields.get("message-id", "")):
            yield _Original(one, _addresses(fields, "to"), _addresses(fields, "cc"))


def _mentions(mail: ReceivedMail) -> Iterator[str]:
    """The texts of a report in which the Message-ID of its original may stand."""
    yield from (mail.header("in-reply-to"), mail.header("references"), (mail.text or "")[:MAX_REPORT])
    yield from _texts(mail, READERS)


def _texts(mail: ReceivedMail, media_types: Container[str]) -> Iterator[str]:
    return (decode_bytes(part.content[:MAX_REPORT], None) for part in mail.parts if part.media_type in media_types)


def _addresses(fields: Fields, name: str) -> frozenset[str]:
    return frozenset(box.address.lower() for box in read_mailboxes([fields.get(name, "")]))


def _blocks(text: str) -> Iterator[Fields]:
    """Groups of header fields with blank lines between them; names in lower case, values unfolded."""
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        lines = re.sub(r"\n[ \t]+", " ", block).split("\n")
        pairs = [line.partition(":") for line in lines]
        fields: dict[str, str] = {}
        for name, colon, value in pairs:
            if colon:
                fields.setdefault(name.strip().lower(), decode_header(value))
        if fields:
            yield fields


State = Literal["delivered", "failed", "sent"]
STATES: Mapping[str, State] = {"failed": "failed", "delivered": "delivered", "relayed": "sent", "expanded": "sent"}
"""The action of a recipient (RFC 3464, 2.3.3). `delayed` is no verdict yet."""


def _delivery_status(text: str, original: _Original, mail: ReceivedMail) -> Iterator[MailItem]:
    for fields in _blocks(text):
        recipient = _recipient(fields)
        action = fields.get("action", "").lower()
        if not recipient or not action:
            continue
        state = STATES.get(action)
        identity = hashed_id(mail.header("message-id"), original.message_id, recipient, action)
        # Who only got a copy is not whom the reply is for: their full mailbox does not fail it.
        is_copy = recipient in original.copies and recipient not in original.to
        if state is None or is_copy:
            yield Notice(identity, f"{action} copy" if is_copy else action)
            continue
        yield DeliveryReport(
            id=identity,
            state=state,
            recipient=recipient,
            message_id=original.message_id,
            failure=_failure(fields) if state == "failed" else None,
            at=mail.sent_at,
        )


def _recipient(fields: Fields) -> str:
    """The recipient as we wrote it, else as the last server knows it."""
    for name in ("original-recipient", "final-recipient"):
        found = ADDRESS.search(fields.get(name, "").partition(";")[2] or fields.get(name, ""))
        if found is not None:
            return found[0].lower()
    return ""


def _failure(fields: Fields) -> Failure:
    status, diagnostic = fields.get("status", ""), fields.get("diagnostic-code", "")
    text = diagnostic.partition(";")[2].strip() or diagnostic.strip()
    detail = text or f"The mail server reported {status or 'a failure'}."
    return Failure(code=failure_code(basic_code(text), f"{status} {text}"), detail=detail[:500])


def _disposition(text: str, original: _Original, mail: ReceivedMail) -> Iterator[MailItem]:
    for fields in _blocks(text):
        if "disposition" not in fields:
            continue
        recipient = _recipient(fields) or (mail.sender.address.lower() if mail.sender else "")
        identity = hashed_id(mail.header("message-id"), original.message_id, recipient, "disposition")
        if "displayed" not in fields["disposition"].lower():
            yield Notice(identity, "disposition")
            continue
        yield DeliveryReport(
            id=identity, state="read", recipient=recipient, message_id=original.message_id, at=mail.sent_at
        )


def _plain_bounce(mail: ReceivedMail, original: _Original) -> Iterator[MailItem]:
    """The bounce of a server that does not know RFC 3464: it quotes our mail, and says in words what went wrong."""
    stated = ADDRESS.search(mail.header("x-failed-recipients"))
    if stated is None and not (_is_by_daemon(mail) and _FAILED_SUBJECT.search(mail.subject)):
        return
    recipient = stated[0].lower() if stated else next(iter(original.to), "")
    text = " ".join((mail.text or "").split())
    yield DeliveryReport(
        id=hashed_id(mail.header("message-id"), original.message_id, recipient, "bounce"),
        state="failed",
        recipient=recipient,
        message_id=original.message_id,
        failure=Failure(code=failure_code(None, text), detail=text[:300] or mail.subject),
        at=mail.sent_at,
    )


READERS: Mapping[str, Callable[[str, _Original, ReceivedMail], Iterator[MailItem]]] = {
    "message/delivery-status": _delivery_status,
    "message/global-delivery-status": _delivery_status,
    "message/disposition-notification": _disposition,
}
"""Media type of a part → what it reports."""
