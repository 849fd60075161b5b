"""Opens delivery in a process: the sender over guarded HTTP."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from services.channels.port import Channel
from services.channels.registry import CHANNELS
from services.delivery.attempt import Outside
from services.delivery.http import guarded, open_http
from services.delivery.instruments import DeliveryInstruments
from services.delivery.sender import Sender
from services.runtime.service import Context, Part


@asynccontextmanager
async def open_delivery(context: Context, channels: Iterable[Channel] = CHANNELS) -> AsyncIterator[Part]:
    """The stage `sender`, its metrics, and the connections it sends over."""
    registry = CollectorRegistry()
    settings = context.settings
    backend = guarded(allow_private=settings.allow_private_targets, allowed=settings.allowed_targets)
    async with open_http(backend) as http:
        outside = Outside(
            channels={channel.name: channel for channel in channels},
            http=http,
            store=context.store,
            clock=context.clock,
            instruments=DeliveryInstruments(registry),
        )
        yield Part(stages=(Sender(outside),), collectors=(registry,))
