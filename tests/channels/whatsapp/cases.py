"""An account, and calls of Meta made of the fixtures beside this file."""

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas.configuration import AccountBody, Credential
from schemas.values import Json, Surface
from services.channels.port import Account, Request
from services.platform.http.outgoing import HttpResponse
from tests.channels.places import BETTER, HEART, REPORTED, WRITTEN, Place, Update, text_of

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


# -- places: see tests/channels/places.py --------------------------------------------------------------------------------

OUR_PHONE, CUSTOMER, GROUP = "37120000001", "37126000001", "Y2FwaV9ncm91cDox"
CONTACTS = [{"profile": {"name": "Sara"}, "wa_id": CUSTOMER}]
ERRORS = [{"code": 131026, "title": "Message undeliverable"}]
NOT_PLAYED: dict[tuple[Surface, str], str] = {}


def places() -> tuple[Place, ...]:
    return (
        replace(
            _place("private"),
            contact_states={
                "started": item("messages", type="request_welcome", **{"from": CUSTOMER, "id": "wamid.welcome"}),
                "opted_out": _preference("stop"),
                "opted_in": _preference("resume"),
            },
            echo=lambda n, text: _echo(f"ours-{n}", "text", {"body": text}),
            own_edit=lambda n: _echo(f"edit-{n}", "edit", _edit(f"ours-{n}")),
            own_deletion=lambda n: _echo(f"revoke-{n}", "revoke", {"original_message_id": f"wamid.ours-{n}"}),
        ),
        _place("group", group_id=GROUP),
    )


def call_of(updates: Sequence[Update]) -> Request:
    """One webhook of these changes, in entries of a few changes each."""
    changes = list(updates)
    entries = [{"id": WABA, "changes": changes[start : start + 3]} for start in range(0, len(changes), 3)]
    return request(json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode())


def _place(name: str, **where: str) -> Place:
    def message(wamid: str, kind: str, content: Json, at: datetime = REPORTED) -> Update:
        fields = {"from": CUSTOMER, "id": f"wamid.{wamid}", "type": kind, kind: content, **where}
        return item("messages", at, **fields)

    def receipt(state: str) -> Callable[[int], Update]:
        to = {"recipient_type": "group", "recipient_id": GROUP} if where else {"recipient_id": CUSTOMER}
        # Only as a whole a message to a group fails: that one member did not get it is none of its states.
        member = {"recipient_participant_id": CUSTOMER} if where and state != "failed" else {}
        errors = {"errors": ERRORS} if state == "failed" else {}
        return lambda n: item("statuses", id=f"wamid.ours-{n}", status=state, **to, **member, **errors)

    first = message("1", "text", {"body": text_of(1)}, WRITTEN)
    seconds = int(WRITTEN.timestamp())
    return Place(
        name=name,
        surface="public" if where else "private",
        post=call_of,
        updates_per_call=1_000,
        accepted=lambda n: HttpResponse(200, {}, json.dumps({"messages": [{"id": f"wamid.ours-{n}"}]}).encode()),
        message=lambda n: message(f"{n}", "text", {"body": text_of(n)}, WRITTEN),
        spellings=[_with_time(first, time) for time in (seconds, seconds * 1000, f"{seconds * 1000}")],
        edit=lambda n: message(f"edit-{n}", "edit", _edit(f"{n}")),
        deletion=lambda n: message(f"revoke-{n}", "revoke", {"original_message_id": f"wamid.{n}"}),
        receipts={state: receipt(state) for state in ("sent", "delivered", "read", "failed")},
        reaction=lambda n: message(f"heart-{n}", "reaction", {"message_id": f"wamid.ours-{n}", "emoji": HEART}),
    )


def _edit(wamid: str) -> dict[str, Json]:
    return {"original_message_id": f"wamid.{wamid}", "message": {"type": "text", "text": {"body": BETTER}}}


def _echo(wamid: str, kind: str, content: Json) -> Update:
    fields = {"from": OUR_PHONE, "to": CUSTOMER, "id": f"wamid.{wamid}", "type": kind, kind: content}
    return item("message_echoes", **fields)


def _preference(value: str) -> Update:
    return item("user_preferences", wa_id=CUSTOMER, category="marketing_messages", value=value)


def item(name: str, at: datetime = REPORTED, /, **fields: Any) -> Update:  # any: JSON
    """A change with one item, of a list of this name."""
    metadata = {"display_phone_number": f"+{OUR_PHONE}", "phone_number_id": NUMBER}
    item = {**fields, "timestamp": str(int(at.timestamp()))}
    return {"field": "messages", "value": {"metadata": metadata, "contacts": CONTACTS, name: [item]}}


def _with_time(change: Update, time: int | str) -> Update:
    value = change["value"]
    return {**change, "value": {**value, "messages": [{**value["messages"][0], "timestamp": time}]}}
