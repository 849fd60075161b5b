"""Ingest in a process: webhooks of platforms, their metrics, and what else brings messages in."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.channels.abilities import Abilities, find_abilities
from services.channels.port import Channel
from services.channels.registry import CHANNELS
from services.ingest.account_activity import AccountActivityRecorder
from services.ingest.accounts import AccountCache
from services.ingest.bounds import LARGE_BODY_SECONDS, Bounds, ChannelBounds
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
    """The parts of ingest that exist once per process and that other sources of messages share.

    `publish_body` publishes a body as if it had been posted.
    """

    channels: Mapping[str, Channel]
    abilities: Abilities
    accounts: AccountCache
    rates: RateLimits
    instruments: IngestInstruments
    http: HttpClient
    publish_body: PublishBody


MessageSourceOpener = Callable[[Context, SharedComponents], ServiceComponents]
"""Opens what brings messages in without webhooks (the web chat, the collector). It may import ingest."""


def open_ingest(*source_openers: MessageSourceOpener, channels: Sequence[Channel] = CHANNELS) -> Service:
    """The service, with the sources of messages beside webhooks."""

    @asynccontextmanager
    async def opened(context: Context) -> AsyncIterator[ServiceComponents]:
        instruments, by_name = IngestInstruments(), {channel.name: channel for channel in channels}
        abilities = find_abilities(channels)
        accounts = AccountCache(context.store, context.time_source, refreshing=frozenset(abilities.refreshes))
        rates, settings = RateLimits(context.settings, context.admission), context.settings
        recorder = AccountActivityRecorder(context.store, context.time_source, instruments.ledgers)
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
                    recorder=recorder,
                    bounds=_bounds(context, rates),
                )
            )
            shared = SharedComponents(by_name, abilities, accounts, rates, instruments, http, webhooks.publish_body)
            sources = [open_source(context, shared) for open_source in source_openers]
            yield ServiceComponents(
                mounts={PREFIX: webhooks},
                processors=[one for source in sources for one in source.processors],
                routers=[one for source in sources for one in source.routers],
                collectors=[*instruments.collectors, *(one for source in sources for one in source.collectors)],
                background=[*(one for source in sources for one in source.background), recorder.run],
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
    return Bounds(ChannelBounds(usual), ChannelBounds(large, LARGE_BODY_SECONDS), rates)
