"""Wires the router into a process: the processors of conversations and dispatch, and their REST routes."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from services.domain.channel_capabilities import ChannelCapabilities
from services.platform.bus.broadcaster import FactBroadcaster
from services.platform.http.client import open_outgoing
from services.platform.http.fair_share import ConnectionShares
from services.platform.http.service import Context, Service, ServiceComponents
from services.platform.http.web_push import PushSender
from services.platform.store.expiry import AnyCollection, expiring_collections, run_purger
from services.records.blobs import purge_blobs
from services.records.erasures import SECRET_NAME as ERASURE_SECRET
from services.records.secrets import installation_secret
from services.rest.files import FileReader, LocateFile
from services.rest.uploads import open_uploads
from services.router import attachments, events, read_marks
from services.router.conversations.context import ConversationsDependencies
from services.router.conversations.domain.handoff import SECRET_NAME, Handoffs
from services.router.conversations.processor import PROCESSOR as CONVERSATIONS
from services.router.customers.earlier_names import report_earlier_names
from services.router.customers.processor import PROCESSOR as CUSTOMERS
from services.router.dispatch.context import DispatchDependencies
from services.router.dispatch.processor import PROCESSOR as DISPATCH
from services.router.erasure import routes as erasure_routes
from services.router.erasure.eraser import Eraser, run_eraser
from services.router.instruments import DeskInstruments, ErasureInstruments
from services.router.live_inbox import routes as live_inbox
from services.router.live_inbox.hub import InboxHub
from services.router.push import devices as push_devices
from services.router.push.sending import KEY_PAIR, PushNotifier, contact_of
from services.router.routes import build_routers
from services.router.stream_check import open_fact_streams


def open_router(
    capabilities: ChannelCapabilities,
    collections: Callable[[], Sequence[AnyCollection]],
    locate_file: LocateFile,
    topics: Mapping[str, Sequence[str]],
) -> Service:
    """The service. `capabilities`: what channels can do, handed in because services know no channel.

    `locate_file` asks a channel where a customer's file is. `collections` are those of all services: the router deletes their expired documents.
    `topics` maps a group to the topics that it reads: an erasure waits for all of them.
    """

    @asynccontextmanager
    async def opened(context: Context) -> AsyncIterator[ServiceComponents]:
        # Before anything is served: links that customers follow are signed with it, in every process the same.
        secret = await installation_secret(context.store, SECRET_NAME)
        push_secret = await installation_secret(context.store, KEY_PAIR)
        handoffs = Handoffs(secret, context.settings.public_url)
        hub, registry = InboxHub(context), CollectorRegistry()
        following, streams = FactBroadcaster(context.bus, events.TOPICS), open_fact_streams(context.store)
        erasing = await installation_secret(context.store, ERASURE_SECRET)
        eraser = Eraser(context, topics, erasing, ErasureInstruments(registry))
        expiring = expiring_collections(collections())
        async with open_outgoing(context.settings) as http:
            stream_shares = events.stream_shares(context)
            shares = ConnectionShares(instruments=context.admission)
            sender = PushSender(push_secret, contact_of(context.settings.public_url))
            pushing = PushNotifier(context, http, sender)
            files = FileReader(context.store, http, context.settings, locate_file, shares)
            yield ServiceComponents(
                processors=[
                    CONVERSATIONS.bind(ConversationsDependencies(capabilities, handoffs)),
                    DISPATCH.bind(DispatchDependencies(paces=capabilities.paces)),
                    CUSTOMERS.bind(None),
                ],
                routers=[
                    *build_routers(capabilities),
                    erasure_routes.build_router(eraser),
                    attachments.build_router(files, open_uploads(context)),
                    push_devices.build_router(sender, pushing.look),
                    events.build_router(following, streams, stream_shares),
                    read_marks.build_router(hub.read),
                    live_inbox.build_router(hub, streams, stream_shares, DeskInstruments(registry)),
                ],
                collectors=(registry,),
                background=[
                    lambda: report_earlier_names(context.store, context.bus, context.time_source),
                    following.run,
                    pushing.run,
                    hub.run,
                    streams.run,
                    lambda: run_eraser(eraser),
                    lambda: run_purger(context.store, expiring, context.time_source, extra=(purge_blobs,)),
                ],
            )

    return opened
