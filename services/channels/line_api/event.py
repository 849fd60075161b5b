"""One event of a webhook: where it happened, who did it, and the ids that follow (.../messaging-api/#common-properties)."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from schemas.activity import Activity, ActivityKind, Address
from schemas.values import EncryptedText, Json, Surface
from services.channels.json_access import as_dict, as_int, as_str, drop_none
from services.channels.port import NOBODY, Account, Request
from services.platform.core.identifiers import hashed_id

LATEST_MILLISECOND = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z, the last millisecond that `datetime` can hold."""


def message_id(workspace: str, account: str, number: str) -> str:
    """The permanent id of a message. LINE's numbers are unique over all chats; the account alone is their scope."""
    return hashed_id(workspace, "line", account, "message", number)


@dataclass(frozen=True, slots=True)
class LineSource:
    """Where an event happened: `chat` is the user, or the group or room in which `person` wrote, which many read.

    `is_known`: LINE may add kinds of places, which are neither public nor private to us.
    """

    chat: str | None
    person: str
    surface: Surface
    is_known: bool


def read_source(raw: Json) -> LineSource:
    """The source of an event. LINE leaves out who wrote in a group where an old version of its app did (#source-group)."""
    source = as_dict(raw)
    kind, user = as_str(source.get("type")), as_str(source.get("userId"))
    if kind in (None, "user"):
        return LineSource(user, user or NOBODY, "private", is_known=True)
    place = as_str(source.get(f"{kind}Id"))
    is_known = kind in ("group", "room") and place is not None
    return LineSource(place, user or NOBODY, "public" if is_known else "private", is_known=is_known)


@dataclass(frozen=True, slots=True)
class LineEvent:
    """An event and its webhook. `id` is the same for every repeat of the event."""

    workspace: str
    account: str
    received_at: datetime
    id: str
    type: str
    source: LineSource
    sent_at: datetime | None
    raw: dict[str, Json] = field(repr=False)

    def message_id(self, number: str) -> str:
        """The permanent id of a message of this account."""
        return message_id(self.workspace, self.account, number)

    def unknown(self, *, what: str | None = None, reason: str | None = None) -> Activity:
        """The event as kind `unknown`: its type, and what it was about; nothing that somebody wrote."""
        return self.activity("unknown", details=drop_none(raw=self.type[:64], what=what and what[:64], reason=reason))

    # Any: the fields of `Activity`, which checks them.
    def activity(
        self, kind: ActivityKind, *, message: str | None = None, text: str | None = None, **fields: Any
    ) -> Activity:
        """An activity of this event. `message` is the platform's id of the message that it is, or is about."""
        source = self.source
        standby: dict[str, Json] = {"standby": True} if self.raw.get("mode") == "standby" else {}
        return Activity(
            id=hashed_id(self.workspace, "line", self.account, "event", kind, self.id),
            workspace=self.workspace,
            channel="line",
            account=self.account,
            kind=kind,
            surface=source.surface,
            person=f"line:{self.account}:{source.person}",
            thread=source.chat if source.surface == "public" else None,
            message=self.message_id(message) if message else None,
            platform_id=message,
            text=EncryptedText(text=text) if text else None,
            address=Address(chat=source.chat) if source.chat and source.is_known else None,
            sent_at=self.sent_at,
            received_at=self.received_at,
            **{**fields, "details": {**fields.get("details", {}), **standby}},
        )


def read_event(request: Request, account: Account, index: int, value: Json) -> LineEvent:
    """An event of a body. One without an id of its own (the test of the address) is known by its time, its place and its message."""
    raw = as_dict(value)
    kind, at = as_str(raw.get("type")) or "none", as_int(raw.get("timestamp"))
    about: Json = [
        raw.get("source"),
        as_dict(raw.get("message")).get("id"),
        as_dict(raw.get("unsend")).get("messageId"),
    ]
    return LineEvent(
        workspace=account.workspace,
        account=account.id,
        received_at=request.received_at,
        id=as_str(raw.get("webhookEventId")) or hashed_id(kind, str(at or index), json.dumps(about, sort_keys=True)),
        type=kind,
        source=read_source(raw.get("source")),
        sent_at=datetime.fromtimestamp(at / 1000, UTC) if at and 0 < at <= LATEST_MILLISECOND else None,
        raw=raw,
    )
