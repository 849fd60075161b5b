"""Customers of the demo shop by SMS and by telephone: texts, pictures, calls that nobody takes, and states of what we send."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from services.demo.crowd import PERSONS, Customers, DemoPerson, WebhookPost, with_query
from services.demo.staff import PHONES
from services.demo.whatsapp_customers import phone

OUR_NUMBER = "+15005550006"
"""A number that Twilio keeps for tests (www.twilio.com/docs/iam/test-credentials)."""
ACCOUNT_SID = f"AC{'d' * 32}"
PUBLIC_URL = "https://shop.example"
"""The address that calls are signed for. Nobody calls it: the demo posts to the installation itself."""
MEDIA = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/MM1/Media/ME1"
RING_SECONDS = 18
TALK_SECONDS = 24
Leg = Literal["agent", "customer"]
CALL_BACK: tuple[tuple[float, Leg, str], ...] = (
    (1, "agent", "ringing"),
    (3, "agent", "in-progress"),
    (4, "customer", "ringing"),
    (7, "customer", "in-progress"),
    (7 + TALK_SECONDS, "customer", "completed"),
    (7.5 + TALK_SECONDS, "agent", "completed"),
)
"""The states of a call that an agent asks for: after so many seconds, of which leg."""


def number_of(person: DemoPerson) -> str:
    """The telephone number of a person, the same as on WhatsApp."""
    return f"+{phone(person)}"


BY_NUMBER: Mapping[str, DemoPerson] = {number_of(person): person for person in map(DemoPerson, range(PERSONS))}


@dataclass(frozen=True, slots=True)
class TwilioSender:
    """Posts the calls of one number to the webhook at `path`, signed with `auth_token` (www.twilio.com/docs/usage/webhooks/webhooks-security)."""

    channel: str
    path: str
    auth_token: str

    def post(self, person: DemoPerson, fields: Mapping[str, str], query: str = "") -> WebhookPost:
        """A form about a person, to our address with these parameters."""
        whole = {**fields, "AccountSid": ACCOUNT_SID, "ApiVersion": "2010-04-01"}
        signed = with_query(f"{PUBLIC_URL}{self.path}", query) + "".join(
            f"{name}{whole[name]}" for name in sorted(whole)
        )
        digest = hmac.digest(self.auth_token.encode(), signed.encode(), hashlib.sha1)
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": b64encode(digest).decode(),
        }
        return WebhookPost(self.channel, number_of(person), headers, urlencode(whole).encode(), query=query)

    def report(self, person: DemoPerson, sid: str, status: str) -> Callable[[datetime], WebhookPost]:
        """A state of a text of ours."""
        fields = {"MessageSid": sid, "MessageStatus": status, "From": OUR_NUMBER, "To": number_of(person)}
        return lambda at: self.post(person, fields)


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A call that we make: the agent's telephone `phone` rings, and once it is taken that of the customer.

    `parameters`: those of the address at which Twilio asks for markup then. Shapes of www.twilio.com/docs/voice/api/call-resource#statuscallback.
    """

    person: DemoPerson
    sid: str
    phone: str
    parameters: Mapping[str, str]

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "PlacedCall | None":
        """The call that the stand-in lists; None for a text, and where the customer or the agent is none of ours."""
        parameters = dict(parse_qsl(urlsplit(str(item.get("url", ""))).query))
        person = BY_NUMBER.get(parameters.get("customer", ""))
        if person is None or item.get("to") not in PHONES.values():
            return None
        return cls(person, str(item["id"]), str(item["to"]), parameters)

    def leg_fields(self, leg: Leg) -> dict[str, str]:
        """Which leg of the call it is, and whom it rings."""
        if leg == "agent":
            return {"CallSid": self.sid, "To": self.phone, "Direction": "outbound-api"}
        customers = {"CallSid": f"{self.sid}-1", "ParentCallSid": self.sid, "To": number_of(self.person)}
        return {**customers, "Direction": "outbound-dial"}

    def query(self, leg: Leg, status: str) -> str:
        """The parameters of our address: `connect` asks for markup, when the agent takes the telephone; states go without."""
        named = {**self.parameters, "leg": leg}
        if (leg, status) != ("agent", "in-progress"):
            named.pop("connect", None)
        return urlencode(named)


@dataclass
class SmsCustomers(Customers):
    """The customers who text to one number. `photo_url` is the address of a picture that the stand-in has."""

    sender: TwilioSender
    photo_url: str
    channel: str = "sms"

    def write(self, now: datetime) -> list[WebhookPost]:
        """See `Crowd`."""
        if not self.occupancy.begin():
            return []
        person = self.imagination.person()
        return [self._texts(person, self.imagination.question(person))]

    def on_sent(self, item: Mapping[str, Any], now: datetime) -> None:
        """See `Crowd`. What we send is delivered, and some people answer, now and then with a picture."""
        person = _reached(item)
        if person is None:
            return
        for seconds, status in ((0.3, "sent"), (1.5, "delivered")):
            self._agenda.add(now, seconds, seconds, self.sender.report(person, str(item["id"]), status))
        answer = self.imagination.answer(person)
        if answer is not None:
            has_photo = self.imagination.random.random() < 0.15
            self._agenda.add(now, 7, 25, lambda at: self._texts(person, answer, has_photo=has_photo))

    # -- shapes of www.twilio.com/docs/messaging/guides/webhook-request --------------------------------------------------

    def _texts(self, person: DemoPerson, text: str, *, has_photo: bool = False) -> WebhookPost:
        sid = _sid("SM", next(self.imagination.numbers))
        photo = {"MediaUrl0": self.photo_url, "MediaContentType0": "image/png"} if has_photo else {}
        about = {"MessageSid": sid, "SmsSid": sid, "SmsStatus": "received", "NumMedia": str(int(has_photo)), **photo}
        return self.sender.post(person, {**about, "From": number_of(person), "To": OUR_NUMBER, "Body": text})


@dataclass
class VoiceCustomers(Customers):
    """The customers who call one number, which nobody takes; they are answered in writing, or called back."""

    sender: TwilioSender
    channel: str = "voice"

    def write(self, now: datetime) -> list[WebhookPost]:
        """See `Crowd`. A call rings, and ends some seconds later."""
        if not self.occupancy.begin():
            return []
        person, sid = self.imagination.person(), _sid("CA", next(self.imagination.numbers))
        self._agenda.add(now, 5, RING_SECONDS, lambda at: self._call(person, sid, "completed", at, CallDuration="9"))
        return [self._call(person, sid, "ringing", now)]

    def on_sent(self, item: Mapping[str, Any], now: datetime) -> None:
        """See `Crowd`. A text of ours is delivered; a call of ours is taken by the agent, then by the customer, who hangs up."""
        person = _reached(item)
        if person is not None:
            self._agenda.add(now, 1, 3, self.sender.report(person, str(item["id"]), "delivered"))
        placed = PlacedCall.of(item)
        if placed is not None:
            for seconds, leg, status in CALL_BACK:
                self._agenda.add(now, seconds, seconds, partial(self._status_callback, placed, leg, status))

    def _status_callback(self, placed: PlacedCall, leg: Leg, status: str, at: datetime) -> WebhookPost:
        fields = {**placed.leg_fields(leg), "From": OUR_NUMBER, "CallStatus": status, "Timestamp": format_datetime(at)}
        if status == "completed":
            fields["CallDuration"] = str(TALK_SECONDS)
        return self.sender.post(placed.person, fields, placed.query(leg, status))

    # -- shapes of www.twilio.com/docs/voice/twiml#request-parameters ----------------------------------------------------

    def _call(self, person: DemoPerson, sid: str, status: str, at: datetime, **more: str) -> WebhookPost:
        over = {"CallbackSource": "call-progress-events"} if more else {}
        sides = {"From": number_of(person), "Caller": number_of(person), "To": OUR_NUMBER, "Called": OUR_NUMBER}
        about = {"CallSid": sid, "CallStatus": status, "Direction": "inbound", "Timestamp": format_datetime(at)}
        return self.sender.post(person, {**about, **sides, **over, **more})


def _reached(item: Mapping[str, Any]) -> DemoPerson | None:
    """Whom a text of ours reached; None for strangers, and for what is no text."""
    return BY_NUMBER.get(str(item.get("to", ""))) if str(item.get("id", "")).startswith("SM") else None


def _sid(prefix: str, number: int) -> str:
    return f"{prefix}{number:032d}"
