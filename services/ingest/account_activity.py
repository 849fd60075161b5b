"""Records of each account what came in: when its platform called last, who called without its secret, and the counts.

Calls are collected in memory and written every few seconds, so that a webhook costs no commit of its own.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from services.channels.port import Account
from services.ingest.received_counts import AccountName, ReceivedCounter, name_of
from services.platform.core.errors import Fenced, Unavailable, Unknown
from services.platform.core.time_source import TimeSource
from services.platform.store.port import Changes, Condition, Key, Put, Store
from services.records.accounts import ACCOUNT_CALLS, FORGED_WITHIN, AccountCalls, account_id
from services.records.configuration import CONFIGURATION_HEADS
from services.records.ledgers import ReceivedCounts

INTERVAL_SECONDS, LAST_WRITE_SECONDS, MAX_ATTEMPTS = 5.0, 1.0, 4
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _AccountActivity:
    """The calls of an account since the last write."""

    account: AccountName
    counts: ReceivedCounts = field(default_factory=ReceivedCounts)
    webhook_at: datetime | None = None
    forged: int = 0
    forged_since: datetime | None = None
    forged_at: datetime | None = None


class AccountActivityRecorder:
    """Collects the activity of one process. `counter` is where its ledgers are counted. A crash loses the last seconds."""

    def __init__(self, store: Store, time_source: TimeSource, counter: ReceivedCounter | None = None) -> None:
        self._store, self._time_source = store, time_source
        self._counter = counter or ReceivedCounter()
        self._unwritten: dict[str, _AccountActivity] = {}

    def record_call(self, account: Account) -> None:
        """Record an authentic call by the platform, or events that were polled."""
        self._activity_of(name_of(account)).webhook_at = self._time_source.now()

    def record_forged(self, account: Account) -> None:
        """Record a call without the account's secret."""
        activity, now = self._activity_of(name_of(account)), self._time_source.now()
        activity.forged += 1
        activity.forged_since = activity.forged_since or now
        activity.forged_at = now

    def _activity_of(self, name: AccountName) -> _AccountActivity:
        return self._unwritten.setdefault(account_id(*name), _AccountActivity(name))

    async def run(self) -> None:
        """Write the collected activity periodically, and once more when cancelled."""
        try:
            while True:
                await asyncio.sleep(INTERVAL_SECONDS)
                await self.write()
        finally:
            # An orderly end loses no counts.
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WRITE_SECONDS):
                    await self.write()

    async def write(self) -> None:
        """Write the collected activity now. Counts that the store does not take are written the next time; times are lost."""
        # The tables are replaced before the first await: calls that come in meanwhile belong to the next write.
        for name, counts in self._counter.take().items():
            self._activity_of(name).counts = counts
        activities, self._unwritten = self._unwritten, {}
        try:
            while activities:
                await self._try_to_write(*activities.popitem())
        finally:
            for activity in activities.values():
                self._counter.add(activity.account, activity.counts)

    async def _try_to_write(self, identity: str, activity: _AccountActivity) -> None:
        try:
            await self._write(identity, activity)
        except (Fenced, Unavailable) as error:
            self._counter.add(activity.account, activity.counts)
            log.info("account_calls_write_failed", account=identity, reason=str(error))
        except Unknown as error:
            # Counts that may be there are not written again: an activity that is counted twice would look lost.
            log.warning("account_calls_write_unknown", account=identity, reason=str(error))

    async def _write(self, identity: str, activity: _AccountActivity) -> None:
        key, head = Key(ACCOUNT_CALLS.name, identity), Key(CONFIGURATION_HEADS.name, activity.account.workspace)
        # Every process that serves webhooks writes this document. The condition on the revision keeps two of them from
        # losing each other's counts: the loser reads again and adds to what it finds.
        for left in reversed(range(MAX_ATTEMPTS)):
            found = await self._store.get_many([key, head])
            # The workspace was deleted meanwhile: its next owner must not find what was counted for this one.
            if head not in found:
                return
            document = found.get(key)
            before = ACCOUNT_CALLS.decode(document) if document else None
            after = _with(before, activity, self._time_source.now())
            if before is not None and after == before:
                return
            condition = Condition(key, "revision", before.revision) if before else Condition(key)
            put = Put(key, replace(after, revision=after.revision + 1))
            try:
                await self._store.commit(Changes(conditions=[condition], puts=[put]))
                return
            except Fenced:
                if not left:
                    raise


def _with(before: AccountCalls | None, activity: _AccountActivity, now: datetime) -> AccountCalls:
    name = activity.account
    calls = before or AccountCalls(workspace=name.workspace, channel=name.channel, account=name.account)
    if activity.counts != ReceivedCounts():
        counted_since = calls.counted_since or now
        calls = replace(calls, counts=calls.counts + activity.counts, counted_since=counted_since)
    if activity.webhook_at is not None:
        calls = replace(calls, last_webhook_at=max(activity.webhook_at, calls.last_webhook_at or activity.webhook_at))
    if activity.forged_at is not None:
        last = calls.last_forged_at
        # Forged calls are one series while they are less than `FORGED_WITHIN` apart; after a pause the count begins anew.
        continues = last is not None and activity.forged_at - last < FORGED_WITHIN
        calls = replace(
            calls,
            last_forged_at=max(activity.forged_at, last or activity.forged_at),
            forged=activity.forged + (calls.forged if continues else 0),
            forged_since=calls.forged_since if continues else activity.forged_since,
        )
    return calls
