"""An account, and calls of X made of the fixtures beside this file."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Sequence
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
OWN, CUSTOMER = "1500000000000000001", "1600000000000000001"
SECRET = "a-secret-of-the-app"
HEADER = "x-twitter-webhooks-signature"
SIGNS_BODY, PROOF = True, (HEADER,)
CREDENTIALS: dict[str, Credential] = {
    "consumer_key": "a-key-of-the-app",
    "consumer_secret": SECRET,
    "access_token": "1500-a-token-of-the-user",
    "access_secret": "a-secret-of-the-token",
    "user_id": OWN,
}


def account(name: str = "main", **changes: object) -> Account:
    body = {"credentials": CREDENTIALS, "settings": {"automated_replies_approved": True}} | changes
    return Account("shop", "x", name, AccountBody.model_validate(body))


def signature(body: bytes, secret: str = SECRET) -> str:
    return f"sha256={b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()}"


def request(body: bytes) -> Request:
    return Request("POST", "/webhooks/x/shop/main", {}, {HEADER: signature(body)}, body, RECEIVED)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


# -- places: see tests/channels/places.py --------------------------------------------------------------------------------

USERS = {"id": CUSTOMER, "name": "Sara", "username": "sara_writes"}
NOT_PLAYED: dict[tuple[Surface, str], str] = {}


def places() -> tuple[Place, ...]:
    return (
        Place(
            name="direct messages",
            post=call_of,
            updates_per_call=1_000,
            accepted=_accepted("dm_event_id", 7000),
            message=lambda n: _dm(1000 + n, text_of(n), WRITTEN),
            watermark={"read": _read()},
            echo=lambda n, text: _dm(7000 + n, text, REPORTED, is_own=True),
            contact_states={"blocked": _relation("block.block"), "unblocked": _relation("block.unblock")},
        ),
        Place(
            name="posts",
            surface="public",
            post=call_of,
            updates_per_call=1_000,
            accepted=_accepted("id", 9000),
            message=lambda n: _post(2000 + n, text_of(n), WRITTEN),
            edit=lambda n: _post(5000 + n, BETTER, REPORTED, edit_history_tweet_ids=[f"{2000 + n}", f"{5000 + n}"]),
            deletion=lambda n: _deleted(2000 + n, CUSTOMER),
            echo=_own_post,
            own_deletion=lambda n: _deleted(9000 + n, OWN),
        ),
    )


def call_of(updates: Sequence[Update]) -> Request:
    return request(json.dumps({"data": list(updates)}).encode())


def _accepted(name: str, first: int) -> Callable[[int], HttpResponse]:
    return lambda n: HttpResponse(201, {}, json.dumps({"data": {name: f"{first + n}"}}).encode())


def _event(kind: str, payload: Any, includes: Any = None) -> Update:
    said = hashlib.sha256(json.dumps([kind, payload], sort_keys=True).encode()).hexdigest()
    event = {"event_uuid": f"{int(said[:12], 16)}", "filter": {"user_id": OWN}, "event_type": kind}
    return {**event, "payload": payload, "includes": includes or {}}


def _dm(number: int, text: str, at: datetime, *, is_own: bool = False) -> Update:
    sender, target = (OWN, CUSTOMER) if is_own else (CUSTOMER, OWN)
    said = {"target": {"recipient_id": target}, "sender_id": sender, "message_data": {"text": text}}
    event = {
        "type": "message_create",
        "id": f"{number}",
        "created_timestamp": _milliseconds(at),
        "message_create": said,
    }
    users = {CUSTOMER: {"data": USERS}}
    return _event("dm.sent" if is_own else "dm.received", {"direct_message_events": [event], "users": users})


def _relation(kind: str) -> Update:
    sides = {"source": {"data": USERS}, "target": {"data": {"id": OWN}}}
    return _event(kind, {**sides, "created_timestamp": _milliseconds(REPORTED)})


def _read() -> Update:
    event = {"created_timestamp": _milliseconds(REPORTED), "sender_id": CUSTOMER, "target": {"recipient_id": OWN}}
    return _event("dm.read", {"direct_message_mark_read_events": [{**event, "last_read_event_id": "7001"}]})


def _post(number: int, text: str, at: datetime, **more: Any) -> Update:
    post = {
        "id": f"{number}",
        "text": text,
        "author_id": CUSTOMER,
        "created_at": at.isoformat(),
        "conversation_id": "2000",
        "edit_history_tweet_ids": [f"{number}"],
        **more,
    }
    return _event("post.mention.create", post, {"users": [USERS]})


def _own_post(number: int, text: str) -> Update:
    reply = {"in_reply_to_user_id": CUSTOMER, "referenced_tweets": [{"type": "replied_to", "id": "2001"}]}
    return _post(9000 + number, text, REPORTED, author_id=OWN, **reply)


def _deleted(number: int, author: str) -> Update:
    return _event("post.delete", {"id": f"{number}", "author_id": author, "timestamp_ms": _milliseconds(REPORTED)})


def _milliseconds(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))
