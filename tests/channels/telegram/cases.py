"""An account, and requests made of the fixtures beside this file."""

from datetime import UTC, datetime
from pathlib import Path

from schemas.configuration import AccountBody
from services.channels.port import Account, Request

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOKEN = "123456:ABC-secret_part"
SECRET = "s3cret-Token_1"
HEADER = "x-telegram-bot-api-secret-token"
SIGNS_BODY, PROOF = False, (HEADER,)


def account(**changes: object) -> Account:
    body = {
        "credentials": {"bot_token": TOKEN, "secret_token": SECRET},
        "settings": {"username": "example_shop_bot"},
    } | changes
    return Account("shop", "telegram", "main", AccountBody.model_validate(body))


def request(body: bytes, headers: dict[str, str] | None = None) -> Request:
    given = {HEADER: SECRET} if headers is None else headers
    return Request("POST", "/webhooks/telegram/shop/main", {}, given, body, RECEIVED)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()
