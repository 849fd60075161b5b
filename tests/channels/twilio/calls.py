"""Calls as Twilio makes them, signed by an auth token."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from schemas.configuration import Credential
from services.channels.port import Request, query_parameters
from services.channels.twilio.form import form_pairs
from services.channels.twilio.signature import HEADER, signature

RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOKEN, PUBLIC_URL = "0123456789abcdef0123456789abcdef", "https://support.example"
CREDENTIALS: dict[str, Credential] = {
    "account_sid": "AC00000000000000000000000000000001",
    "auth_token": TOKEN,
    "number": "+37120000001",
    "public_url": PUBLIC_URL,
}


def form_of(fields: Mapping[str, str]) -> bytes:
    return urlencode(fields).encode()


def signed_call(path: str, body: bytes, query: str = "", *, token: str = TOKEN, base: str = PUBLIC_URL) -> Request:
    """A form posted to the path."""
    address = f"{base}{path}?{query}" if query else f"{base}{path}"
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        HEADER: signature(token, address, form_pairs(body)),
    }
    return Request("POST", path, dict(query_parameters(query)), headers, body, RECEIVED, raw_query=query)
