"""Opens delivery in a process: the sender and the webhooks over guarded HTTP."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from prometheus_client import CollectorRegistry

from services.channels.port import Channel
from services.channels.registry import CHANNELS
from services.delivery.accounts.stage import AccountsStage
from services.delivery.accounts.watch import AccountsWatch
from services.delivery.attempt import Outside
from services.delivery.http import OutgoingHttp, guarded, open_http
from services.delivery.instruments import AccountInstruments, DeliveryInstruments, WebhookInstruments
from services.delivery.sender import Sender
from services.delivery.shares import Shares
from services.delivery.webhooks.call import Outside as Calls
from services.delivery.webhooks.stage import WebhooksStage
from services.runtime.service import Context, Part
from services.runtime.settings import Settings


def open_outgoing(settings: Settings) -> AbstractAsyncContextManager[OutgoingHttp]:
    """Outgoing HTTP as the settings allow it, with connections of its own."""
    return open_http(guarded(allow_private=settings.allow_private_targets, allowed=settings.allowed_targets))


@asynccontextmanager
async def open_delivery(context: Context, channels: Iterable[Channel] = CHANNELS) -> AsyncIterator[Part]:
    """The stages `sender`, `webhooks` and `accounts`, their metrics, and the connections they send over."""
    registry = CollectorRegistry()
    settings = context.settings
    # Webhooks have connections of their own: endpoints that hang take none from the answers to customers.
    async with open_outgoing(settings) as http, open_outgoing(settings) as webhook_http:
        outside = Outside(
            channels={channel.name: channel for channel in channels},
            http=http,
            store=context.store,
            clock=context.clock,
            instruments=DeliveryInstruments(registry),
            shares=Shares(instruments=context.admission),
        )
        calls = Calls(
            webhook_http,
            context.store,
            context.clock,
            WebhookInstruments(registry),
            shares=Shares(instruments=context.admission),
        )
        accounts = AccountsStage(outside, settings.public_url)
        watch = AccountsWatch(context, AccountInstruments(registry))
        yield Part(
            stages=(Sender(outside), WebhooksStage(calls), accounts),
            collectors=(registry,),
            background=(watch.start, watch.run),
        )
