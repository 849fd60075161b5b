"""One webhook call, outside of any batch: reads the fact and the subscription, signs, posts, returns the result."""

import asyncio
from dataclasses import dataclass, field

from schemas.configuration import Versioned
from schemas.envelope import Event, encode
from schemas.webhooks import Webhook
from services.platform.core.errors import Unavailable
from services.platform.core.time_source import TimeSource
from services.platform.http.fair_share import ConnectionShares, NoConnection
from services.platform.http.outgoing import (
    HttpClient,
    HttpResponse,
    PermanentSendError,
    SendOutcomeUnknown,
    TransientSendError,
)
from services.platform.http.retry_after import retry_after_seconds
from services.platform.http.standard_webhooks import signed_headers
from services.platform.processing.unit_of_work import Reader
from services.platform.store.collections import FACTS
from services.platform.store.port import Key
from services.records.configuration import Configurations
from services.subscriptions.domain.retries import CALL_TIMEOUT_SECONDS, MAX_WAIT_SECONDS, CallResult
from services.subscriptions.instruments import WebhookInstruments

MAX_DETAIL_LENGTH = 200


@dataclass(frozen=True, slots=True)
class PostDependencies:
    """What a call needs of its process. `wait_seconds` is the longest wait for a free connection."""

    http: HttpClient
    store: Reader
    time_source: TimeSource
    instruments: WebhookInstruments
    configurations: Configurations = field(default_factory=Configurations)
    shares: ConnectionShares = field(default_factory=ConnectionShares)
    wait_seconds: float = MAX_WAIT_SECONDS


async def call(workspace: str, webhook: str, event: str, dependencies: PostDependencies) -> CallResult:
    """Post the fact with id `event` to a subscription, once. Never raises: every outcome is a `CallResult`."""
    try:
        # Connections are shared fairly between workspaces and their endpoints, so that one that hangs holds up no
        # other.
        async with dependencies.shares.acquire(workspace, webhook, wait=dependencies.wait_seconds):
            return await _call_measured(workspace, webhook, event, dependencies)
    except NoConnection as error:
        return CallResult(detail=str(error), started=False)


async def _call_measured(workspace: str, webhook: str, event: str, dependencies: PostDependencies) -> CallResult:
    started = dependencies.time_source.monotonic()
    result = await _call(workspace, webhook, event, dependencies)
    dependencies.instruments.calls.labels("none" if result.status is None else f"{result.status // 100}xx").inc()
    dependencies.instruments.duration.observe(max(0.0, dependencies.time_source.monotonic() - started))
    return result


async def _call(workspace: str, webhook: str, event: str, dependencies: PostDependencies) -> CallResult:
    try:
        # Read now and not when the delivery was queued: the URL and the secret may have changed since, and secrets rest
        # in the configuration alone.
        subscription = await _read_subscription(workspace, webhook, dependencies)
        fact = await _read_fact(event, dependencies.store)
    except Unavailable:
        return CallResult(detail="the configuration or the fact could not be read", started=False)
    if subscription is None or fact is None:
        return CallResult(detail="the subscription or the fact is not there any more")
    try:
        async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
            answer = await _post(subscription.body, fact, dependencies)
    except (TransientSendError, PermanentSendError, SendOutcomeUnknown) as error:
        return CallResult(detail=str(error)[:MAX_DETAIL_LENGTH])
    except TimeoutError:
        return CallResult(detail="no answer in time")
    return CallResult(status=answer.status, after=retry_after_seconds(answer.headers))


async def _read_subscription(workspace: str, webhook: str, dependencies: PostDependencies) -> Versioned[Webhook] | None:
    configurations = await dependencies.configurations.current(dependencies.store, [workspace])
    return configurations[workspace].webhooks.get(webhook) if workspace in configurations else None


async def _read_fact(event: str, store: Reader) -> Event | None:
    key = Key(FACTS.name, event)
    document = (await store.get_many([key])).get(key)
    # As an `Event`, not a `Fact`: the document has a field more, for our own index, which integrators do not get.
    return None if document is None else Event.model_validate(document)


async def _post(subscription: Webhook, fact: Event, dependencies: PostDependencies) -> HttpResponse:
    # The signature covers these very bytes (standardwebhooks.com, "Signature scheme"), so they are encoded once. The
    # time is that of this attempt: receivers refuse a call whose timestamp is more than five minutes off.
    body, now = encode(fact), dependencies.time_source.now()
    headers = signed_headers(subscription.secrets(now), fact.id, now, body)
    return await dependencies.http.call("POST", subscription.url, body, headers)
