"""Ingest in a process: webhooks of platforms, accounts that are polled, and their metrics."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.channels.registry import CHANNELS
from services.ingest.account_activity import AccountActivityRecorder
from services.ingest.accounts import AccountCache
from services.ingest.instruments import IngestInstruments
from services.ingest.polling import Polling, PollingDependencies
from services.ingest.resolution import PREFIX
from services.ingest.webhooks import Bounds, Webhooks
from services.platform.http.admission import AdmissionControl
from services.platform.http.client import open_outgoing
from services.platform.http.rate_limits import RateLimits
from services.platform.http.service import Context, Service, ServiceComponents


@dataclass(frozen=True, slots=True)
class SharedComponents:
    """The parts of ingest that exist once per process and that other ways in share."""

    accounts: AccountCache
    rates: RateLimits
    instruments: IngestInstruments


def open_ingest(other_ways_in: Callable[[Context, SharedComponents], ServiceComponents]) -> Service:
    """The service. `other_ways_in` opens what receives messages without webhooks (the web chat), which may import ingest."""

    @asynccontextmanager
    async def opened(context: Context) -> AsyncIterator[ServiceComponents]:
        instruments = IngestInstruments()
        channels = {channel.name: channel for channel in CHANNELS}
        accounts = AccountCache(context.store, context.time_source)
        rates = RateLimits(context.settings, context.admission)
        settings = context.settings
        admission = AdmissionControl(
            calls=settings.webhook_calls, body_bytes=settings.body_bytes, instruments=context.admission
        )
        notes = AccountActivityRecorder(context.store, context.time_source)
        webhooks = Webhooks(
            channels, accounts, context.bus, context.time_source, instruments, notes, Bounds(admission, rates)
        )
        others = other_ways_in(context, SharedComponents(accounts, rates, instruments))
        async with open_outgoing(settings) as http:
            # A new name with each start: a lease of the process before this one expires, or was given back at its end.
            owner = uuid.uuid4().hex
            dependencies = PollingDependencies(
                owner, channels, accounts, context.store, context.time_source, http, webhooks.take, notes
            )
            yield ServiceComponents(
                mounts={PREFIX: webhooks},
                routers=others.routers,
                collectors=instruments.collectors,
                background=[*others.background, notes.run, Polling(dependencies).run],
            )

    return opened
