"""What every handler of the collector gets beside its input, and what its timers and effects carry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schemas.configuration import AccountBody, Versioned, WorkspaceConfiguration
from schemas.values import Json
from services.channels.abilities import Abilities, Polls, RefreshesTokens
from services.channels.port import Channel
from services.collector.instruments import CollectorInstruments
from services.domain.account_sends import AccountSends
from services.ingest.accounts import AccountCache, ConnectedAccount
from services.ingest.webhooks import PublishBody
from services.platform.bus.port import partition_for
from services.platform.core.time_source import TimeSource
from services.platform.http.outgoing import HttpClient
from services.platform.processing.inputs import TimerFired
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.port import Query
from services.records.accounts import ACCOUNT_CHECKS, AccountCheck, account_id
from services.records.configuration import configuration_in_force
from services.records.sends import ACCOUNT_SENDS
from services.records.tokens import credentials_digest

PAGE_SIZE = 200


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """An account by its three names. It is also the request of the effect that probes it."""

    workspace: str
    channel: str
    account: str

    @property
    def id(self) -> str:
        """The id of the account in every collection of accounts."""
        return account_id(self.workspace, self.channel, self.account)

    def data(self) -> dict[str, Json]:
        """The names as the data of a timer."""
        return {"workspace": self.workspace, "channel": self.channel, "account": self.account}


@dataclass(frozen=True, slots=True)
class CollectorDependencies:
    """What the collector needs of its process.

    `abilities` are those of `channels`. `publish_body` publishes a body as if it had been posted. `public_url` is the address at
    which platforms reach this server.
    """

    channels: Mapping[str, Channel]
    abilities: Abilities
    accounts: AccountCache
    http: HttpClient
    time_source: TimeSource
    publish_body: PublishBody
    instruments: CollectorInstruments
    public_url: str | None = None

    def polling(self, channel: str, body: AccountBody) -> Polls | None:
        """The channel, if it polls such an account."""
        found = self.abilities.polls.get(channel)
        return found if found is not None and found.is_polled(body) else None

    def refreshing(self, channel: str) -> RefreshesTokens | None:
        """The channel, if it refreshes tokens."""
        return self.abilities.refreshes.get(channel)

    async def reload(self, named: NamedAccount, credentials: str) -> ConnectedAccount | None:
        """The account as it is stored now; None when it is not connected any more, or with other credentials.

        `credentials` is the digest of those that it had. Raises Unavailable.
        """
        found = await self.accounts.reload(named.workspace, named.channel, named.account)
        return found if found is not None and credentials_digest(found.account.body) == credentials else None


@dataclass(slots=True)
class PollsInFlight:
    """The ids of accounts that this owner of the partition polls. Lost with the owner: the next one begins anew.

    `polled`: it has begun to. `running`: a poll has no result yet. `again`: there is something new, which that poll may
    have missed.
    """

    polled: set[str] = field(default_factory=set)
    running: set[str] = field(default_factory=set)
    again: set[str] = field(default_factory=set)

    def begin(self, account: str) -> None:
        """A poll begins."""
        self.polled.add(account)
        self.running.add(account)
        self.again.discard(account)

    def end(self, account: str) -> None:
        """The account is no longer polled."""
        for known in (self.polled, self.running, self.again):
            known.discard(account)


@dataclass(frozen=True, slots=True)
class CollectorContext:
    """One batch of the collector."""

    work: UnitOfWork
    polls: PollsInFlight
    dependencies: CollectorDependencies

    @property
    def now(self) -> datetime:
        """The time of the batch."""
        return self.work.now

    def check(self, identity: str) -> AccountCheck | None:
        """The check of an account; None before its first."""
        return self.work.get(ACCOUNT_CHECKS, identity)

    def sends(self, check: AccountCheck) -> list[AccountSends]:
        """The `AccountSends` of an account, one per partition of the sender that has any."""
        return list(self.work.found(ACCOUNT_SENDS, sends_query(named_in(check))).values())

    def home(self, named: NamedAccount) -> int:
        """The partition that looks after an account. By account, so that those of one workspace are spread."""
        return partition_for(named.id, self.work.place.partitions)

    def is_here(self, named: NamedAccount) -> bool:
        """Whether this partition looks after the account."""
        return self.home(named) == self.work.place.partition

    def configuration(self, named: NamedAccount) -> WorkspaceConfiguration | None:
        """The configuration of the account's workspace; None for one that does not exist. Raises UndeclaredRead."""
        return configuration_in_force(self.work, named.workspace)

    def connected(self, named: NamedAccount) -> Versioned[AccountBody] | None:
        """The account as it is configured; None when it is not connected (any more). Raises UndeclaredRead."""
        configuration = self.configuration(named)
        return configuration.accounts.get(f"{named.channel}/{named.account}") if configuration else None


def named_in(check: AccountCheck) -> NamedAccount:
    """The account of a check."""
    return NamedAccount(check.workspace, check.channel, check.account)


def named_by_timer(timer: TimerFired) -> NamedAccount:
    """The account of a timer."""
    return NamedAccount(*(str(timer.data[name]) for name in ("workspace", "channel", "account")))


def sends_query(named: NamedAccount) -> Query:
    """The query for the `AccountSends` of an account, of all partitions of the sender."""
    return Query(ACCOUNT_SENDS.name, "workspace", named.data(), limit=PAGE_SIZE)


def connected_accounts(configuration: WorkspaceConfiguration) -> list[NamedAccount]:
    """The accounts of a workspace."""
    pairs = [name.split("/", 1) for name in configuration.accounts]
    return [NamedAccount(configuration.workspace, channel, account) for channel, account in pairs]
