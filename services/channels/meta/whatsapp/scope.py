"""The values that one change of a webhook has for all of its items."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.activity import Activity, ActivityKind
from schemas.values import Json
from services.channels.account_scope import AccountScope
from services.channels.json_access import drop_none
from services.channels.meta.webhook import as_platform_id, sorted_json
from services.channels.meta.whatsapp.people import WhatsappContact, WhatsappUser
from services.platform.core.identifiers import hashed_id


@dataclass(frozen=True, slots=True)
class NumberChange:
    """One change of a webhook. `our_phone` are the digits of the business's own number, None where it is not stated.

    `raw` is the whole change, and the time of its entry.
    """

    scope: AccountScope
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
        identity = self.scope.activity_id(kind, *states)
        about = {"surface": "private", "person_name": customer.name, "identities": customer.identities, **fields}
        return self.scope.activity(identity, kind, customer.id, self.received_at, **about)

    def unknown(self, raw: str, customer: WhatsappUser, item: Json, **fields: Any) -> list[Activity]:  # Any: as above
        """What has no effect here: an activity with its type and, among `details`, what else is said of it."""
        details = drop_none(raw=raw[:64], **fields.pop("details", {}))
        return [self.activity("unknown", customer, digest(item), details=details, **fields)]

    def item_id(self, item: dict[str, Json]) -> str:
        """The platform's id of an item; of one without an id a hash of its content."""
        return as_platform_id(item.get("id")) or digest(item)


def digest(value: Json) -> str:
    """A hash of a JSON value."""
    return hashed_id(sorted_json(value))
