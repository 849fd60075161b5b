"""An account, and requests made of the fixtures beside this file."""

import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path

from schemas.configuration import AccountBody
from schemas.values import Surface
from services.channels.port import Account, Request
from tests.channels.meta.direct_messages import Chat
from tests.channels.meta.public_posts import comments_on_account
from tests.channels.places import REPORTED, Place

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "f0e1d2c3b4a59687f0e1d2c3b4a59687"
TOKEN = "IGAAinvented-token-of-the-shop"
SHOP, PAGE, APP, ANNA = "17841400300200100", "100200300", "7700770077", "8800880088"
HEADER = "x-hub-signature-256"
SIGNS_BODY, PROOF = True, (HEADER,)


def account(settings: dict[str, object] | None = None, **credentials: object) -> Account:
    known = {"app_secret": SECRET, "app_id": APP, "verify_token": "our-long-word", "access_token": TOKEN, "ig_id": SHOP}
    body = {"credentials": known | credentials, "settings": settings or {}}
    return Account("shop", "instagram", "main", AccountBody.model_validate(body))


def signature(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {HEADER: "sha256=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex()}


def request(body: bytes, headers: dict[str, str] | None = None) -> Request:
    given = signature(body) if headers is None else headers
    return Request("POST", "/webhooks/instagram/shop/main", {}, given, body, RECEIVED)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


# -- places: see tests/channels/places.py --------------------------------------------------------------------------------

CHAT = Chat("instagram", SHOP, ANNA, APP, request)
NOT_PLAYED: dict[tuple[Surface, str], str] = {
    ("public", "edit"): "Instagram reports new comments alone; one that it called an edit would be taken for one",
}


def places() -> tuple[Place, ...]:
    return (
        CHAT.place(
            "inbox",
            receipts={"read": lambda n: CHAT.event(REPORTED, read={"mid": f"m_ours{n}"})},
            contact_states={
                "started": CHAT.event(REPORTED, referral={"ref": "kettles", "source": "IGME", "type": "OPEN_THREAD"})
            },
        ),
        comments_on_account(SHOP, ANNA, request),
    )
