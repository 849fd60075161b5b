"""An entry of a webhook as one account reads it: whose it is, and the ids of what it reports."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.activity import Activity, ActivityKind
from schemas.configuration import AccountBody
from schemas.values import Json
from services.channels.json_access import as_str
from services.channels.port import NOBODY, Account, SendReceipt
from services.platform.core.identifiers import hashed_id, is_derived_id


@dataclass(frozen=True, slots=True)
class EntryScope:
    """Where messages have their ids: the Page, Instagram account or phone number `own_id` of an account."""

    workspace: str
    channel: str
    account: str
    own_id: str

    def message_id(self, platform_id: str) -> str:
        """The permanent id of a message: its edits, its deletion, reactions to it and its echo carry the same one."""
        return hashed_id(self.workspace, self.channel, self.account, self.own_id, platform_id)

    def activity_id(self, kind: str, *states: str) -> str:
        """The same for every repeat of an event. `states` tell apart what may be said about one message."""
        return hashed_id(self.workspace, self.channel, self.account, self.own_id, "event", kind, *states)

    def person(self, external: str | None) -> str:
        """The person whom the platform calls `external`."""
        return f"{self.channel}:{self.account}:{external or NOBODY}"

    # Any: further fields of Activity, which validates them.
    def activity(
        self, identity: str, kind: ActivityKind, external: str | None, at: datetime, **fields: Any
    ) -> Activity:
        """An activity with the id `identity`, about the person whom the platform calls `external`, received `at`."""
        return Activity(
            id=identity,
            workspace=self.workspace,
            channel=self.channel,
            account=self.account,
            kind=kind,
            person=self.person(external),
            received_at=at,
            **fields,
        )

    def receipt(self, *platform_ids: str | None, **fields: Any) -> SendReceipt:  # Any: further fields of SendReceipt
        """The receipt of a message to which the platform gave these ids."""
        ids = [identity for identity in platform_ids if identity]
        aliases = tuple(map(self.message_id, ids))
        return SendReceipt(ids[0] if ids else None, aliases=aliases, further_ids=tuple(ids[1:]), **fields)


@dataclass(frozen=True, slots=True)
class EntryContext:
    """One entry for one account.

    `own_ids` are the ids by which the entry may name the account itself; `app_id` is that of our app, if the account says it.
    `secret` makes hashes of content that nobody can guess. `entry_at` is the time of the entry.
    """

    scope: EntryScope
    own_ids: frozenset[str]
    app_id: str | None
    secret: str
    received_at: datetime
    entry_at: datetime | None = None

    def content_id(self, content: str) -> str:
        """An id of what has none of its own: a hash of its content, which cannot be guessed from it."""
        return hashed_id(self.secret, content)


def own_id(body: AccountBody, name: str) -> str | None:
    """The platform's id in the credential `name`; None where the account does not say."""
    value = body.credentials.get(name)
    return value if isinstance(value, str) and value else None


def scope_of(account: Account, own_id: str | None) -> EntryScope:
    """The scope of an account that the platform knows by this id."""
    return EntryScope(account.workspace, account.channel, account.id, own_id or "")


def own_message_ids(value: Json) -> list[str]:
    """Our own id of a message, which we gave to the platform with it; of a text in several parts the part is behind a point."""
    own = (as_str(value) or "").partition(".")[0]
    return [own] if is_derived_id(own) else []
