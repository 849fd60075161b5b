"""An account, and calls of Twilio made of the fixtures beside this file."""

import json
from collections.abc import Sequence
from pathlib import Path

from schemas.configuration import AccountBody
from schemas.values import Surface
from services.channels.port import Account, Request
from services.platform.http.outgoing import HttpResponse
from tests.channels.places import Place, Update, text_of
from tests.channels.twilio.calls import CREDENTIALS, form_of, signed_call

PAYLOADS = Path(__file__).parent / "payloads"
SIGNS_BODY, PROOF = True, ("x-twilio-signature",)
ADDRESS = "+37126000001"
CUSTOMER, OURS = "+37126000001", "+37120000001"


def account(name: str = "main", **changes: object) -> Account:
    return Account("shop", "sms", name, AccountBody.model_validate({"credentials": CREDENTIALS} | changes))


def request(body: bytes, query: str = "") -> Request:
    return signed_call("/webhooks/sms/shop/main", body, query)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.txt").read_bytes()


# -- places: see tests/channels/places.py --------------------------------------------------------------------------------

NOT_PLAYED: dict[tuple[Surface, str], str] = {}


def places() -> tuple[Place, ...]:
    def receipt(state: str, **more: str) -> Update:
        return lambda n: {"MessageSid": f"SMours{n}", "MessageStatus": state, "From": OURS, "To": CUSTOMER, **more}

    return (
        Place(
            name="private",
            post=call_of,
            accepted=lambda n: HttpResponse(201, {}, json.dumps({"sid": f"SMours{n}", "status": "queued"}).encode()),
            message=lambda n: written(f"SM{n}", text_of(n)),
            receipts={
                "sent": receipt("sent"),
                "delivered": receipt("delivered"),
                "read": receipt("read"),
                "failed": receipt("undelivered", ErrorCode="30005"),
            },
            contact_states={
                "opted_out": written("SMstop", "STOP", OptOutType="STOP"),
                "opted_in": written("SMstart", "START", OptOutType="START"),
            },
        ),
    )


def written(sid: str, text: str, **more: str) -> dict[str, str]:
    """A message of the customer's."""
    about = {"MessageSid": sid, "SmsMessageSid": sid, "SmsSid": sid, "SmsStatus": "received", "NumMedia": "0"}
    return {**about, "From": CUSTOMER, "To": OURS, "Body": text, **more}


def call_of(updates: Sequence[Update]) -> Request:
    """A call has one update."""
    (update,) = updates
    return request(form_of(update))
