"""Customers of the demo shop who write in its own app: texts, pictures, changes, and receipts of what reached them."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from schemas.values import Json
from services.demo.accounts import Credentials, StandIns
from services.demo.crowd import PERSONS, Crowd, Customers, DemoPerson, WebhookPost
from services.demo.demo_channel import CrowdContext, DemoChannel, SetUpCall
from services.demo.mail_customers import address
from services.demo.photo import PHOTO
from services.demo.shop_app import CALLBACK, CONNECT, PICTURE, ShopApp
from services.platform.http.standard_webhooks import PREFIX, signed_headers


def user(person: DemoPerson) -> str:
    """The id of a person in the app."""
    return f"user-{person.number}"


BY_USER_ID: Mapping[str, DemoPerson] = {user(person): person for person in map(DemoPerson, range(PERSONS))}


@dataclass
class AppCustomers(Customers):
    """The users of the app, which signs with `secret`. `picture_url` is where it has a picture."""

    secret: str
    picture_url: str
    channel: str = "api"

    def write(self, now: datetime) -> list[WebhookPost]:
        """See `Crowd`. Some send a picture, some change what they wrote or take it back."""
        if not self.occupancy.begin():
            return []
        person, name, chance = self.imagination.person(), self._new_name(), self.imagination.random.random()
        text = self.imagination.question(person)
        files: dict[str, Json] = {"attachments": [self._picture()]} if chance < 0.15 else {}
        if 0.2 < chance < 0.26:
            better: dict[str, Json] = {"type": "edit", "message": name, "text": f"{text} 🙏"}
            self._agenda.add(now, 3, 9, lambda at: self._post(person, at, better))
        elif 0.26 < chance < 0.3:
            self._agenda.add(now, 3, 9, lambda at: self._post(person, at, {"type": "delete", "message": name}))
        return [self._post(person, now, {"type": "message", "id": name, "text": text, **files})]

    def on_sent(self, item: Mapping[str, Any], now: datetime) -> None:
        """See `Crowd`. What reaches somebody is delivered and read; some react, and some answer."""
        person = BY_USER_ID.get(str(item.get("to", "")))
        if person is None or "id" not in item:
            return
        message = str(item["id"])
        self._agenda.add(now, 0.3, 1.5, self._later(person, type="receipt", message=message, state="delivered"))
        self._agenda.add(now, 2, 6, self._later(person, type="receipt", message=message, state="read"))
        if self.imagination.random.random() < 0.1:
            self._agenda.add(now, 6, 9, self._later(person, type="reaction", message=message, emoji="👍"))
        answer = self.imagination.answer(person)
        if answer is not None:
            self._agenda.add(now, 6, 25, self._later(person, type="message", id=self._new_name(), text=answer))

    def _picture(self) -> Json:
        about: dict[str, Json] = {"kind": "image", "name": "mug.png", "media_type": "image/png"}
        return {**about, "url": self.picture_url, "size_bytes": len(PHOTO)}

    def _new_name(self) -> str:
        return f"m-{next(self.imagination.numbers)}"

    def _later(self, person: DemoPerson, **item: Json) -> Callable[[datetime], WebhookPost]:
        return lambda at: self._post(person, at, item)

    def _post(self, person: DemoPerson, at: datetime, item: Mapping[str, Json]) -> WebhookPost:
        known: Json = {
            "id": user(person),
            "name": person.name,
            "language": person.language,
            # The app has checked the address, so that who also writes mail is one customer.
            "identities": [{"kind": "email", "value": address(person), "proven": True}],
        }
        body = orjson.dumps({**item, "person": known, "sent_at": at.isoformat()})
        headers = signed_headers([self.secret], f"call-{next(self.imagination.numbers)}", at, body)
        return WebhookPost(self.channel, user(person), headers, body)


def secret_of(credentials: Credentials) -> str:
    """The secret that the app and the installation share."""
    return PREFIX + b64encode(bytes.fromhex(credentials.secret("app calls"))).decode()


def _account(credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    calls: dict[str, Json] = {"secret": secret_of(credentials), "callback_url": f"{stand_ins.url}/api{CALLBACK}"}
    return {"name": "The demo shop's own app", "credentials": calls}


def _crowd(context: CrowdContext) -> Crowd:
    picture_url = f"{context.stand_ins_url}/api{PICTURE}"
    return AppCustomers(context.imagination, context.occupancy, secret_of(context.credentials), picture_url)


def _connect(credentials: Credentials, webhook: str) -> list[SetUpCall]:
    return [(CONNECT, {"secret": secret_of(credentials)})]


API = DemoChannel(
    name="api",
    account=_account,
    stand_in=lambda log: ShopApp(log=log).app,
    crowd=_crowd,
    share=0.06,
    set_up=_connect,
)
