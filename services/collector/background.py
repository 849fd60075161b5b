"""Runs beside the collector: starts its work on each partition, and shows account health to Prometheus."""

import asyncio

import structlog

from schemas.accounts import CHECK_ACCOUNTS, CheckAccounts
from schemas.envelope import Event, encode
from services.collector.instruments import AccountInstruments
from services.platform.bus.port import ProducerRecord
from services.platform.core.errors import Unavailable, Unknown
from services.platform.core.identifiers import random_id
from services.platform.http.service import Context
from services.platform.store.all_pages import all_documents
from services.platform.store.port import Query
from services.records.accounts import ACCOUNT_CHECKS, AccountCheck

RETRY_SECONDS, REFRESH_SECONDS = 2.0, 10.0
log = structlog.get_logger(__name__)


class AccountHealthMonitor:
    """Background tasks of the process that runs the collector."""

    def __init__(self, context: Context, instruments: AccountInstruments) -> None:
        self._context, self._instruments = context, instruments

    async def start(self) -> None:
        """Publish `CheckAccounts` to each partition. Repeats until the bus has taken it."""
        # An account that was connected by a version without health checks has no `AccountCheck`; this makes them.
        while True:
            try:
                await self._context.bus.publish([self._check_accounts(p) for p in range(self._context.bus.partitions)])
                return
            except (Unavailable, Unknown) as error:
                log.info("account_checks_start_failed", reason=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    def _check_accounts(self, partition: int) -> ProducerRecord:
        now = self._context.time_source.now()
        # A control event names some workspace because every event has one; it concerns all of the partition.
        event = Event(
            id=random_id(now),
            source="ingest",
            type=CHECK_ACCOUNTS,
            time=now,
            workspace="pasokh",
            partitionkey="pasokh",
            data=CheckAccounts(at=now).model_dump(mode="json"),
        )
        return ProducerRecord("accounts", partition, event.partitionkey, encode(event))

    async def run(self) -> None:
        """Refresh the gauges of account health, which are the same in every process. Runs until cancelled."""
        while True:
            try:
                self._instruments.show(await self._checks())
            except Unavailable as error:
                log.info("accounts_read_failed", reason=str(error))
            await asyncio.sleep(REFRESH_SECONDS)

    async def _checks(self) -> list[AccountCheck]:
        checks: list[AccountCheck] = []
        for partition in range(self._context.bus.partitions):
            query = Query(ACCOUNT_CHECKS.name, "due", {"partition": partition})
            async for _, document in all_documents(self._context.store, query):
                checks.append(ACCOUNT_CHECKS.decode(document))
        return checks
