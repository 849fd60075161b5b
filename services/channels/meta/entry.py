"""An entry of a webhook as one account reads it: whose it is, and the ids of what it reports."""

from dataclasses import dataclass
from datetime import datetime

from services.channels.port import Account
from services.platform.core.identifiers import hashed_id

NOBODY = "none"
"""The external id of the person where an event names nobody."""


@dataclass(frozen=True, slots=True)
class EntryScope:
    """Where messages and comments have their ids: the Page or the Instagram account `own_id` of an account."""

    workspace: str
    channel: str
    account: str
    own_id: str

    def message_id(self, platform_id: str) -> str:
        """The permanent id of a message: its edits, its deletion, reactions to it and its echo carry the same one."""
        return hashed_id(self.workspace, self.channel, self.account, self.own_id, platform_id)


@dataclass(frozen=True, slots=True)
class GraphAccount:
    """An account as calls of the Graph API need it: the address of the API, a token, and the account's ids."""

    url: str
    token: str
    scope: EntryScope


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

    def person(self, external: str) -> str:
        """`channel:account:external_id`."""
        return f"{self.scope.channel}:{self.scope.account}:{external}"

    def activity_id(self, kind: str, *states: str) -> str:
        """The same for every repeat of an event. `states` tell apart what may be said about one message."""
        scope = self.scope
        return hashed_id(scope.workspace, scope.channel, scope.account, scope.own_id, "event", kind, *states)

    def content_id(self, content: str) -> str:
        """An id of what has none of its own: a hash of its content, which cannot be guessed from it."""
        return hashed_id(self.secret, content)


def scope_of(account: Account, own_id: str) -> EntryScope:
    """The scope of an account that the platform knows by this id."""
    return EntryScope(account.workspace, account.channel, account.id, own_id)
