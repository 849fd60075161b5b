"""An account, and requests made of the fixtures beside this file."""

import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path

from schemas.configuration import AccountBody
from schemas.values import Surface
from services.channels.port import Account, Request
from tests.channels.meta.direct_messages import Chat, milliseconds
from tests.channels.meta.public_posts import comments_on_page
from tests.channels.places import REPORTED, Place

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "f0e1d2c3b4a59687f0e1d2c3b4a59687"
TOKEN = "EAAinvented-token-of-the-page"
PAGE, APP, ANNA = "100200300", "7700770077", "500600700"
HEADER = "x-hub-signature-256"
SIGNS_BODY, PROOF = True, (HEADER,)


def account(settings: dict[str, object] | None = None, **credentials: object) -> Account:
    known = {
        "app_secret": SECRET,
        "app_id": APP,
        "verify_token": "our-long-word",
        "access_token": TOKEN,
        "page_id": PAGE,
    }
    body = {"credentials": known | credentials, "settings": settings or {}}
    return Account("shop", "messenger", "main", AccountBody.model_validate(body))


def signature(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {HEADER: "sha256=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex()}


def request(body: bytes, headers: dict[str, str] | None = None) -> Request:
    given = signature(body) if headers is None else headers
    return Request("POST", "/webhooks/messenger/shop/main", {}, given, body, RECEIVED)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


# -- places: see tests/channels/places.py --------------------------------------------------------------------------------

CHAT = Chat("page", PAGE, ANNA, APP, request)
NOT_PLAYED: dict[tuple[Surface, str], str] = {}


def places() -> tuple[Place, ...]:
    until = milliseconds(REPORTED)
    return (
        CHAT.place(
            "inbox",
            receipts={"delivered": lambda n: CHAT.event(REPORTED, delivery={"mids": [f"m_ours{n}"]})},
            watermark={
                "delivered": CHAT.event(REPORTED, delivery={"watermark": until}),
                "read": CHAT.event(REPORTED, read={"watermark": until}),
            },
            contact_states={
                "started": CHAT.event(
                    REPORTED, referral={"ref": "kettles", "source": "SHORTLINK", "type": "OPEN_THREAD"}
                ),
                "opted_out": CHAT.event(
                    REPORTED,
                    optin={"type": "notification_messages", "notification_messages_status": "STOP_NOTIFICATIONS"},
                ),
                "opted_in": CHAT.event(REPORTED, optin={"ref": "newsletter"}),
            },
        ),
        comments_on_page(PAGE, ANNA, request),
    )
