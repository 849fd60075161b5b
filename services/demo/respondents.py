"""Customers of the demo shop who are asked how it went once their conversation is resolved: some answer, as Typeform posts it."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from schemas.values import Json
from services.demo.crowd import Customers, WebhookPost

ANSWERED = 0.4
SCORES = (5, 5, 5, 4, 4, 3, 2, 1)
FORM = "DemoForm"
QUESTIONS: Mapping[str, tuple[str, str]] = {
    "csat": ("opinion_scale", "How satisfied are you with our support?"),
    "comment": ("long_text", "What could we do better?"),
}
"""`ref` of a question → its type and its text."""


@dataclass
class Respondents(Customers):
    """Whoever fills in the survey. `secret` is that of the webhook at Typeform."""

    secret: str
    channel: str = "survey"

    def write(self, now: datetime) -> list[WebhookPost]:
        """Nothing: nobody fills in a survey without being asked."""
        return []

    def on_sent(self, item: Mapping[str, Any], now: datetime) -> None:
        """The shop asked about the `conversation` of the item; some answer."""
        conversation, random = item.get("conversation"), self.imagination.random
        if not isinstance(conversation, str) or random.random() >= ANSWERED:
            return
        score = random.choice(SCORES)
        person = self.imagination.person()
        comment = self.imagination.question(person, "thanks" if score > 3 else "complaint")
        self._agenda.add(now, 5, 40, lambda at: self._response(conversation, score, comment, at))

    def _response(self, conversation: str, score: int, comment: str, at: datetime) -> WebhookPost:
        number = next(self.imagination.numbers)
        response: Json = {
            "form_id": FORM,
            "token": f"demo{number}",
            "landed_at": at.isoformat(),
            "submitted_at": at.isoformat(),
            "hidden": {"conversation": conversation},
            "definition": {"id": FORM, "title": "Demo shop", "fields": [_question(ref) for ref in QUESTIONS]},
            "answers": [_answer("csat", "number", score), _answer("comment", "text", comment)],
        }
        event: Json = {"event_id": f"demo-event-{number}", "event_type": "form_response", "form_response": response}
        body = orjson.dumps(event)
        signature = b64encode(hmac.digest(self.secret.encode(), body, hashlib.sha256)).decode()
        headers = {"content-type": "application/json", "typeform-signature": f"sha256={signature}"}
        return WebhookPost(self.channel, conversation, headers, body)


def _question(ref: str) -> dict[str, Json]:
    kind, title = QUESTIONS[ref]
    return {"id": f"F{ref}", "ref": ref, "type": kind, "title": title, "properties": {}}


def _answer(ref: str, kind: str, value: Json) -> dict[str, Json]:
    return {"type": kind, kind: value, "field": {"id": f"F{ref}", "ref": ref, "type": QUESTIONS[ref][0]}}
