"""Access tokens that were refreshed. The collector alone writes them; they are credentials, and no view shows them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schemas.configuration import AccountBody
from schemas.values import Instant
from services.platform.core.identifiers import hashed_id
from services.platform.processing.unit_of_work import Reader
from services.platform.store.port import Collection, Key
from services.records.accounts import WRITER, account_id


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTokens:
    """The tokens of an account; its id is `workspace/channel:account`.

    `credentials`: the digest of those that the tokens come from; with others they are void. `tokens`: by credential name.
    `expires_at`: when they expire; None: unknown, or never. `refresh_at`: when the next refresh is due; None: never.
    `attempt` numbers the refreshes, `failures` counts those in a row that failed.
    """

    workspace: str
    channel: str
    account: str
    credentials: str
    # Not in `repr`: a record may end in a log.
    tokens: dict[str, str] = field(default_factory=dict, repr=False)
    expires_at: Instant | None = None
    refresh_at: Instant | None = None
    attempt: int = 0
    failures: int = 0


ACCOUNT_TOKENS = Collection("account_tokens", AccountTokens, writer=WRITER)


def credentials_digest(body: AccountBody) -> str:
    """A digest of an account's credentials and of the server that they are for. It tells nothing about them."""
    return hashed_id(repr(sorted(body.credentials.items())), body.api_base or "")


def tokens_for(body: AccountBody, stored: AccountTokens | None) -> Mapping[str, str]:
    """The refreshed tokens that go with these credentials; empty without any."""
    return stored.tokens if stored is not None and stored.credentials == credentials_digest(body) else {}


async def read_tokens(reader: Reader, accounts: Iterable[str]) -> dict[str, AccountTokens]:
    """The stored tokens of accounts, by the account's id. Raises Unavailable."""
    keys = [Key(ACCOUNT_TOKENS.name, account) for account in accounts]
    found = await reader.get_many(keys) if keys else {}
    return {key.id: ACCOUNT_TOKENS.decode(document) for key, document in found.items()}


async def read_account_tokens(
    reader: Reader, workspace: str, channel: str, account: str, body: AccountBody
) -> Mapping[str, str]:
    """The refreshed tokens of one account that go with its credentials; empty without any. Raises Unavailable."""
    identity = account_id(workspace, channel, account)
    return tokens_for(body, (await read_tokens(reader, [identity])).get(identity))
