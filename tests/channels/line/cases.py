"""An account, and calls of LINE made of the fixtures beside this file."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas.configuration import AccountBody, Credential
from schemas.values import Surface
from services.channels.port import Account, Request
from services.platform.http.outgoing import HttpResponse
from tests.channels.places import REPORTED, WRITTEN, Place, Update, text_of

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET, TOKEN = "a-secret-of-the-channel", "a-long-lived-token-of-the-channel"
HEADER = "x-line-signature"
SIGNS_BODY, PROOF = True, (HEADER,)
CREDENTIALS: dict[str, Credential] = {"channel_secret": SECRET, "access_token": TOKEN}


def account(name: str = "main", **changes: object) -> Account:
    body = {"credentials": CREDENTIALS, "settings": {"username": "123abcde"}} | changes
    return Account("shop", "line", name, AccountBody.model_validate(body))


def signature(body: bytes, secret: str = SECRET) -> str:
    return b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def request(body: bytes) -> Request:
    return Request("POST", "/webhooks/line/shop/main", {}, {HEADER: signature(body)}, body, RECEIVED)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


# -- places: see tests/channels/places.py --------------------------------------------------------------------------------

OURS = "U0123456789abcdef0123456789abcdef"
CUSTOMER, GROUP, ROOM = (f"{letter}{'0' * 31}{number}" for letter, number in (("U", 1), ("C", 2), ("R", 3)))
NOT_PLAYED: dict[tuple[Surface, str], str] = {}


def places() -> tuple[Place, ...]:
    return (
        _place(
            "private",
            {"type": "user", "userId": CUSTOMER},
            contact_states={
                "started": event("follow", REPORTED, follow={"isUnblocked": False}),
                "unblocked": event("follow", REPORTED, follow={"isUnblocked": True}),
                "blocked": event("unfollow", REPORTED),
            },
        ),
        _place("group", {"type": "group", "groupId": GROUP, "userId": CUSTOMER}),
        _place("room", {"type": "room", "roomId": ROOM, "userId": CUSTOMER}),
    )


def call_of(updates: Sequence[Update]) -> Request:
    return request(json.dumps({"destination": OURS, "events": list(updates)}).encode())


def event(kind: str, at: datetime, source: dict[str, str] | None = None, **content: Any) -> Update:
    """An event of a webhook; its id depends on what it says."""
    place = source or {"type": "user", "userId": CUSTOMER}
    said = hashlib.sha256(json.dumps([kind, place, content], sort_keys=True).encode()).hexdigest()[:26].upper()
    times = {"timestamp": int(at.timestamp() * 1000), "webhookEventId": said, "mode": "active"}
    return {"type": kind, "source": place, **times, **content}


def _place(name: str, source: dict[str, str], **more: Any) -> Place:
    def message(number: int) -> Update:
        content = {"type": "text", "id": f"{1000 + number}", "text": text_of(number)}
        return event("message", WRITTEN, source, message=content)

    return Place(
        name=name,
        surface="private" if source["type"] == "user" else "public",
        post=call_of,
        updates_per_call=1_000,
        accepted=lambda n: HttpResponse(200, {}, json.dumps({"sentMessages": [{"id": f"{9000 + n}"}]}).encode()),
        message=message,
        deletion=lambda n: event("unsend", REPORTED, source, unsend={"messageId": f"{1000 + n}"}),
        **more,
    )
