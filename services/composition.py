"""What runs where: the services of each process, the collections that all of them use, and who reads which topics.

All in one process is one of the rows. A service that needs to know channels is given what it needs here, because
services do not import channels.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.activity import Attachment
from schemas.configuration import AccountBody
from services.channels.media import locate_media
from services.channels.port import Account
from services.channels.registry import CAPABILITIES, CHANNELS, account_rules
from services.collector.processor import PROCESSOR as COLLECTOR
from services.collector.wiring import open_collector
from services.console.wiring import open_console
from services.delivery.processor import PROCESSOR as SENDER
from services.delivery.wiring import open_delivery
from services.desk.wiring import open_desk
from services.ingest.wiring import open_ingest
from services.metrics import wiring as metrics
from services.metrics.processor import PROCESSOR as METRICS
from services.migrations import MIGRATIONS
from services.platform.host.process import Process
from services.platform.http.auth import FindCaller
from services.platform.http.openapi import exported
from services.platform.http.outgoing import HttpClient
from services.platform.http.service import Context, DeclaredService
from services.platform.processing.processor import Processor
from services.platform.store.collections import ACCEPTED, FACTS, OUTCOMES, RUNTIME_COLLECTIONS
from services.platform.store.expiry import AnyCollection
from services.records.accounts import ACCOUNT_CALLS
from services.records.blobs import BLOB_PARTS, BLOBS
from services.records.canned_answers import CANNED_ANSWERS
from services.records.configuration import ANNOUNCEMENTS, CONFIGURATION_HEADS, CONFIGURATIONS
from services.records.customers import NAME_REPORTS
from services.records.desk import DESK_SESSIONS, FIRST_RUN_CODES, SIGN_IN_CODES, SessionAuthenticator
from services.records.erasures import ERASURES
from services.records.keys import KEYS, ApiKeyAuthenticator
from services.records.leases import LEASES
from services.records.push import PUSH_DEVICES, PUSH_MARKS
from services.records.read_marks import READ_MARKS
from services.records.removals import REMOVALS
from services.records.secrets import SECRETS
from services.rest.files import AttachmentSource, FileLocation
from services.router.conversations.domain.handoff import verify_token
from services.router.conversations.processor import PROCESSOR as CONVERSATIONS
from services.router.customers.processor import PROCESSOR as CUSTOMERS
from services.router.dispatch.processor import PROCESSOR as DISPATCH
from services.router.wiring import open_router
from services.sla import wiring as sla
from services.sla.processor import PROCESSOR as SLA
from services.subscriptions.processor import PROCESSOR as WEBHOOKS
from services.subscriptions.wiring import open_subscription_routes, open_subscription_sender
from services.webchat.wiring import open_webchat
from services.workspaces.wiring import open_workspaces

# Any: each processor has dependencies, a memory and a context of its own.
PROCESSORS: Sequence[Processor[Any, Any, Any]] = (
    CONVERSATIONS,
    DISPATCH,
    CUSTOMERS,
    SLA,
    SENDER,
    COLLECTOR,
    WEBHOOKS,
    METRICS,
)
"""Every processor: what groups there are, what they read and what they write follows from these."""

GROUP_TOPICS: Mapping[str, tuple[str, ...]] = {processor.group: processor.topics for processor in PROCESSORS}
"""Group → the topics it reads."""


async def locate_file(
    source: AttachmentSource, body: AccountBody, attachment: Attachment, http: HttpClient
) -> FileLocation:
    """`services.rest.files.LocateFile` by the channels."""
    account = Account(source.workspace, source.channel, source.account, body, source.tokens)
    return await locate_media(account, attachment, http)


SERVICES: Mapping[str, Sequence[DeclaredService]] = {
    "ingest": (
        DeclaredService(
            open_ingest(open_webchat(verify_token), open_collector),
            writes=(ACCOUNT_CALLS, BLOB_PARTS, BLOBS, SECRETS),
        ),
    ),
    "router": (
        DeclaredService(
            open_workspaces(
                {channel.name: account_rules(channel) for channel in CHANNELS},
                GROUP_TOPICS,
                lambda: COLLECTIONS,
            ),
            writes=(
                ACCEPTED,
                ANNOUNCEMENTS,
                CONFIGURATION_HEADS,
                CONFIGURATIONS,
                KEYS,
                OUTCOMES,
                REMOVALS,
            ),
            purges=True,
        ),
        DeclaredService(
            open_router(CAPABILITIES, lambda: COLLECTIONS, locate_file, GROUP_TOPICS),
            writes=(
                ACCEPTED,
                BLOB_PARTS,
                BLOBS,
                ERASURES,
                FACTS,
                LEASES,
                NAME_REPORTS,
                OUTCOMES,
                PUSH_DEVICES,
                PUSH_MARKS,
                READ_MARKS,
                SECRETS,
            ),
            purges=True,
        ),
        DeclaredService(open_subscription_routes, writes=(OUTCOMES,)),
        DeclaredService(open_console(GROUP_TOPICS)),
        DeclaredService(open_desk, writes=(CANNED_ANSWERS, DESK_SESSIONS, FIRST_RUN_CODES, SECRETS, SIGN_IN_CODES)),
    ),
    "sla": (DeclaredService(sla.open_sla),),
    "delivery": (DeclaredService(open_delivery), DeclaredService(open_subscription_sender)),
    "metrics": (DeclaredService(metrics.open_metrics),),
}
"""Process → its services, with the collections that they write outside of processors.

`pasokh serve NAME` runs a row.
"""

SINGLE_PROCESS = "up"
PROCESSES: Mapping[str, Sequence[DeclaredService]] = {
    **SERVICES,
    SINGLE_PROCESS: tuple(service for services in SERVICES.values() for service in services),
}

PUBLIC_API_SERVICES = "router"
"""The process that answers `/docs` and `/openapi.json` at the public address, for the routes of all processes."""


def _declared_collections() -> dict[str, AnyCollection]:
    declared: list[tuple[AnyCollection, ...]] = [processor.collections for processor in PROCESSORS]
    declared += [service.writes for services in SERVICES.values() for service in services]
    return {collection.name: collection for collections in declared for collection in collections}


COLLECTIONS: Sequence[AnyCollection] = tuple(
    collection for collection in _declared_collections().values() if collection not in RUNTIME_COLLECTIONS
)
"""What processors and services declare that they write.

The engine adds `RUNTIME_COLLECTIONS`; every process makes all at start.
"""


def process_for(name: str) -> Process:
    """The process of a row of `PROCESSES`."""
    return Process(
        name,
        PROCESSES[name],
        COLLECTIONS,
        _api_key_authenticator,
        _session_authenticator,
        MIGRATIONS,
        exported if name == PUBLIC_API_SERVICES else None,
    )


def _api_key_authenticator(context: Context) -> FindCaller:
    return ApiKeyAuthenticator(context.store).find


def _session_authenticator(context: Context) -> FindCaller:
    return SessionAuthenticator(context.store, context.time_source.now).find
