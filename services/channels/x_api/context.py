"""The call of which an activity comes: its account, and the ids that follow. X numbers posts and direct messages once for all."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.activity import Activity, ActivityKind
from schemas.values import Json
from services.channels.account_scope import AccountScope, scope_of
from services.channels.json_access import as_id_str, drop_none
from services.channels.port import NOBODY, Account, Request
from services.platform.core.identifiers import hashed_id

LATEST_MILLISECOND = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z, the last millisecond that `datetime` can hold."""


def message_id(workspace: str, account: str, kind: str, number: str) -> str:
    """The permanent id of a post (`post`) or a direct message (`dm`)."""
    return hashed_id(workspace, "x", account, kind, number)


def milliseconds(value: Json) -> datetime | None:
    """The UTC time of Unix milliseconds, a number or digits."""
    stated = int(as_id_str(value) or 0)
    return datetime.fromtimestamp(stated / 1000, UTC) if 0 < stated <= LATEST_MILLISECOND else None


@dataclass(frozen=True, slots=True)
class XCall:
    """A webhook call for one account. `own_id` is the user id of the account; None where the account does not say."""

    workspace: str
    account: str
    own_id: str | None
    received_at: datetime
    scope: AccountScope

    def message_id(self, kind: str, number: str) -> str:
        """The permanent id of a post or a direct message of this account."""
        return message_id(self.workspace, self.account, kind, number)

    def is_own(self, user: str | None) -> bool:
        """Whether a user is the account itself."""
        return user is not None and user == self.own_id

    # Any: the fields of `Activity`, which checks them.
    def activity(self, kind: ActivityKind, person: str | None, *names: str, **fields: Any) -> Activity:
        """An activity; `names` tell it from every other one of the account, and are the same for each repeat."""
        return Activity(
            id=hashed_id(self.workspace, "x", self.account, "activity", kind, *names),
            workspace=self.workspace,
            channel="x",
            account=self.account,
            kind=kind,
            person=f"x:{self.account}:{person or NOBODY}",
            received_at=self.received_at,
            **fields,
        )

    def unknown(self, raw: str, name: str, person: str | None = None, **about: Json) -> Activity:
        """What is no word of a customer's, by its type and its id; nothing that somebody wrote."""
        details = drop_none(raw=raw[:64], **about)
        return self.activity("unknown", person, raw, name, surface="private", details=details)


def read_call(request: Request, account: Account) -> XCall:
    """The context of a webhook call."""
    own = as_id_str(next(iter(account.secrets("user_id")), None))
    return XCall(account.workspace, account.id, own, request.received_at, scope_of(account, own))
