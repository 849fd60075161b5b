"""One event of direct messages: who it is between, when it happened, and the activities that it becomes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.activity import Activity, ActivityKind, Address, Side
from schemas.values import Json
from services.channels.json_access import as_dict
from services.channels.meta.entry import EntryContext
from services.channels.meta.webhook import as_platform_id, instant, sorted_json


@dataclass(frozen=True, slots=True)
class MessagingEvent:
    """An item of `messaging[]` or `standby[]`. `sender` and `recipient` are None where it does not name them.

    `is_standby`: another app of the Page has the thread, and ours listens. `is_echo`: our side wrote the message.
    """

    entry: EntryContext
    sender: str | None
    recipient: str | None
    at: datetime | None
    is_standby: bool
    is_echo: bool

    @property
    def names_us(self) -> bool:
        """Whether one of the two is the account."""
        return not self.entry.own_ids.isdisjoint((self.sender, self.recipient))

    @property
    def is_of_others(self) -> bool:
        """Whether it is between two who are not the account."""
        return self.sender is not None and self.recipient not in (None, self.sender) and not self.names_us

    @property
    def is_ours(self) -> bool:
        """Whether our side did it: the Page or the account itself, whoever acts for it."""
        return self.is_echo or self.sender in self.entry.own_ids

    @property
    def side(self) -> Side:
        """The side that did it."""
        return "account" if self.is_ours else "customer"

    @property
    def stated_at(self) -> str:
        """When it happened, as a part of an id."""
        return self.at.isoformat() if self.at is not None else ""

    @property
    def customer(self) -> str | None:
        """The id of the person who is not the account; None where the event names nobody."""
        # An echo has the customer as its recipient, all else as its sender; the other way round where that one is us.
        parties = (self.recipient, self.sender) if self.is_echo else (self.sender, self.recipient)
        return next((party for party in parties if party is not None and party not in self.entry.own_ids), None)

    def message_id(self, mid: str) -> str:
        """The permanent id of a message; see `AccountScope`."""
        return self.entry.scope.message_id(mid)

    def content_id(self, content: dict[str, Json]) -> str:
        """An id of an event that has none: who, when and what."""
        parts = (self.sender or "", self.recipient or "", self.stated_at, sorted_json(content))
        return self.entry.content_id("\x00".join(parts))

    # Any: further fields of Activity, which validates them.
    def activity(self, kind: ActivityKind, *states: str, mid: str | None = None, **fields: Any) -> Activity:
        """An activity of the customer, or about them, in private. `states` tell it from others, `mid` is the message it names."""
        scope, customer = self.entry.scope, self.customer
        about = {
            "author": self.side,
            "message": self.message_id(mid) if mid is not None else None,
            "platform_id": mid,
            "address": Address(chat=customer) if customer is not None else None,
            **fields,
            "details": {**fields.get("details", {}), **({"standby": True} if self.is_standby else {})},
        }
        identity = scope.activity_id(kind, *states)
        return scope.activity(
            identity, kind, customer, self.entry.received_at, surface="private", sent_at=self.at, **about
        )

    def unknown(self, raw: str, value: Json, **details: Json) -> list[Activity]:
        """An activity that says who, when and which type, and drops the content."""
        return [self.activity("unknown", raw, self.content_id({raw: value}), details={"raw": raw, **details})]


def read_event(entry: EntryContext, raw: dict[str, Json], *, is_standby: bool) -> MessagingEvent:
    """Read who an event is between, and when it was."""
    return MessagingEvent(
        entry=entry,
        sender=_party(raw.get("sender")),
        recipient=_party(raw.get("recipient")),
        at=instant(raw.get("timestamp")) or entry.entry_at,
        is_standby=is_standby,
        is_echo=as_dict(raw.get("message")).get("is_echo") is True,
    )


def _party(value: Json) -> str | None:
    # A visitor of the chat plugin or the checkbox has only a `user_ref` until they write.
    party = as_dict(value)
    return as_platform_id(party.get("id")) or as_platform_id(party.get("user_ref"))
