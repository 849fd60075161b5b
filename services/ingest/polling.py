"""Polls platforms for accounts that cannot receive webhooks: one process per account, without loss.

The cursor is stored only after the bus has everything before it. When a process dies in between, the next one fetches the
same updates again, and their activities have the same ids. A lease keeps two processes from polling one account; when
clocks differ too much for a lease, the platform itself refuses one of them (`conflict`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from services.channels.port import Account, Channel, CredentialsRejected, Polls
from services.ingest.account_activity import AccountActivityRecorder
from services.ingest.accounts import AccountCache, ConnectedAccount
from services.platform.core.backoff import Backoff
from services.platform.core.errors import Fenced, Unavailable, Unknown
from services.platform.core.time_source import TimeSource
from services.platform.http.outgoing import HttpClient, PermanentSendError, SendOutcomeUnknown, TransientSendError
from services.platform.store.all_pages import all_pages
from services.platform.store.port import Changes, Condition, Key, Put, Query, Store
from services.records.accounts import account_id
from services.records.configuration import CONFIGURATION_HEADS, Configurations
from services.records.polls import POLLS, Poll

POLL_SECONDS, RELEASE_SECONDS = 2.0, 1.0
"""Seconds between two looks for accounts to poll, and seconds that an ending process spends on giving a lease back."""
LEASE, RENEW_BEFORE = timedelta(seconds=30), timedelta(seconds=20)
FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 1.0, 60.0
PublishBody = Callable[[Channel, ConnectedAccount, bytes], Awaitable[None]]
"""Publishes the activities of a body as if it had been posted. Raises Unavailable, Unknown."""
log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """Another process polls this account now."""


@dataclass(frozen=True, slots=True)
class PollingDependencies:
    """Dependencies of polling. `owner` is the unique name of this process, written into leases."""

    owner: str
    channels: Mapping[str, Channel]
    accounts: AccountCache
    store: Store
    time_source: TimeSource
    http: HttpClient
    receive: PublishBody
    notes: AccountActivityRecorder
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(slots=True)
class Polling:
    """Finds the accounts to be polled, and polls those that no other process has leased."""

    dependencies: PollingDependencies
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _configurations: Configurations = field(default_factory=Configurations)

    async def run(self) -> None:
        """Poll until cancelled. Updates that were fetched but not published are fetched again by the next process."""
        try:
            while True:
                try:
                    await self._refresh_accounts()
                except Unavailable as error:
                    log.info("polled_accounts_read_failed", reason=str(error))
                await self.dependencies.sleep(POLL_SECONDS)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _refresh_accounts(self) -> None:
        self._tasks = {name: task for name, task in self._tasks.items() if not task.done()}
        for account in await self._polled():
            name = account_id(account.workspace, account.channel, account.id)
            if name not in self._tasks:
                poller = Poller(self.dependencies, self.dependencies.channels[account.channel], account)
                self._tasks[name] = asyncio.create_task(poller.run())

    async def _polled(self) -> list[Account]:
        """The accounts of all workspaces that are configured for polling. Raises Unavailable."""
        accounts: list[Account] = []
        store = self.dependencies.store
        async for heads in all_pages(store, Query(CONFIGURATION_HEADS.name, "workspace")):
            read = await self._configurations.current(store, [str(head["workspace"]) for _, head in heads])
            for workspace, configuration in read.items():
                for name, stored in configuration.accounts.items():
                    channel, account = name.split("/", 1)
                    adapter = self.dependencies.channels.get(channel)
                    if isinstance(adapter, Polls) and adapter.is_polled(stored.body):
                        accounts.append(Account(workspace, channel, account, stored.body))
        return accounts


class Poller:
    """Polls one account while it is configured for polling and this process has the lease."""

    def __init__(self, context: PollingDependencies, channel: Channel, account: Account) -> None:
        self._dependencies, self._channel, self._account = context, channel, account
        self._key = Key(POLLS.name, account_id(account.workspace, account.channel, account.id))
        self._poll: Poll | None = None
        self._begun_for: str | None = None
        self._backoff = Backoff(FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS)

    async def run(self) -> None:
        """Poll until the account is no longer configured for it, or another process has the lease."""
        try:
            if await self._acquire():
                while await self._poll_once():
                    pass
                await self._release()
        except asyncio.CancelledError:
            # An orderly end gives the lease back, so that the next process need not wait for its expiry.
            with suppress(LeaseLost, Unavailable, Unknown, TimeoutError):
                async with asyncio.timeout(RELEASE_SECONDS):
                    await self._release()
            raise
        except (LeaseLost, Unavailable, Unknown) as error:
            log.info("polling_ended", account=self._key.id, reason=f"{type(error).__name__}: {error}")
        except Exception:  # a bug must not end the polling of all other accounts; the next round starts it again
            log.exception("polling_failed", account=self._key.id)
            await self._dependencies.sleep(MAX_BACKOFF_SECONDS)

    async def _poll_once(self) -> bool:
        """One fetch and the publishing of its updates. Returns whether to go on."""
        account = self._account
        connected = await self._dependencies.accounts.find(account.workspace, account.channel, account.id)
        channel = self._channel
        if connected is None or not isinstance(channel, Polls) or not channel.is_polled(connected.account.body):
            return False
        try:
            await self._fetch(channel, connected)
        except (CredentialsRejected, PermanentSendError, TransientSendError, SendOutcomeUnknown) as error:
            await self._back_off(connected.account, error)
        return True

    async def _fetch(self, channel: Polls, connected: ConnectedAccount) -> None:
        account, http = connected.account, self._dependencies.http
        await self._renew()
        token = str(sorted(account.body.credentials.items()))
        if self._begun_for != token:
            # The platform stores updates only while no webhook is set. That is asked for once per token, and again after a
            # conflict, because a webhook may have been set meanwhile.
            await channel.begin_polling(account, http)
            self._begun_for = token
        # Fetching with a cursor lets the platform drop the updates before it, so the cursor is stored only after the bus
        # has them (below).
        fetched = await channel.poll(account, http, self._lease().cursor)
        self._backoff.reset()
        self._dependencies.notes.record_polling(account, None)
        for body in fetched.bodies:
            await self._publish(connected, body)
        lease = self._lease()
        if fetched.cursor != lease.cursor:
            await self._write(replace(self._extended(lease), cursor=fetched.cursor))

    async def _publish(self, connected: ConnectedAccount, body: bytes) -> None:
        """Publish a body, repeating until the bus is available. Raises LeaseLost."""
        while True:
            try:
                await self._dependencies.receive(self._channel, connected, body)
                self._dependencies.notes.record_call(connected.account)
                return
            except (Unavailable, Unknown) as error:
                # Unlike a posted update, nothing repeats this one before its cursor is given up, so it is held and
                # published again. The lease is renewed meanwhile: another process would fetch the same update.
                log.warning("polled_update_publish_failed", account=self._key.id, reason=str(error))
                await self._dependencies.sleep(FIRST_BACKOFF_SECONDS)
                await self._renew()

    async def _back_off(self, account: Account, error: Exception) -> None:
        if isinstance(error, PermanentSendError) and error.code == "conflict":
            self._begun_for = None
        if not isinstance(error, SendOutcomeUnknown):
            self._dependencies.notes.record_polling(account, _sentence(error))
        requested = error.after if isinstance(error, TransientSendError) else None
        await self._wait(min(max(self._backoff.next(), requested or 0.0), MAX_BACKOFF_SECONDS))

    async def _wait(self, seconds: float) -> None:
        """Wait, and renew the lease often enough that it does not expire meanwhile."""
        step = (LEASE - RENEW_BEFORE).total_seconds()
        while seconds > 0:
            await self._dependencies.sleep(min(step, seconds))
            seconds -= step
            await self._renew()

    # -- the lease -----------------------------------------------------------------------------------------------------

    async def _acquire(self) -> bool:
        """Take the lease when it is free or expired. Returns whether this process has it now."""
        document = (await self._dependencies.store.get_many([self._key])).get(self._key)
        stored = POLLS.decode(document) if document else None
        now, owner = self._dependencies.time_source.now(), self._dependencies.owner
        # A lease of our own name is ours, expired or not: it is left from a poller of this process that ended.
        if stored is not None and stored.owner != owner and stored.until > now:
            return False
        try:
            await self._write(self._extended(stored or Poll(owner=owner, until=now)), is_new=stored is None)
        except LeaseLost:
            return False
        return True

    def _lease(self) -> Poll:
        """The lease as this process wrote it last. Raises LeaseLost when it never did."""
        if self._poll is None:
            raise LeaseLost("it was never acquired")
        return self._poll

    async def _renew(self) -> None:
        lease = self._lease()
        if lease.until - self._dependencies.time_source.now() < RENEW_BEFORE:
            await self._write(self._extended(lease))

    async def _release(self) -> None:
        await self._write(replace(self._lease(), until=self._dependencies.time_source.now()))

    def _extended(self, lease: Poll) -> Poll:
        return replace(lease, owner=self._dependencies.owner, until=self._dependencies.time_source.now() + LEASE)

    async def _write(self, lease: Poll, *, is_new: bool = False) -> None:
        """Store the lease under the next revision. Raises LeaseLost when another process wrote it, Unavailable, Unknown."""
        after = replace(lease, revision=lease.revision + 1)
        condition = Condition(self._key) if is_new else Condition(self._key, "revision", lease.revision)
        try:
            await self._dependencies.store.commit(Changes(conditions=[condition], puts=[Put(self._key, after)]))
        except Fenced as error:
            raise LeaseLost("another process has the lease") from error
        self._poll = after


def _sentence(error: Exception) -> str:
    if isinstance(error, CredentialsRejected):
        return f"Updates cannot be fetched: {error}. Write the account with a token that works."
    if isinstance(error, PermanentSendError) and error.code == "conflict":
        return f"Somebody else fetches this bot's updates, or a webhook is set: {error}. Stop the other one."
    return f"Updates cannot be fetched: {error}."
