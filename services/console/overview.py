"""Routes for figures that the page `/ops` cannot compute itself: recent traffic, longest waits, names, webhook health,
ledgers.

Each answer reads a few documents at any volume: counts come from the counters of `metrics`, the rest from indexes.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends
from fastapi import Query as QueryOf
from pydantic import BaseModel, Field

from schemas.configuration import Versioned
from schemas.conversation import Conversation
from schemas.values import Instant, RequestModel
from schemas.webhooks import Webhook
from services.domain.conversation_state import conversation_view
from services.platform.http.auth import require_scope
from services.platform.http.dependencies import ContextDep, Page
from services.platform.http.service import Context
from services.platform.store.port import Key, Query, Store
from services.records.conversations import CONVERSATIONS, PERSONS
from services.records.counters import COUNTERS, MESSAGE_SLOTS, OPENED_SLOTS, CounterRecord, counter_id
from services.records.subscriptions import WEBHOOK_DELIVERIES, WEBHOOK_ENDPOINTS, EndpointState, endpoint_id
from services.rest.dependencies import ExistingWorkspace
from services.rest.ledgers import LedgerView, ledger_view, read_ledgers
from services.rest.operator_language import SentenceReaderDep

RECENT_SPAN = timedelta(minutes=5)
CHART_MINUTES = 30
MAX_WAITING = 50
MAX_QUEUED = 200
"""The number of pending deliveries counted per subscription and partition; above it the view says `more`."""
MAX_PERSONS = 200


class Overview(BaseModel):
    """The recent traffic and the longest waits of a workspace."""

    at: Instant
    messages_in_5_minutes: int = Field(description="Messages of customers in the last five minutes.")
    opened_by_minute: list[int] = Field(
        description="Conversations opened in each of the last 30 minutes, the oldest first."
    )
    longest_waiting: list[Conversation] = Field(description="At most 50 that wait for an agent, the longest first.")


class CustomerName(BaseModel):
    """The name of a customer; null where the channel gives none."""

    person: str
    name: str | None


class WebhookHealth(BaseModel):
    """The health of a webhook subscription."""

    id: str
    host: str = Field(description="The host of its address; the rest of the address may hold a secret.")
    queued: int = Field(description="Facts that are not delivered yet.")
    queued_more: bool = Field(description="There are more than `queued`, where the count stops.")
    failing: bool = Field(description="The last attempts failed; further ones are scheduled.")
    paused_until: Instant | None = Field(description="The time of the next attempt; null when none is delayed.")
    disabled: bool = Field(description="It answered 410 Gone: nothing is sent until the subscription is written again.")


class NamesQuery(RequestModel):
    """The persons whose names are asked for; `person` is repeated."""

    person: list[Annotated[str, Field(max_length=400)]] = Field(min_length=1, max_length=MAX_PERSONS)


async def show_overview(configuration: ExistingWorkspace, context: ContextDep) -> Overview:
    """Recent traffic and longest waits. The figures are counted by the server, exact at any volume, and at most a second old."""
    now, workspace = context.time_source.now(), configuration.workspace
    counters = await _counters(context, workspace)
    waiting = Query(CONVERSATIONS.name, "status", {"workspace": workspace, "status": "waiting"}, limit=MAX_WAITING)
    page = await context.store.query(waiting)
    return Overview(
        at=now,
        messages_in_5_minutes=_since(
            [record.recent_messages for record in counters], MESSAGE_SLOTS.slot_start(now - RECENT_SPAN)
        ),
        opened_by_minute=_by_minute([record.recent_opened for record in counters], now),
        longest_waiting=[conversation_view(CONVERSATIONS.decode(document)) for _, document in page.items],
    )


async def _counters(context: Context, workspace: str) -> list[CounterRecord]:
    # Each partition counts for itself: the figures of a workspace are the sums.
    keys = [Key(COUNTERS.name, counter_id(partition, workspace)) for partition in range(context.bus.partitions)]
    documents = await context.store.get_many(keys)
    return [COUNTERS.decode(document) for document in documents.values()]


def _since(counted: list[dict[str, int]], start: int) -> int:
    return sum(count for slots in counted for slot, count in slots.items() if int(slot) >= start)


def _by_minute(counted: list[dict[str, int]], now: datetime) -> list[int]:
    last = OPENED_SLOTS.slot_start(now)
    slots = range(last - (CHART_MINUTES - 1) * OPENED_SLOTS.seconds, last + 1, OPENED_SLOTS.seconds)
    return [sum(counts.get(str(slot), 0) for counts in counted) for slot in slots]


async def list_names(
    configuration: ExistingWorkspace, context: ContextDep, query: Annotated[NamesQuery, QueryOf()]
) -> Page[CustomerName]:
    """The names of these customers. Unknown persons are left out."""
    keys = [Key(PERSONS.name, f"{configuration.workspace}/{person}") for person in dict.fromkeys(query.person)]
    documents = await context.store.get_many(keys)
    persons = [PERSONS.decode(document) for document in documents.values()]
    return Page(items=[CustomerName(person=record.person, name=record.name) for record in persons])


async def list_webhook_health(configuration: ExistingWorkspace, context: ContextDep) -> Page[WebhookHealth]:
    """The health of each webhook subscription: pending deliveries, failures, pauses."""
    partitions, store = context.bus.partitions, context.store
    now, workspace = context.time_source.now(), configuration.workspace
    items = [await _health(store, partitions, now, workspace, *webhook) for webhook in configuration.webhooks.items()]
    return Page(items=items)


async def _health(
    store: Store, partitions: int, now: datetime, workspace: str, webhook: str, stored: Versioned[Webhook]
) -> WebhookHealth:
    keys = [Key(WEBHOOK_ENDPOINTS.name, endpoint_id(partition, workspace, webhook)) for partition in range(partitions)]
    documents = await store.get_many(keys)
    queued = [await _queued(store, key.id) for key in documents]
    endpoints = [WEBHOOK_ENDPOINTS.decode(document) for document in documents.values()]
    return WebhookHealth(
        id=webhook,
        # Without user and password.
        host=urlsplit(stored.body.url).netloc.rpartition("@")[2],
        queued=sum(count for count, _ in queued),
        queued_more=any(more for _, more in queued),
        failing=any(endpoint.failures > 0 for endpoint in endpoints),
        paused_until=_paused_until(endpoints, now),
        disabled=any(endpoint.gone == stored.version for endpoint in endpoints),
    )


def _paused_until(endpoints: Iterable[EndpointState], now: datetime) -> datetime | None:
    # A pause that is over stays in the document until the next attempt.
    pauses = (endpoint.paused_until for endpoint in endpoints if endpoint.paused_until is not None)
    return max((pause for pause in pauses if pause > now), default=None)


async def _queued(store: Store, endpoint: str) -> tuple[int, bool]:
    """The number of pending deliveries of an endpoint document, up to `MAX_QUEUED`, and whether there are more."""
    query = Query(WEBHOOK_DELIVERIES.name, "endpoint", {"endpoint": endpoint, "state": "pending"}, limit=MAX_QUEUED)
    page = await store.query(query)
    return len(page.items), page.next is not None


async def list_ledgers(
    configuration: ExistingWorkspace, context: ContextDep, reader: SentenceReaderDep
) -> Page[LedgerView]:
    """The ledger of each account, by channel and account."""
    workspace, names = configuration.workspace, sorted(configuration.accounts)
    ledgers = await read_ledgers(context.store, context.bus, {workspace: names})
    accounts = ((name, *name.split("/", 1)) for name in names)
    views = [ledger_view(channel, account, ledgers[workspace, name], reader) for name, channel, account in accounts]
    return Page(items=views)


def build_router() -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/workspaces/{workspace}/overview", tags=["overview"])
    read = [Depends(require_scope("read", for_agents=False))]
    router.add_api_route("", show_overview, dependencies=read)
    router.add_api_route("/customers", list_names, dependencies=read)
    router.add_api_route("/webhooks", list_webhook_health, dependencies=read)
    router.add_api_route("/ledgers", list_ledgers, dependencies=read)
    return router
