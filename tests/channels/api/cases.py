"""An account, signed requests made of the fixtures beside this file."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from schemas.activity import ContactState
from schemas.configuration import AccountBody, Credential
from schemas.values import Surface, instant_text
from services.channels.port import Account, Request
from services.platform.core.identifiers import hashed_id
from services.platform.http.outgoing import HttpResponse
from services.platform.http.standard_webhooks import signed_headers
from tests.channels.places import BETTER, HEART, REPORTED, WRITTEN, Place, Update, text_of

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "whsec_YW4gaW52ZW50ZWQgc2VjcmV0IG9mIHRlc3Rz"
SIGNS_BODY, PROOF = True, ("webhook-id", "webhook-timestamp", "webhook-signature")
PREVIOUS = "whsec_dGhlIGludmVudGVkIHNlY3JldCBiZWZvcmUgaXQ="
CALLBACK = "https://shop.example.com/pasokh"


def account(**credentials: Credential) -> Account:
    given: dict[str, Credential] = {"secret": SECRET, "callback_url": CALLBACK, **credentials}
    return Account("shop", "api", "main", AccountBody(credentials=given))


def request(
    body: bytes,
    *,
    secret: str = SECRET,
    identity: str = "call-1",
    off: float = 0.0,
    headers: dict[str, str] | None = None,
) -> Request:
    """A call signed `off` seconds after it is received; `headers` in place of the signature."""
    signed = signed_headers([secret], identity, RECEIVED + timedelta(seconds=off), body) if headers is None else headers
    return Request("POST", "/webhooks/api/shop/main", {}, signed, body, RECEIVED)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


# -- places: see tests/channels/places.py --------------------------------------------------------------------------------

STATES: tuple[ContactState, ...] = ("opted_out", "opted_in", "blocked", "unblocked")
ERROR = {"code": "no_account", "detail": "No account."}


def places() -> tuple[Place, ...]:
    return _place("private"), _place("public", thread="t-1")


def _place(surface: Surface, **where: str) -> Place:
    customer = {"id": "70001", "name": "Sara"}

    def item(kind: str, at: datetime = REPORTED, **fields: Any) -> Update:
        return {"type": kind, "person": customer, "surface": surface, "sent_at": instant_text(at), **where, **fields}

    def receipt(state: str) -> Callable[[int], Update]:
        error = ERROR if state == "failed" else None
        return lambda n: item("receipt", state=state, message=f"x-{n}", error=error)

    def post(updates: Sequence[Update]) -> Request:
        body = json.dumps(list(updates)).encode()
        return request(body, identity=hashed_id(body.hex()))

    first = item("message", WRITTEN, id="1", text=text_of(1))
    return Place(
        name=surface,
        surface=surface,
        post=post,
        updates_per_call=1_000,
        accepted=lambda n: HttpResponse(200, {}, json.dumps({"id": f"x-{n}"}).encode()),
        message=lambda n: item("message", WRITTEN, id=f"{n}", text=text_of(n)),
        spellings=(
            {**first, "id": 1},
            {**first, "person": {**customer, "id": 70001}},
            {**first, "sent_at": "2026-03-01T15:30:00+03:30"},
        ),
        edit=lambda n: item("edit", message=f"{n}", text=BETTER),
        deletion=lambda n: item("delete", message=f"{n}"),
        receipts={state: receipt(state) for state in ("sent", "delivered", "read", "failed")},
        watermark={
            state: item("receipt", state=state, watermark=instant_text(REPORTED)) for state in ("delivered", "read")
        },
        reaction=lambda n: item("reaction", message=f"x-{n}", emoji=HEART),
        echo=lambda n, text: item("echo", id=f"x-{n}", text=text),
        own_deletion=lambda n: item("delete", message=f"x-{n}"),
        contact_states={state: item("contact", state=state) for state in STATES} if surface == "private" else {},
    )
