"""An account, and calls of Typeform made of the fixtures beside this file."""

import hashlib
import hmac
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

from schemas.configuration import AccountBody
from services.channels.port import Account, Request

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "a-long-random-text-of-ours"
HEADER = "typeform-signature"
SIGNS_BODY, PROOF = True, (HEADER,)
WITHOUT_PLACES = "nobody writes a message in a survey, and none goes out"


def account(**credentials: object) -> Account:
    body = {"credentials": {"secret": SECRET, **credentials}}
    return Account("shop", "survey", "main", AccountBody.model_validate(body))


def signature(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {HEADER: f"sha256={b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()}"}


def request(body: bytes, headers: dict[str, str] | None = None) -> Request:
    given = signature(body) if headers is None else headers
    return Request("POST", "/webhooks/survey/shop/main", {}, given, body, RECEIVED)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()
