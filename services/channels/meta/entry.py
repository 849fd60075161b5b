"""An entry of a webhook as one account reads it: whose it is, and the ids of what it reports."""

from dataclasses import dataclass
from datetime import datetime

from schemas.configuration import AccountBody
from services.channels.account_scope import AccountScope
from services.platform.core.identifiers import hashed_id


@dataclass(frozen=True, slots=True)
class EntryContext:
    """One entry for one account.

    `own_ids` are the ids by which the entry may name the account itself; `app_id` is that of our app, if the account says it.
    `secret` makes hashes of content that nobody can guess. `entry_at` is the time of the entry.
    """

    scope: AccountScope
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
