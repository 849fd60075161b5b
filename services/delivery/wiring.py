"""Wires delivery into a process: the sender of replies."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from services.channels.abilities import find_abilities
from services.channels.port import Channel
from services.channels.registry import CHANNELS
from services.delivery.attempt import SendDependencies
from services.delivery.instruments import DeliveryInstruments
from services.delivery.processor import PROCESSOR as SENDER
from services.platform.http.client import open_outgoing
from services.platform.http.fair_share import ConnectionShares
from services.platform.http.service import Context, ServiceComponents


@asynccontextmanager
async def open_delivery(context: Context, channels: Sequence[Channel] = CHANNELS) -> AsyncIterator[ServiceComponents]:
    """The processor `sender`, its metrics, and the connections it sends over."""
    registry = CollectorRegistry()
    async with open_outgoing(context.settings) as http:
        dependencies = SendDependencies(
            channels={channel.name: channel for channel in channels},
            abilities=find_abilities(channels),
            http=http,
            store=context.store,
            time_source=context.time_source,
            instruments=DeliveryInstruments(registry),
            shares=ConnectionShares(instruments=context.admission),
        )
        yield ServiceComponents(
            processors=(SENDER.bind(dependencies),),
            collectors=(registry,),
        )
