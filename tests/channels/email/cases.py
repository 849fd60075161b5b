"""Accounts of each provider, and calls made of the fixtures beside this file: `payloads/{provider}_{what it is}.{eml|...}`."""

import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from schemas.configuration import AccountBody
from services.channels.port import Account, Request

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATH_SECRET = "a-long-word-of-ours"
SIGNING_KEY = "mg-0123456789abcdef"
FROM = "support@shop.example"
SIGNS_BODY, PROOF = False, ("subpath",)
PROOFS = {"mailgun": {"signing_key": SIGNING_KEY}}


def account(provider: str = "mailgun", **changes: object) -> Account:
    """An account of a provider whose address ends in a secret."""
    credentials = {
        "provider": provider,
        "path_secret": PATH_SECRET,
        "from_address": FROM,
        "smtp_url": "smtps://mailer:smtp-pass-word@smtp.shop.example",
        **PROOFS[provider],
    }
    return Account("shop", "email", "main", AccountBody.model_validate({"credentials": credentials} | changes))


def fixture_account(path: Path) -> Account:
    """The account that a fixture is for: raw mails come by Mailgun."""
    return account("mailgun" if path.suffix == ".eml" else path.name.partition("_")[0])


def fixture_request(path: Path) -> Request:
    """An authentic call with a fixture."""
    return CALLS["mailgun" if path.suffix == ".eml" else path.name.partition("_")[0]](path)


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


CALLS = {"mailgun": lambda path: raw_mail(path.read_bytes())}
"""Provider → the call of a fixture of its."""
