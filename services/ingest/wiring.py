"""Opens ingest in a process: webhooks of platforms, live chat for browsers, and their metrics."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from services.channels.port import Http
from services.channels.registry import CHANNELS
from services.ingest.account_calls import CallNotes
from services.ingest.accounts import Accounts
from services.ingest.instruments import IngestInstruments
from services.ingest.polling import Around, Polling
from services.ingest.webchat import page, plain
from services.ingest.webchat.bells import Bells
from services.ingest.webchat.routes import Reception, router_of, shares_of
from services.ingest.webchat.standing import Standings
from services.ingest.webchat.status import Presences
from services.ingest.webchat.visiting import Door, ReadHandoff, Secrets
from services.ingest.webhooks import PREFIX, Bounds, Webhooks
from services.runtime.admission import Room
from services.runtime.rates import Rates
from services.runtime.service import Context, Part, Service
from services.runtime.settings import Settings

OpenHttp = Callable[[Settings], AbstractAsyncContextManager[Http]]


def ingest(read_handoff: ReadHandoff, open_http: OpenHttp) -> Service:
    """The service. `read_handoff` tells tokens of hand-off links, handed in because they are made by the router;
    `open_http` is the way out, which is delivery's.
    """

    @asynccontextmanager
    async def opened(context: Context) -> AsyncIterator[Part]:
        instruments = IngestInstruments()
        channels = {channel.name: channel for channel in CHANNELS}
        accounts = Accounts(context.store, context.clock)
        rates = Rates(context.settings, context.admission)
        settings = context.settings
        room = Room(calls=settings.webhook_calls, body_bytes=settings.body_bytes, instruments=context.admission)
        notes = CallNotes(context.store, context.clock)
        webhooks = Webhooks(channels, accounts, context.bus, context.clock, instruments, notes, Bounds(room, rates))
        bells = Bells(context.bus)
        door = Door(context, accounts, rates, Secrets(context, {}), read_handoff)
        standings, presences = Standings(accounts, bells), Presences(context.store, context.clock)
        reception = Reception(door, bells, standings, instruments, presences, shares_of(context))
        async with open_http(settings) as http:
            owner = uuid.uuid4().hex
            around = Around(owner, channels, accounts, context.store, context.clock, http, webhooks.take, notes)
            yield Part(
                branches={PREFIX: webhooks},
                routers=[plain.router_of(reception), router_of(reception), page.router_of()],
                collectors=instruments.collectors,
                background=[bells.run, standings.run, notes.run, Polling(around).run],
            )

    return opened
