"""An account, and calls of LinkedIn made of the fixtures beside this file."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas.configuration import AccountBody, Credential
from schemas.values import Surface
from services.channels.port import Account, Request
from services.platform.http.outgoing import HttpResponse
from tests.channels.places import BETTER, REPORTED, WRITTEN, Place, Update, text_of

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET, TOKEN, REFRESH_TOKEN = "a-client-secret-of-the-app", "an-access-token-of-the-app", "a-refresh-token-of-the-app"
HEADER = "x-li-signature"
SIGNS_BODY, PROOF = True, (HEADER,)
NUMBER, DACE = "4242", "urn:li:person:Dace01"
PAGE, POST = f"urn:li:organization:{NUMBER}", "urn:li:activity:7100000000000000001"
CREDENTIALS: dict[str, Credential] = {
    "client_id": "77abcdefghijkl",
    "client_secret": SECRET,
    "refresh_token": REFRESH_TOKEN,
    "organization": PAGE,
}


def account(name: str = "main", **changes: object) -> Account:
    body = AccountBody.model_validate({"credentials": CREDENTIALS} | changes)
    return Account("shop", "linkedin", name, body, {"access_token": TOKEN})


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.digest(secret.encode(), b"hmacsha256=" + body, hashlib.sha256).hex()


def request(body: bytes) -> Request:
    return Request("POST", "/webhooks/linkedin/shop/main", {}, {HEADER: signature(body)}, body, RECEIVED)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


# -- places: see tests/channels/places.py --------------------------------------------------------------------------------

NOT_PLAYED: dict[tuple[Surface, str], str] = {
    ("public", "reaction"): "LinkedIn reports likes alone, and the suite reacts with a heart: see test_parse.py",
}


def theirs(number: int) -> str:
    return f"urn:li:comment:({POST},{1000 + number})"


def ours(number: int) -> str:
    return f"urn:li:comment:({POST},{9000 + number})"


def call_of(updates: Sequence[Update]) -> Request:
    return request(json.dumps({"notifications": list(updates)}).encode())


def notification(action: str, at: datetime, about: str, **comment: Any) -> Update:
    """A notification about a comment; its id depends on what it says."""
    said = hashlib.sha256(json.dumps([action, about, comment], sort_keys=True).encode()).digest()
    return {
        "action": action,
        "notificationId": int.from_bytes(said[:6]),
        "organizationalEntity": PAGE,
        "sourcePost": POST,
        "lastModifiedAt": int(at.timestamp() * 1000),
        "decoratedGeneratedActivity": {"comment": {"entity": about, "owner": DACE, **comment}},
    }


def echo(number: int, text: str) -> Update:
    return notification(
        "ADMIN_COMMENT", REPORTED, ours(number), text=text, owner="urn:li:person:A", parentComment=theirs(1)
    )


def places() -> tuple[Place, ...]:
    written = notification("COMMENT", WRITTEN, theirs(1), text=text_of(1))
    said = {"entity": theirs(1), "actor": DACE, "message": {"text": text_of(1)}}
    return (
        Place(
            name="comments",
            surface="public",
            post=call_of,
            updates_per_call=10,
            message=lambda n: notification("COMMENT", WRITTEN, theirs(n), text=text_of(n)),
            spellings=[
                {**written, "organizationalEntity": int(NUMBER)},
                written | {"decoratedGeneratedActivity": {"comment": said}},
            ],
            accepted=lambda n: HttpResponse(201, {"x-restli-id": str(9000 + n)}, b""),
            edit=lambda n: notification("COMMENT_EDIT", REPORTED, theirs(n), text=BETTER),
            deletion=lambda n: notification("COMMENT_DELETE", REPORTED, theirs(n)),
            echo=echo,
            own_edit=lambda n: notification("COMMENT_EDIT", REPORTED, ours(n), text=BETTER, owner=PAGE),
            own_deletion=lambda n: notification("COMMENT_DELETE", REPORTED, ours(n), owner=PAGE),
        ),
    )
