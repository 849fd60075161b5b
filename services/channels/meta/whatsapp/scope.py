"""Who numbers messages, and the values that one change of a webhook has for all of its items."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from schemas.activity import Activity, ActivityKind
from schemas.values import Json
from services.channels.meta.webhook import as_platform_id
from services.channels.meta.whatsapp.people import WhatsappContact, WhatsappUser
from services.platform.core.identifiers import hashed_id


@dataclass(frozen=True, slots=True)
class NumberScope:
    """A business phone number of an account. Its id is the scope of all message ids."""

    workspace: str
    channel: str
    account: str
    number: str

    def message_id(self, wamid: str) -> str:
        """The permanent id of a message or call: its edits, statuses, reactions and its echo carry the same one."""
        return self._hashed("message", wamid)

    def event_id(self, kind: str, *states: str) -> str:
        """The id of an activity. One message id carries many states, so what tells them apart is part of it."""
        return self._hashed("event", kind, *states)

    def _hashed(self, *parts: str) -> str:
        return hashed_id(self.workspace, self.channel, self.account, self.number, *parts)


@dataclass(frozen=True, slots=True)
class NumberChange:
    """One change of a webhook. `our_phone` are the digits of the business's own number, None where it is not stated.

    `raw` is the whole change, and the time of its entry.
    """

    scope: NumberScope
    field: str
    received_at: datetime
    contacts: Sequence[WhatsappContact]
    our_phone: str | None
    raw: Json

    @property
    def digest(self) -> str:
        """A hash of the whole change, for what has no id of its own."""
        return digest(self.raw)

    # Any: further fields of Activity, which validates them.
    def activity(self, kind: ActivityKind, customer: WhatsappUser, *states: str, **fields: Any) -> Activity:
        """An activity of this change. `states` tell it apart from all others of its kind."""
        scope = self.scope
        return Activity(
            id=scope.event_id(kind, *states),
            workspace=scope.workspace,
            channel=scope.channel,
            account=scope.account,
            kind=kind,
            person=f"{scope.channel}:{scope.account}:{customer.id}",
            person_name=customer.name,
            received_at=self.received_at,
            **{"surface": "private", "identities": customer.identities, **fields},
        )

    def item_id(self, item: dict[str, Json]) -> str:
        """The platform's id of an item; of one without an id a hash of its content."""
        return as_platform_id(item.get("id")) or digest(item)


def digest(value: Json) -> str:
    """A hash of a JSON value."""
    return hashed_id(orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode())
