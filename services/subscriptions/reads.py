"""The documents that handlers of the group `webhooks` read, step by step.

First the head of the workspace's configuration, then the configuration, which says what subscriptions there are, then
their endpoints and deliveries.
"""

from collections.abc import Iterable, Iterator

from schemas.values import Json, instant_text
from schemas.webhooks import WebhookReplay
from services.platform.processing.inputs import EffectCompleted, ReceivedEvent, TimerFired
from services.platform.processing.reads import ByIndex, Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.codec import codec_for
from services.platform.store.collections import FACTS
from services.platform.store.port import Query
from services.records.configuration import CONFIGURATION_HEADS, numbered_configuration
from services.records.subscriptions import WEBHOOK_DELIVERIES, WEBHOOK_ENDPOINTS, delivery_id, endpoint_id
from services.subscriptions.context import EndpointContext, EndpointTimerPayload, ReplayCursor
from services.subscriptions.domain import IN_FLIGHT

REPLAY_PAGE_SIZE, PURGE_BATCH_SIZE = 200, 500


def _endpoint(context: EndpointContext, workspace: str, webhook: str, events: Iterable[str]) -> Iterator[Read]:
    yield Documents(WEBHOOK_ENDPOINTS, [endpoint_id(context.work.place.partition, workspace, webhook)])
    yield Documents(WEBHOOK_DELIVERIES, [delivery_id(workspace, webhook, event) for event in events])


# -- facts ---------------------------------------------------------------------------------------------------------------


def head(context: EndpointContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a fact."""
    yield Documents(CONFIGURATION_HEADS, [received.event.workspace])


def configuration(context: EndpointContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a fact."""
    yield from numbered_configuration(context.work, received.event.workspace)


def endpoints(context: EndpointContext, received: ReceivedEvent) -> Iterator[Read]:
    """The third step of a fact: the endpoints that want it."""
    for name, _ in context.matching_subscriptions(received.event):
        yield from _endpoint(context, received.event.workspace, name, [received.event.id])


# -- replays ---------------------------------------------------------------------------------------------------------------


def replay(context: EndpointContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a replay: the fact that is named, its endpoint and its delivery."""
    asked = received.event.payload_as(WebhookReplay)
    named = [asked.event] if asked.event is not None else []
    yield Documents(CONFIGURATION_HEADS, [asked.workspace])
    yield Documents(FACTS, named)
    yield from _endpoint(context, asked.workspace, asked.webhook, named)


def configuration_of_replay(context: EndpointContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a replay."""
    yield from numbered_configuration(context.work, received.event.payload_as(WebhookReplay).workspace)


def replay_page(context: EndpointContext, timer: TimerFired) -> Iterator[Read]:
    """The first step of a page: the facts of the span of time."""
    cursor = codec_for(ReplayCursor).decode(timer.data)
    yield Documents(CONFIGURATION_HEADS, [cursor.workspace])
    yield ByIndex(FACTS, facts_query(cursor))


def endpoint_of_page(context: EndpointContext, timer: TimerFired) -> Iterator[Read]:
    """The second step of a page: the deliveries that there are of its facts."""
    cursor = codec_for(ReplayCursor).decode(timer.data)
    yield from numbered_configuration(context.work, cursor.workspace)
    yield from _endpoint(context, cursor.workspace, cursor.webhook, context.work.found(FACTS, facts_query(cursor)))


def facts_query(cursor: ReplayCursor) -> Query:
    """The next facts of a replay."""
    return Query(
        FACTS.name,
        "workspace",
        {"workspace": cursor.workspace},
        at_least=instant_text(cursor.since) if cursor.since else None,
        below=instant_text(cursor.until) if cursor.until else None,
        limit=REPLAY_PAGE_SIZE,
        after=cursor.cursor,
    )


# -- timers and results ----------------------------------------------------------------------------------------------------


def timer(context: EndpointContext, timer: TimerFired) -> Iterator[Read]:
    """The first step of a timer: the endpoint and the delivery that it is about."""
    yield from _payload(context, codec_for(EndpointTimerPayload).decode(timer.data))


def queue_of_timer(context: EndpointContext, timer: TimerFired) -> Iterator[Read]:
    """The second step of a timer."""
    yield from _queue(context, codec_for(EndpointTimerPayload).decode(timer.data))


def result(context: EndpointContext, completed: EffectCompleted) -> Iterator[Read]:
    """The first step of a result: the endpoint and the delivery that were called."""
    yield from _payload(context, completed.request)


def queue_of_result(context: EndpointContext, completed: EffectCompleted) -> Iterator[Read]:
    """The second step of a result."""
    yield from _queue(context, completed.request)


def _payload(context: EndpointContext, payload: EndpointTimerPayload) -> Iterator[Read]:
    context.touched[endpoint_id(context.work.place.partition, payload.workspace, payload.webhook)] += 1
    yield Documents(CONFIGURATION_HEADS, [payload.workspace])
    yield from _endpoint(context, payload.workspace, payload.webhook, [payload.event] if payload.event else [])


def _queue(context: EndpointContext, payload: EndpointTimerPayload) -> Iterator[Read]:
    """The deliveries that wait, as many as the batch may start: what is free, and what each of its inputs frees."""
    yield from numbered_configuration(context.work, payload.workspace)
    line = endpoint_id(context.work.place.partition, payload.workspace, payload.webhook)
    equals: dict[str, Json] = {"line": line, "state": "pending"}
    limit = IN_FLIGHT + context.touched[line] + 1
    yield ByIndex(WEBHOOK_DELIVERIES, Query(WEBHOOK_DELIVERIES.name, "line", equals, limit=limit))


def expired_deliveries(context: EndpointContext, timer: TimerFired) -> Iterator[Read]:
    """Deliveries that were settled long ago."""
    yield ByIndex(WEBHOOK_DELIVERIES, expired(context.work))


def expired(work: UnitOfWork) -> Query:
    """Deliveries of this partition that need not be kept any more."""
    equals: dict[str, Json] = {"partition": work.place.partition}
    return Query(WEBHOOK_DELIVERIES.name, "expiry", equals, below=instant_text(work.now), limit=PURGE_BATCH_SIZE)
