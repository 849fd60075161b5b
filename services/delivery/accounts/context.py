"""What every handler of the processor `accounts` gets beside its input."""

from dataclasses import dataclass
from datetime import datetime

from schemas.configuration import WorkspaceConfiguration
from schemas.values import Json
from services.delivery.attempt import SendDependencies
from services.domain.account_sends import AccountSends
from services.platform.bus.port import partition_for
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.port import Query
from services.records.accounts import ACCOUNT_CHECKS, AccountCheck, account_id
from services.records.sends import ACCOUNT_SENDS

PAGE_SIZE = 200


@dataclass(frozen=True, slots=True)
class AccountsDependencies:
    """What the processor needs of its process. `public_url` is the address at which platforms reach this server."""

    sending: SendDependencies
    public_url: str | None = None


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """An account by its three names. It is also the request of the effect that probes it."""

    workspace: str
    channel: str
    account: str

    @property
    def id(self) -> str:
        """The id of the account's `AccountCheck` and `AccountCalls`."""
        return account_id(self.workspace, self.channel, self.account)


@dataclass(frozen=True, slots=True)
class CheckContext:
    """One batch of the processor `accounts`."""

    work: UnitOfWork
    memory: None
    dependencies: AccountsDependencies

    @property
    def now(self) -> datetime:
        """The time of the batch."""
        return self.work.now

    def check(self, identity: str) -> AccountCheck | None:
        """The check of an account; None before its first."""
        return self.work.get(ACCOUNT_CHECKS, identity)

    def sends(self, check: AccountCheck) -> list[AccountSends]:
        """The `AccountSends` of an account, one per partition of the sender that has any."""
        named = NamedAccount(check.workspace, check.channel, check.account)
        return list(self.work.found(ACCOUNT_SENDS, sends_query(named)).values())

    def is_here(self, workspace: str) -> bool:
        """Whether this partition checks the accounts of a workspace."""
        # By the workspace and not by person, as the sender is: an account must have one owner that probes it.
        place = self.work.place
        return partition_for(workspace, place.partitions) == place.partition


def sends_query(named: NamedAccount) -> Query:
    """The query for the `AccountSends` of an account, of all partitions of the sender."""
    equals: dict[str, Json] = {"workspace": named.workspace, "channel": named.channel, "account": named.account}
    return Query(ACCOUNT_SENDS.name, "workspace", equals, limit=PAGE_SIZE)


def connected_accounts(configuration: WorkspaceConfiguration) -> list[NamedAccount]:
    """The accounts of a workspace."""
    pairs = [name.split("/", 1) for name in configuration.accounts]
    return [NamedAccount(configuration.workspace, channel, account) for channel, account in pairs]
