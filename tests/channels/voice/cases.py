"""An account, and calls of Twilio made of the fixtures beside this file."""

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from schemas.configuration import AccountBody
from schemas.values import Surface
from services.channels.port import Account, Request
from services.platform.http.outgoing import HttpResponse
from tests.channels.places import Place, Update, text_of
from tests.channels.twilio.calls import CREDENTIALS, form_of, signed_call

PAYLOADS = Path(__file__).parent / "payloads"
SIGNS_BODY, PROOF = True, ("x-twilio-signature",)
CUSTOMER, OURS, AGENT = "+37126000001", "+37120000001", "+37129000001"
ADDRESS = CUSTOMER
QUERIES = {
    "agent": {"leg": "agent", "direction": "inbound", "customer": CUSTOMER},
    "dial": {"leg": "customer", "direction": "inbound", "customer": CUSTOMER},
    "recording": {"leg": "customer", "direction": "inbound", "customer": CUSTOMER},
    "transcription": {"leg": "customer", "direction": "inbound", "customer": CUSTOMER},
    "back": {"leg": "agent", "direction": "outbound", "customer": CUSTOMER},
    "back_customer": {"leg": "customer", "direction": "outbound", "customer": CUSTOMER},
}
"""The first words of a fixture's name → what our address carries."""


def account(name: str = "main", **changes: object) -> Account:
    body = {"credentials": CREDENTIALS, "settings": {"ring": [AGENT]}} | changes
    return Account("shop", "voice", name, AccountBody.model_validate(body))


def request(body: bytes, query: str = "") -> Request:
    return signed_call("/webhooks/voice/shop/main", body, query)


def fixture_request(path: Path) -> Request:
    """A call to the address that we gave for it."""
    names = [name for name in QUERIES if path.stem.startswith(name)]
    return request(path.read_bytes(), urlencode(QUERIES[max(names, key=len)]) if names else "")


def fixture(name: str) -> Request:
    return fixture_request(PAYLOADS / f"{name}.txt")


# -- places: see tests/channels/places.py --------------------------------------------------------------------------------

NOT_PLAYED: dict[tuple[Surface, str], str] = {}


def places() -> tuple[Place, ...]:
    return (
        Place(
            name="private",
            post=call_of,
            accepted=lambda n: HttpResponse(201, {}, json.dumps({"sid": f"SMours{n}"}).encode()),
            message=spoken,
            receipts={
                "delivered": lambda n: {"MessageSid": f"SMours{n}", "MessageStatus": "delivered", "To": CUSTOMER}
            },
        ),
    )


def spoken(number: int) -> Update:
    """What a caller said to the voicemail."""
    return {
        "CallSid": f"CA{number}",
        "From": CUSTOMER,
        "To": OURS,
        "Direction": "inbound",
        "TranscriptionSid": f"TR{number}",
        "TranscriptionText": text_of(number),
    }


def call_of(updates: Sequence[Update]) -> Request:
    """A call has one update."""
    (update,) = updates
    return request(form_of(update))
