"""The documents that handlers of the processor `webhooks` read, step by step.

First the head of the workspace's configuration, then the numbered configuration that the head names, with the
subscriptions, then their endpoints and deliveries.
"""

from collections.abc import Iterable, Iterator

from schemas.values import Json, instant_text
from schemas.webhooks import WebhookReplay
from services.platform.processing.inputs import EffectCompleted, ReceivedEvent, TimerFired
from services.platform.processing.reads import ByIndex, Documents, Read
from services.platform.store.collections import FACTS
from services.platform.store.port import Query
from services.records.configuration import CONFIGURATION_HEADS, numbered_configuration
from services.records.subscriptions import WEBHOOK_DELIVERIES, WEBHOOK_ENDPOINTS, delivery_id
from services.subscriptions.context import (
    EndpointContext,
    EndpointTimerPayload,
    ReplayCursor,
    endpoint_timer,
    replay_cursor,
)
from services.subscriptions.domain.retries import MAX_IN_FLIGHT

REPLAY_PAGE_SIZE = 200


def _endpoint(context: EndpointContext, workspace: str, webhook: str, events: Iterable[str]) -> Iterator[Read]:
    yield Documents(WEBHOOK_ENDPOINTS, [context.endpoint_id(workspace, webhook)])
    yield Documents(WEBHOOK_DELIVERIES, [delivery_id(workspace, webhook, event) for event in events])


# -- facts ---------------------------------------------------------------------------------------------------------------


def head(context: EndpointContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a fact: the head of its workspace's configuration."""
    yield Documents(CONFIGURATION_HEADS, [received.event.workspace])


def configuration(context: EndpointContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a fact: the configuration, with the subscriptions."""
    yield from numbered_configuration(context.work, received.event.workspace)


def endpoints(context: EndpointContext, received: ReceivedEvent) -> Iterator[Read]:
    """The third step of a fact: the endpoints of the subscriptions that want it."""
    for webhook, _ in context.matching_subscriptions(received.event):
        yield from _endpoint(context, received.event.workspace, webhook, [received.event.id])


# -- replays ---------------------------------------------------------------------------------------------------------------


def replay(context: EndpointContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a replay: the head, the endpoint, and the one fact that may be named with its delivery."""
    replay = received.event.payload_as(WebhookReplay)
    events = [replay.event] if replay.event is not None else []
    yield Documents(CONFIGURATION_HEADS, [replay.workspace])
    yield Documents(FACTS, events)
    yield from _endpoint(context, replay.workspace, replay.webhook, events)


def configuration_of_replay(context: EndpointContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a replay: the configuration, with the subscription."""
    yield from numbered_configuration(context.work, received.event.payload_as(WebhookReplay).workspace)


def replay_page(context: EndpointContext, timer: TimerFired) -> Iterator[Read]:
    """The first step of a replay's page: the head, and the facts of the page."""
    cursor = replay_cursor(timer)
    yield Documents(CONFIGURATION_HEADS, [cursor.workspace])
    yield ByIndex(FACTS, facts_query(cursor))


def endpoint_of_page(context: EndpointContext, timer: TimerFired) -> Iterator[Read]:
    """The second step of a replay's page: the configuration, the endpoint, and earlier deliveries of the facts."""
    cursor = replay_cursor(timer)
    yield from numbered_configuration(context.work, cursor.workspace)
    yield from _endpoint(context, cursor.workspace, cursor.webhook, context.work.found(FACTS, facts_query(cursor)))


def facts_query(cursor: ReplayCursor) -> Query:
    """The facts of a replay's page: of all partitions, because the index is by workspace and time alone."""
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
    """The first step of an endpoint's timer: the head, the endpoint, and the delivery of a `settle/` timer."""
    yield from _named(context, endpoint_timer(timer))


def queue_of_timer(context: EndpointContext, timer: TimerFired) -> Iterator[Read]:
    """The second step of an endpoint's timer: the configuration and the queue."""
    yield from _queue(context, endpoint_timer(timer))


def result(context: EndpointContext, completed: EffectCompleted) -> Iterator[Read]:
    """The first step of a result: the head, the endpoint and the delivery of the call."""
    yield from _named(context, completed.request)


def queue_of_result(context: EndpointContext, completed: EffectCompleted) -> Iterator[Read]:
    """The second step of a result: the configuration and the queue."""
    yield from _queue(context, completed.request)


def _named(context: EndpointContext, payload: EndpointTimerPayload) -> Iterator[Read]:
    context.queue_reads[context.endpoint_id(payload.workspace, payload.webhook)] += 1
    yield Documents(CONFIGURATION_HEADS, [payload.workspace])
    yield from _endpoint(context, payload.workspace, payload.webhook, [payload.event] if payload.event else [])


def _queue(context: EndpointContext, payload: EndpointTimerPayload) -> Iterator[Read]:
    yield from numbered_configuration(context.work, payload.workspace)
    identity = context.endpoint_id(payload.workspace, payload.webhook)
    equals: dict[str, Json] = {"endpoint": identity, "state": "pending"}
    # As many deliveries as this batch may start: each input of the endpoint frees one call at most. One more, so that
    # the time of the next is known.
    limit = MAX_IN_FLIGHT + context.queue_reads[identity] + 1
    yield ByIndex(WEBHOOK_DELIVERIES, Query(WEBHOOK_DELIVERIES.name, "endpoint", equals, limit=limit))
