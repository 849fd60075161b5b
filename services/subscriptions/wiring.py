"""Wires webhook subscriptions into a process: their routes, and the processor that posts facts to integrators."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from services.platform.http.client import open_outgoing
from services.platform.http.fair_share import ConnectionShares
from services.platform.http.service import Context, ServiceComponents
from services.subscriptions import routes
from services.subscriptions.instruments import WebhookInstruments
from services.subscriptions.post import PostDependencies
from services.subscriptions.processor import PROCESSOR


@asynccontextmanager
async def open_subscription_routes(context: Context) -> AsyncIterator[ServiceComponents]:
    """The routes of subscriptions and their deliveries."""
    yield ServiceComponents(routers=(routes.build_router(),))


@asynccontextmanager
async def open_subscription_sender(context: Context) -> AsyncIterator[ServiceComponents]:
    """The processor `webhooks`, and the connections it posts over."""
    # Connections of its own: an endpoint that hangs takes none from the replies to customers.
    registry = CollectorRegistry()
    async with open_outgoing(context.settings) as http:
        dependencies = PostDependencies(
            http,
            context.store,
            context.time_source,
            WebhookInstruments(registry),
            shares=ConnectionShares(instruments=context.admission),
        )
        yield ServiceComponents(processors=(PROCESSOR.bind(dependencies),), collectors=(registry,))
