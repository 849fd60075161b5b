"""What an account's ids are made of: the same event has the same id whenever it comes, and no other has it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.activity import Activity, ActivityKind
from schemas.values import Json
from services.channels.json_access import as_str
from services.channels.port import NOBODY, Account, SendReceipt
from services.platform.core.identifiers import hashed_id, is_derived_id


@dataclass(frozen=True, slots=True)
class AccountScope:
    """Where messages have their ids: an account here, and who numbers them at the platform, `own_id`: a Page, a telephone number."""

    workspace: str
    channel: str
    account: str
    own_id: str
    secret: str = field(default="", repr=False)
    """Keeps `content_id` from being guessed: the account's credentials, hashed."""

    def message_id(self, platform_id: str) -> str:
        """The permanent id of a message: its edits, its deletion, reactions to it and its echo carry the same one."""
        return hashed_id(self.workspace, self.channel, self.account, self.own_id, platform_id)

    def activity_id(self, kind: str, *states: str) -> str:
        """The same for every repeat of an event. `states` tell apart what may be said about one message."""
        return hashed_id(self.workspace, self.channel, self.account, self.own_id, "event", kind, *states)

    def content_id(self, *content: str) -> str:
        """An id of what has none of its own, or of a state of it: a hash of its content.

        Without the secret anybody could find out by trying what was masked in it, such as the number of a card.
        """
        return hashed_id(self.secret, *content)

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


def scope_of(account: Account, own_id: str | None) -> AccountScope:
    """The scope of an account that the platform knows by this id."""
    newest = (account.secrets(name)[0] for name in sorted(account.body.credentials) if account.secrets(name))
    return AccountScope(account.workspace, account.channel, account.id, own_id or "", hashed_id(*newest))


def own_message_ids(value: Json) -> list[str]:
    """Our own id of a message, which we gave to the platform with it; of a text in several parts the part is behind a point."""
    own = (as_str(value) or "").partition(".")[0]
    return [own] if is_derived_id(own) else []
