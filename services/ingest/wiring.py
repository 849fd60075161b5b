"""Ingest in a process: webhooks of platforms, their metrics, and what else brings messages in."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.channels.abilities import Abilities, find_abilities
from services.channels.port import Channel
from services.channels.registry import CHANNELS
from services.ingest.account_activity import AccountActivityRecorder
from services.ingest.accounts import AccountCache
from services.ingest.bounds import LARGE_BODY_SECONDS, Bounds, Entrance
from services.ingest.instruments import IngestInstruments
from services.ingest.resolution import PREFIX
from services.ingest.webhooks import PublishBody, WebhookDependencies, Webhooks
from services.platform.http.admission import AdmissionControl
from services.platform.http.client import open_outgoing
from services.platform.http.outgoing import HttpClient
from services.platform.http.rate_limits import RateLimits
from services.platform.http.service import Context, Service, ServiceComponents


@dataclass(frozen=True, slots=True)
class SharedComponents:
    """The parts of ingest that exist once per process and that other ways in share.

    `receive` publishes a body as if it had been posted.
    """

    channels: Mapping[str, Channel]
    abilities: Abilities
    accounts: AccountCache
    rates: RateLimits
    instruments: IngestInstruments
    http: HttpClient
    receive: PublishBody


OtherWayIn = Callable[[Context, SharedComponents], ServiceComponents]
"""Opens what receives messages without webhooks (the web chat, the collector). It may import ingest."""


def open_ingest(*other_ways_in: OtherWayIn, channels: Sequence[Channel] = CHANNELS) -> Service:
    """The service, with the other ways in."""

    @asynccontextmanager
    async def opened(context: Context) -> AsyncIterator[ServiceComponents]:
        instruments, by_name = IngestInstruments(), {channel.name: channel for channel in channels}
        abilities = find_abilities(channels)
        accounts = AccountCache(context.store, context.time_source, refreshing=frozenset(abilities.refreshes))
        rates, settings = RateLimits(context.settings, context.admission), context.settings
        notes = AccountActivityRecorder(context.store, context.time_source, instruments.ledgers)
        async with open_outgoing(settings) as http:
            webhooks = Webhooks(
                WebhookDependencies(
                    channels=by_name,
                    abilities=abilities,
                    accounts=accounts,
                    store=context.store,
                    bus=context.bus,
                    http=http,
                    time_source=context.time_source,
                    instruments=instruments,
                    notes=notes,
                    bounds=_bounds(context, rates),
                )
            )
            shared = SharedComponents(by_name, abilities, accounts, rates, instruments, http, webhooks.take)
            others = [open_other(context, shared) for open_other in other_ways_in]
            yield ServiceComponents(
                mounts={PREFIX: webhooks},
                processors=[one for other in others for one in other.processors],
                routers=[one for other in others for one in other.routers],
                collectors=[*instruments.collectors, *(one for other in others for one in other.collectors)],
                background=[*(one for other in others for one in other.background), notes.run],
            )

    return opened


def _bounds(context: Context, rates: RateLimits) -> Bounds:
    settings, instruments = context.settings, context.admission
    usual = AdmissionControl(calls=settings.webhook_calls, body_bytes=settings.body_bytes, instruments=instruments)
    large = AdmissionControl(
        "large_webhook",
        calls=settings.large_webhook_calls,
        body_bytes=settings.body_bytes,
        instruments=instruments,
    )
    return Bounds(Entrance(usual), Entrance(large, LARGE_BODY_SECONDS), rates)
