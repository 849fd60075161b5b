"""An account, and calls of Meta made of the fixtures beside this file."""

import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path

from schemas.configuration import AccountBody, Credential
from services.channels.port import Account, Request

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
NUMBER, WABA = "330000000000001", "440000000000001"
SECRET, VERIFY_TOKEN, TOKEN = "a-secret-of-the-app", "a-word-of-ours-123", "EAAG-token-of-a-system-user"
HEADER = "x-hub-signature-256"
SIGNS_BODY, PROOF = True, (HEADER,)
CREDENTIALS: dict[str, Credential] = {
    "app_secret": SECRET,
    "verify_token": VERIFY_TOKEN,
    "access_token": TOKEN,
    "phone_number_id": NUMBER,
    "waba_id": WABA,
}


def account(name: str = "main", **changes: object) -> Account:
    body = {"credentials": CREDENTIALS} | changes
    return Account("shop", "whatsapp", name, AccountBody.model_validate(body))


def signature(body: bytes, secret: str = SECRET) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def request(body: bytes) -> Request:
    return Request("POST", "/webhooks/whatsapp/shop/main", {}, {HEADER: signature(body)}, body, RECEIVED)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()
