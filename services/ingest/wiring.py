"""Opens ingest in a process: the branch of webhooks and its metrics."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.channels.registry import CHANNELS
from services.ingest.accounts import Accounts
from services.ingest.instruments import IngestInstruments
from services.ingest.webhooks import PREFIX, Webhooks
from services.runtime.service import Context, Part


@asynccontextmanager
async def open(context: Context) -> AsyncIterator[Part]:  # noqa: A001 -- the name that every service has
    """The part of ingest. It holds nothing that needs closing."""
    instruments = IngestInstruments()
    channels = {channel.name: channel for channel in CHANNELS}
    accounts = Accounts(context.store, context.clock)
    webhooks = Webhooks(channels, accounts, context.bus, context.clock, instruments)
    yield Part(branches={PREFIX: webhooks}, collectors=instruments.collectors)
