"""Postmark: inbound mail as JSON, and webhooks of what became of ours.

postmarkapp.com/developer/webhooks: "Inbound webhook", "Bounce webhook", ... It signs nothing: the address that it calls holds a
user and a password (HTTP Basic), or ends in a secret.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from schemas.values import Json
from services.channels.json_access import as_dict, as_str, dicts, iso_time
from services.channels.mail.compose import MESSAGE_ID_METADATA
from services.channels.mail.json_bodies import read_object
from services.channels.mail.message import DeliveryReport, Envelope, MailItem, MailPart, ReportState
from services.channels.mail.mime import mail_of_headers, read_mime
from services.channels.mail.provider import MailProvider
from services.channels.mail.providers.decoding import (
    bare_id,
    bounce,
    failure,
    file_part,
    lenient_base64,
    notice,
)
from services.channels.mail.providers.proofs import require_basic
from services.channels.port import Account, Request

HARMLESS_BOUNCES = frozenset(
    {"Transient", "DnsError", "Subscribe", "AutoResponder", "AddressChange", "ChallengeVerification", "OpenRelayTest"}
)
"""Types of bounces after which the mail was delivered all the same, or is tried again."""
SUPPRESSED_BOUNCES = frozenset({"ManuallyDeactivated", "Unconfirmed", "Blocked", "BadEmailAddress"})
_ENVELOPE_FROM = re.compile(r"envelope-from=\"?<?([^\s\">;]+@[^\s\">;]+)", re.IGNORECASE)


class Postmark(MailProvider):
    """Its webhooks, apart by `RecordType`; inbound mail has none."""

    proof = ("basic_user", "basic_password")
    needs_proof = False
    json_bodies = True
    max_body_bytes = 50_000_000

    def verify(self, request: Request, account: Account) -> None:
        """Require the account's user and password. Raises InvalidSignature, with a challenge."""
        require_basic(request, account)

    def decode(self, request: Request) -> Sequence[MailItem]:
        """The mail of an inbound call, or the report of another. Raises InvalidPayload."""
        body = read_object(request.body)
        kind = as_str(body.get("RecordType")) or "Inbound"
        if kind == "Inbound":
            return [_read_mail(body, request)]
        read = READERS.get(kind)
        report = read(body) if read else None
        return [report or notice(request, as_str(body.get("Type")) or kind)]


# -- inbound mail ------------------------------------------------------------------------------------------------------


def _read_mail(body: Mapping[str, Json], request: Request) -> MailItem:
    headers, raw = list(_headers(body)), as_str(body.get("RawEmail"))
    text, html, parts = as_str(body.get("TextBody")), as_str(body.get("HtmlBody")), tuple(_parts(body))
    recipient, identity = as_str(body.get("OriginalRecipient")), as_str(body.get("MessageID"))
    # Whether the sender is proven stands in headers, where a sender can write it too.
    envelope = Envelope(
        sender=_spf_sender(headers),
        recipients=(recipient,) if recipient else (),
        stripped_text=as_str(body.get("StrippedTextReply")),
    )
    if raw is not None and not (text or html or parts):
        return read_mime(raw.encode("utf-8", "surrogatepass"), envelope)
    if not headers:
        return notice(request, "no_mail", identity)
    return mail_of_headers(headers, envelope, text=text, html=html, parts=parts)


def _headers(body: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """The headers of the mail. Postmark has taken some of them out of `Headers`; its name of Reply-To has no hyphen."""
    for name, people in (("From", [body.get("FromFull")]), ("To", body.get("ToFull")), ("Cc", body.get("CcFull"))):
        value = ", ".join(_mailboxes(people)) or as_str(body.get(name))
        if value is not None:
            yield name, value
    for name, key in (("Reply-To", "ReplyTo"), ("Subject", "Subject"), ("Date", "Date")):
        value = as_str(body.get(key))
        if value is not None:
            yield name, value
    for one in dicts(body.get("Headers")):
        header, value = as_str(one.get("Name")), as_str(one.get("Value"))
        if header is not None:
            yield header, value or ""


def _mailboxes(people: Json) -> Iterator[str]:
    for one in dicts(people):
        address, name = as_str(one.get("Email")), as_str(one.get("Name"))
        if address is not None:
            quoted = (name or "").replace("\\", "\\\\").replace('"', '\\"')
            yield f'"{quoted}" <{address}>' if quoted else address


def _spf_sender(headers: Sequence[tuple[str, str]]) -> str | None:
    """The address of MAIL FROM in Postmark's Received-SPF (RFC 7208, 9.1). With two of them one is the sender's own."""
    stated = [value for name, value in headers if name.lower() == "received-spf"]
    found = _ENVELOPE_FROM.search(stated[0]) if len(stated) == 1 else None
    return found[1] if found else None


def _parts(body: Mapping[str, Json]) -> Iterator[MailPart]:
    for stated in dicts(body.get("Attachments")):
        # Its own test call has `Data` where a real one has `Content`.
        encoded = as_str(stated.get("Content")) or as_str(stated.get("Data")) or ""
        content = lenient_base64(encoded) or b""
        yield file_part(stated.get("ContentType"), content, stated.get("Name"), stated.get("ContentID"))


# -- what became of our mails ------------------------------------------------------------------------------------------


# Any: further fields of DeliveryReport.
def _report(
    body: Mapping[str, Json], state: ReportState, at: str, who: str = "Recipient", **fields: Any
) -> DeliveryReport | None:
    """A report; None where the call names nobody. Postmark has no id of a report, so its kind, mail and person are it."""
    recipient, mail = as_str(body.get(who)), as_str(body.get("MessageID")) or ""
    if recipient is None:
        return None
    identity = ":".join((as_str(body.get("RecordType")) or "", mail, recipient, as_str(body.get(at)) or ""))
    message_id = bare_id(as_dict(body.get("Metadata")).get(MESSAGE_ID_METADATA))
    time = iso_time(body.get(at))
    return DeliveryReport(id=identity, state=state, recipient=recipient, message_id=message_id, at=time, **fields)


def _bounce(body: Mapping[str, Json]) -> DeliveryReport | None:
    kind = as_str(body.get("Type"))
    if kind in HARMLESS_BOUNCES:
        return None
    if kind == "SpamComplaint":
        return _complaint(body)
    details = (body.get("Details"), body.get("Description"))
    reason = failure("suppressed", *details) if kind in SUPPRESSED_BOUNCES else bounce(kind, *details)
    return _report(body, "failed", "BouncedAt", "Email", failure=reason)


def _complaint(body: Mapping[str, Json]) -> DeliveryReport | None:
    return _report(body, "complained", "BouncedAt", "Email")


def _subscription(body: Mapping[str, Json]) -> DeliveryReport | None:
    """A person who unsubscribed. A bounce or complaint that suppressed the address has a webhook of its own."""
    is_choice = body.get("SuppressionReason") == "ManualSuppression" and body.get("Origin") == "Recipient"
    has_unsubscribed = body.get("SuppressSending") is True and is_choice
    return _report(body, "unsubscribed", "ChangedAt") if has_unsubscribed else None


READERS: Mapping[str, Callable[[Mapping[str, Json]], DeliveryReport | None]] = {
    "Bounce": _bounce,
    "SpamComplaint": _complaint,
    "SubscriptionChange": _subscription,
    "Delivery": lambda body: _report(body, "delivered", "DeliveredAt"),
    "Open": lambda body: _report(body, "read", "ReceivedAt"),
}
"""RecordType → the report. `Click` is none: programs follow links too."""
