"""Customers of the demo shop on Messenger: direct messages to its Page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.values import Json
from services.demo.crowd import PERSONS, Customers, DemoPerson, WebhookPost
from services.demo.meta_posts import MetaSender


def page_scoped_id(person: DemoPerson) -> str:
    """The id under which the Page knows a person."""
    return f"7200000000{person.number:06d}"


BY_PAGE_SCOPED_ID: Mapping[str, DemoPerson] = {page_scoped_id(one): one for one in map(DemoPerson, range(PERSONS))}


@dataclass
class MessengerCustomers(Customers):
    """The customers of one Page."""

    sender: MetaSender
    channel: str = "messenger"

    def write(self, now: datetime) -> list[WebhookPost]:
        """See `Crowd`."""
        if not self.occupancy.begin():
            return []
        person = self.imagination.person()
        return [self._says(person, self.imagination.question(person), now)]

    def on_sent(self, item: Mapping[str, Any], now: datetime) -> None:
        """See `Crowd`. What reached somebody is read; some answer."""
        person = BY_PAGE_SCOPED_ID.get(str(item.get("to", "")))
        if person is None or "id" not in item:
            return
        self._agenda.add(now, 1, 5, self._reads(person))
        answer = self.imagination.answer(person)
        if answer is not None:
            self._agenda.add(now, 6, 25, lambda at: self._says(person, answer, at))

    # -- shapes of developers.facebook.com/docs/messenger-platform/webhooks ------------------------------------------------

    def _says(self, person: DemoPerson, text: str, at: datetime) -> WebhookPost:
        message: Json = {"mid": f"m_DEMOIN{next(self.imagination.numbers)}", "text": text}
        return self._event(person, at, {"message": message})

    def _reads(self, person: DemoPerson) -> Callable[[datetime], WebhookPost]:
        return lambda at: self._event(person, at, {"read": {"watermark": int(at.timestamp() * 1000)}})

    def _event(self, person: DemoPerson, at: datetime, content: Mapping[str, Json]) -> WebhookPost:
        parties: dict[str, Json] = {"sender": {"id": page_scoped_id(person)}, "recipient": {"id": self.sender.entry_id}}
        event: Json = {**parties, "timestamp": int(at.timestamp() * 1000), **content}
        return self.sender.post(page_scoped_id(person), at, {"messaging": [event]})
