"""Records when the platform of an account called last, and when somebody without its secret did.

Calls are collected in memory and written every few seconds, so that a webhook costs no commit of its own.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from services.channels.port import Account
from services.platform.core.errors import Fenced, Unavailable, Unknown
from services.platform.core.time_source import TimeSource
from services.platform.store.port import Changes, Condition, Key, Put, Store
from services.records.accounts import ACCOUNT_CALLS, FORGED_WITHIN, AccountCalls, account_id

INTERVAL_SECONDS, MAX_ATTEMPTS = 5.0, 4
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _AccountActivity:
    """The calls of an account since the last write."""

    account: Account
    webhook_at: datetime | None = None
    forged: int = 0
    forged_since: datetime | None = None
    forged_at: datetime | None = None


class AccountActivityRecorder:
    """Collects the activity of one process. A crash loses the last seconds; the Prometheus counters are exact."""

    def __init__(self, store: Store, time_source: TimeSource) -> None:
        self._store, self._time_source = store, time_source
        self._unwritten: dict[str, _AccountActivity] = {}

    def record_call(self, account: Account) -> None:
        """Record an authentic call by the platform, or events that were polled."""
        self._activity_for(account).webhook_at = self._time_source.now()

    def record_forged(self, account: Account) -> None:
        """Record a call without the account's secret."""
        activity, now = self._activity_for(account), self._time_source.now()
        activity.forged += 1
        activity.forged_since = activity.forged_since or now
        activity.forged_at = now

    def _activity_for(self, account: Account) -> _AccountActivity:
        return self._unwritten.setdefault(
            account_id(account.workspace, account.channel, account.id), _AccountActivity(account)
        )

    async def run(self) -> None:
        """Write the collected activity periodically. Runs until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            await self.write()

    async def write(self) -> None:
        """Write the collected activity now. Activity that the store does not take is lost here; the Prometheus counters have it."""
        # The table is replaced before the first await: calls that come in meanwhile belong to the next write.
        activities, self._unwritten = self._unwritten, {}
        for identity, activity in activities.items():
            try:
                await self._write(identity, activity)
            except (Fenced, Unavailable, Unknown) as error:
                log.info("account_calls_write_failed", account=identity, reason=str(error))

    async def _write(self, identity: str, activity: _AccountActivity) -> None:
        key = Key(ACCOUNT_CALLS.name, identity)
        # Every process that serves webhooks writes this document. The condition on the revision keeps two of them from
        # losing each other's counts: the loser reads again and adds to what it finds.
        for left in reversed(range(MAX_ATTEMPTS)):
            document = (await self._store.get_many([key])).get(key)
            before = ACCOUNT_CALLS.decode(document) if document else None
            after = _with(before, activity)
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


def _with(before: AccountCalls | None, activity: _AccountActivity) -> AccountCalls:
    account = activity.account
    calls = before or AccountCalls(workspace=account.workspace, channel=account.channel, account=account.id)
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
