"""Accounts of each provider, and calls made of the fixtures beside this file: `payloads/{provider}_{what it is}.{eml|...}`."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlencode

from schemas.configuration import AccountBody
from schemas.values import Surface
from services.channels.port import Account, Request
from tests.channels.email.smtp_server import MailHttp, MailServer
from tests.channels.mail.providers import calls
from tests.channels.places import REPORTED, WRITTEN, Place, Update, text_of

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATH_SECRET = "a-long-word-of-ours"
SIGNING_KEY = calls.SIGNING_KEY
FROM = "support@shop.example"
SIGNS_BODY, PROOF = False, ("subpath",)


def account(provider: str = "mailgun", **changes: object) -> Account:
    """An account of a provider whose address ends in a secret."""
    credentials = {
        "provider": provider,
        "path_secret": PATH_SECRET,
        "from_address": FROM,
        "smtp_url": "smtps://mailer:smtp-pass-word@smtp.shop.example",
        **calls.PROOFS[provider](),
    }
    return Account("shop", "email", "main", AccountBody.model_validate({"credentials": credentials} | changes))


def fixture_account(path: Path) -> Account:
    """The account that a fixture is for: raw mails come by Mailgun."""
    return account("mailgun" if path.suffix == ".eml" else path.name.partition("_")[0])


def fixture_request(path: Path) -> Request:
    """An authentic call with a fixture."""
    return raw_mail(path.read_bytes()) if path.suffix == ".eml" else at_secret_path(calls.fixture_call(path))


def at_secret_path(request: Request) -> Request:
    """The call at the address that ends in the account's secret."""
    return replace(request, path=f"/webhooks/email/shop/main/{PATH_SECRET}", subpath=PATH_SECRET)


def request(body: bytes, content_type: str) -> Request:
    return Request(
        "POST",
        f"/webhooks/email/shop/main/{PATH_SECRET}",
        {},
        {"content-type": content_type},
        body,
        RECEIVED,
        PATH_SECRET,
    )


def raw_mail(body: bytes, recipient: str = FROM, sender: str = "sara@example.org") -> Request:
    """Raw MIME as Mailgun posts it."""
    timestamp, token = str(int(RECEIVED.timestamp())), hashlib.sha256(body).hexdigest()[:50]
    signature = hmac.digest(SIGNING_KEY.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hex()
    fields = {
        "timestamp": timestamp,
        "token": token,
        "signature": signature,
        "recipient": recipient,
        "sender": sender,
        "body-mime": body,
    }
    return request(urlencode(fields).encode(), "application/x-www-form-urlencoded")


# -- places: see tests/channels/places.py --------------------------------------------------------------------------------

CUSTOMER = ADDRESS = "sara@example.org"
NOT_PLAYED: dict[tuple[Surface, str], str] = {
    (
        "private",
        "echo",
    ): "what a person of ours writes in their mail program is a mail of its own, never one of our sends",
}


def places() -> tuple[Place, ...]:
    return (_mailbox(),)


def _mailbox() -> Place:
    server = MailServer()

    def post(updates: Sequence[Update]) -> Request:
        [update] = updates
        return at_secret_path(update) if isinstance(update, Request) else raw_mail(update)

    def message(number: int) -> Update:
        return written(f"m-{number}@mail.example.org", text_of(number), WRITTEN)

    def own(number: int) -> str:
        return str(server.accepted[number - 1].mail["Message-ID"]).strip("<>")

    return Place(
        name="mailbox",
        post=post,
        message=message,
        http=MailHttp(server),
        receipts={
            "failed": lambda number: bounce(own(number), CUSTOMER),
            "sent": lambda number: calls.mailgun_event("accepted", own(number), CUSTOMER),
            "delivered": lambda number: calls.mailgun_event("delivered", own(number), CUSTOMER),
            "read": lambda number: calls.mailgun_event("opened", own(number), CUSTOMER),
        },
        contact_states={"opted_out": calls.mailgun_event("unsubscribed", None, CUSTOMER)},
        own_echo=lambda number, text: written(own(number), text, REPORTED, sender=FROM, to=CUSTOMER),
    )


def written(
    message_id: str, text: str, at: datetime, *, sender: str = CUSTOMER, to: str = FROM, **headers: str
) -> bytes:
    """A mail; `_` in the names of headers stands for `-`."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, "Where is order 4711?"
    mail["Date"], mail["Message-ID"] = format_datetime(at), f"<{message_id}>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def bounce(message_id: str, recipient: str, *, action: str = "failed", status: str = "5.1.1", copy: str = "") -> bytes:
    """A bounce (RFC 3464) of the mail of ours with this Message-ID."""
    cc = f"Cc: {copy}\n" if copy else ""
    return f"""Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.org>
To: {FROM}
Subject: Undelivered Mail Returned to Sender
Date: {format_datetime(REPORTED)}
Message-ID: <bounce-{action}-{recipient}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your mail could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <{recipient}>: no such user here

--b
Content-Type: message/rfc822

From: {FROM}
To: {CUSTOMER}
{cc}Message-ID: <{message_id}>
Subject: Re: Where is order 4711?

hello from the shop
--b--
""".encode()
