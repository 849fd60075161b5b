"""An account, signed requests made of the fixtures beside this file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from schemas.configuration import AccountBody, Credential
from services.channels.port import Account, Request
from services.platform.http.standard_webhooks import signed_headers

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "whsec_YW4gaW52ZW50ZWQgc2VjcmV0IG9mIHRlc3Rz"
SIGNS_BODY, PROOF = True, ("webhook-id", "webhook-timestamp", "webhook-signature")
PREVIOUS = "whsec_dGhlIGludmVudGVkIHNlY3JldCBiZWZvcmUgaXQ="
CALLBACK = "https://shop.example.com/pasokh"


def account(**credentials: Credential) -> Account:
    given: dict[str, Credential] = {"secret": SECRET, "callback_url": CALLBACK, **credentials}
    return Account("shop", "api", "main", AccountBody(credentials=given))


def request(
    body: bytes,
    *,
    secret: str = SECRET,
    identity: str = "call-1",
    off: float = 0.0,
    headers: dict[str, str] | None = None,
) -> Request:
    """A call signed `off` seconds after it is received; `headers` in place of the signature."""
    signed = signed_headers([secret], identity, RECEIVED + timedelta(seconds=off), body) if headers is None else headers
    return Request("POST", "/webhooks/api/shop/main", {}, signed, body, RECEIVED)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()
