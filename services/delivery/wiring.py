"""Wires delivery into a process: the sender of replies and the health checks of accounts."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from services.channels.port import Channel
from services.channels.registry import CHANNELS
from services.delivery.accounts.background import AccountHealthMonitor
from services.delivery.accounts.context import AccountsDependencies
from services.delivery.accounts.processor import PROCESSOR as ACCOUNTS
from services.delivery.attempt import SendDependencies
from services.delivery.instruments import AccountInstruments, DeliveryInstruments
from services.delivery.processor import PROCESSOR as SENDER
from services.platform.http.client import open_outgoing
from services.platform.http.fair_share import ConnectionShares
from services.platform.http.service import Context, ServiceComponents


@asynccontextmanager
async def open_delivery(context: Context, channels: Iterable[Channel] = CHANNELS) -> AsyncIterator[ServiceComponents]:
    """The processors `sender` and `accounts`, their metrics, and the connections they send over."""
    registry = CollectorRegistry()
    async with open_outgoing(context.settings) as http:
        dependencies = SendDependencies(
            channels={channel.name: channel for channel in channels},
            http=http,
            store=context.store,
            time_source=context.time_source,
            instruments=DeliveryInstruments(registry),
            shares=ConnectionShares(instruments=context.admission),
        )
        accounts = ACCOUNTS.bind(AccountsDependencies(dependencies, context.settings.public_url))
        monitor = AccountHealthMonitor(context, AccountInstruments(registry))
        yield ServiceComponents(
            processors=(SENDER.bind(dependencies), accounts),
            collectors=(registry,),
            background=(monitor.start, monitor.run),
        )
