"""Customers of the demo shop on WhatsApp: texts, photos, edits, deletions, reactions, and the receipts of what we send."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.values import Json
from services.demo.crowd import PERSONS, Customers, DemoPerson, WebhookPost
from services.demo.meta_posts import MetaSender

# Ofcom keeps +44 7700 900000 to 900999 for fiction; the others are no numbers of anybody, being too short or all zeros.
PREFIXES = {"fa": "98900000", "ar": "971500000", "lv": "3712000", "en": "447700900"}
HEARTS = ("❤️", "🙏", "👍")


def phone(person: DemoPerson) -> str:
    """The number of a person, as `wa_id`."""
    return f"{PREFIXES[person.language]}{person.number:03d}"


BY_PHONE: Mapping[str, DemoPerson] = {phone(person): person for person in map(DemoPerson, range(PERSONS))}


@dataclass
class WhatsAppCustomers(Customers):
    """The customers of one number. `photo` is the id of a picture that the stand-in has; None: nobody sends one."""

    sender: MetaSender
    number: str
    photo: str | None = None
    channel: str = "whatsapp"
    _last: WebhookPost | None = None

    def write(self, now: datetime) -> list[WebhookPost]:
        """See `Crowd`. Now and then the platform posts something twice, as after an answer that was lost."""
        if self._last is not None and self.imagination.random.random() < 0.05:
            return [self._last]
        if not self.occupancy.begin():
            return []
        person, random = self.imagination.person(), self.imagination.random
        text, name = self.imagination.question(person), self._new_name()
        content = self._image(text) if self.photo is not None and random.random() < 0.15 else _text(text)
        self._last = self._message(person, now, name, content)
        change = random.random()
        if change < 0.08 and content["type"] == "text":
            better: Json = {"original_message_id": name, "message": _text(f"{text} 🙏")}
            self._agenda.add(now, 3, 9, self._does(person, {"type": "edit", "edit": better}))
        elif change < 0.14:
            self._agenda.add(now, 3, 9, self._does(person, {"type": "revoke", "revoke": {"original_message_id": name}}))
        return [self._last]

    def on_sent(self, item: Mapping[str, Any], now: datetime) -> None:
        """See `Crowd`. What we sent is delivered and read; some people react, some answer."""
        person = BY_PHONE.get(str(item.get("to", "")).lstrip("+"))
        if person is None or "id" not in item:
            return
        name, random = str(item["id"]), self.imagination.random
        for seconds, status in ((0.3, "sent"), (1.0, "delivered"), (random.uniform(2, 6), "read")):
            self._agenda.add(now, seconds, seconds, self._reports(person, name, status))
        answer = self.imagination.answer(person)
        if answer is not None:
            self._agenda.add(now, 7, 25, self._does(person, _text(answer)))
        elif random.random() < 0.3:
            reaction: Json = {"message_id": name, "emoji": random.choice(HEARTS)}
            self._agenda.add(now, 7, 12, self._does(person, {"type": "reaction", "reaction": reaction}))

    # -- shapes of developers.facebook.com/docs/whatsapp/cloud-api/webhooks ----------------------------------------------

    def _new_name(self) -> str:
        return f"wamid.DEMOIN{next(self.imagination.numbers)}"

    def _image(self, caption: str) -> dict[str, Json]:
        return {"type": "image", "image": {"id": self.photo, "mime_type": "image/png", "caption": caption}}

    def _does(self, person: DemoPerson, content: Mapping[str, Json]) -> Callable[[datetime], WebhookPost]:
        return lambda at: self._message(person, at, self._new_name(), content)

    def _message(self, person: DemoPerson, at: datetime, name: str, content: Mapping[str, Json]) -> WebhookPost:
        message: Json = {"from": phone(person), "id": name, "timestamp": _seconds(at), **content}
        return self._post(person, at, {"messages": [message]})

    def _reports(self, person: DemoPerson, name: str, status: str) -> Callable[[datetime], WebhookPost]:
        def report(at: datetime) -> WebhookPost:
            state: Json = {"id": name, "status": status, "timestamp": _seconds(at), "recipient_id": phone(person)}
            return self._post(person, at, {"statuses": [state]})

        return report

    def _post(self, person: DemoPerson, at: datetime, value: Mapping[str, Json]) -> WebhookPost:
        contact: Json = {"profile": {"name": person.name}, "wa_id": phone(person)}
        number: Json = {"display_phone_number": "15550100000", "phone_number_id": self.number}
        shared: dict[str, Json] = {"messaging_product": "whatsapp", "metadata": number, "contacts": [contact]}
        change: Json = {"field": "messages", "value": {**shared, **value}}
        return self.sender.post(phone(person), at, {"changes": [change]})


def _text(text: str) -> dict[str, Json]:
    return {"type": "text", "text": {"body": text}}


def _seconds(at: datetime) -> str:
    return str(int(at.timestamp()))
