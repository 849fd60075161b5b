"""Direct messages of Messenger and Instagram as `tests.channels.places` wants them: builders of events of one customer."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.channels.port import Request
from services.platform.http.outgoing import HttpResponse
from tests.channels.places import BETTER, HEART, REPORTED, WRITTEN, Place, Update, text_of


@dataclass(frozen=True)
class Chat:
    """The chat of a customer with one of our accounts. Our n-th message has the mid `m_ours<n>`, the customer's `m_theirs<n>`."""

    subject: str
    own: str
    customer: str
    app: str
    request: Callable[[bytes], Request]

    def post(self, updates: Sequence[Update]) -> Request:
        entry = {"id": self.own, "time": milliseconds(REPORTED), "messaging": list(updates)}
        return self.post_entries(entry)

    def post_entries(self, *entries: Update) -> Request:
        return self.request(json.dumps({"object": self.subject, "entry": list(entries)}).encode())

    def event(self, at: datetime, *, ours: bool = False, **content: Any) -> Update:
        sender, recipient = (self.own, self.customer) if ours else (self.customer, self.own)
        return {
            "sender": {"id": sender},
            "recipient": {"id": recipient},
            "timestamp": milliseconds(at),
            **content,
        }

    def message(self, number: int) -> Update:
        return self.event(WRITTEN, message={"mid": f"m_theirs{number}", "text": text_of(number)})

    def echo(self, number: int, text: str, **origin: Any) -> Update:
        content = {"mid": f"m_ours{number}", "is_echo": True, "text": text, **origin}
        return self.event(REPORTED, ours=True, message=content)

    def place(self, name: str, **more: Any) -> Place:
        about = "m_ours{}".format
        written = self.message(1)
        seconds = int(WRITTEN.timestamp())
        return Place(
            name=name,
            post=self.post,
            updates_per_call=1_000,
            message=self.message,
            spellings=[
                {**written, "timestamp": time}
                for time in (seconds, str(seconds), str(milliseconds(WRITTEN)), "2026-03-01T12:00:00+0000")
            ]
            + [{**written, "sender": {"id": int(self.customer)}, "recipient": {"id": int(self.own)}}],
            accepted=lambda n: _json({"recipient_id": self.customer, "message_id": about(n)}),
            edit=lambda n: self.event(REPORTED, message_edit={"mid": f"m_theirs{n}", "text": BETTER, "num_edit": 1}),
            deletion=lambda n: self.event(REPORTED, message={"mid": f"m_theirs{n}", "is_deleted": True}),
            reaction=lambda n: self.event(
                REPORTED, reaction={"mid": about(n), "action": "react", "reaction": "love", "emoji": HEART}
            ),
            echo=self.echo,
            own_echo=lambda n, text: self.echo(n, text, app_id=int(self.app)),
            own_edit=lambda n: self.event(
                REPORTED, ours=True, message_edit={"mid": about(n), "text": BETTER, "num_edit": 1}
            ),
            own_deletion=lambda n: self.event(
                REPORTED, ours=True, message={"mid": about(n), "is_echo": True, "is_deleted": True}
            ),
            **more,
        )


def milliseconds(moment: datetime) -> int:
    """Unix milliseconds."""
    return int(moment.timestamp() * 1000)


def _json(body: Any) -> HttpResponse:
    return HttpResponse(200, {}, json.dumps(body).encode())
