"""Webhooks as Meta makes them: one entry, signed with the app's secret (developers.facebook.com/docs/graph-api/webhooks)."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from schemas.values import Json
from services.demo.crowd import WebhookPost
from services.demo.graph_messages import MetaChannel

OBJECTS: Mapping[MetaChannel, str] = {
    "whatsapp": "whatsapp_business_account",
    "messenger": "page",
    "instagram": "instagram",
}


@dataclass(frozen=True, slots=True)
class MetaSender:
    """Makes the webhooks of one account. `entry_id`: the business, page or Instagram account."""

    channel: MetaChannel
    entry_id: str
    app_secret: str

    def post(
        self,
        lane: str,
        at: datetime,
        entry: Mapping[str, Json],
        announcement: tuple[str, Mapping[str, Json]] | None = None,
    ) -> WebhookPost:
        """The call for one entry."""
        stamped: Json = {"id": self.entry_id, "time": int(at.timestamp()), **entry}
        body = orjson.dumps({"object": OBJECTS[self.channel], "entry": [stamped]})
        signature = hmac.new(self.app_secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={signature}"}
        return WebhookPost(self.channel, lane, headers, body, announcement)
