"""The processor `webhooks`: delivers each fact to each subscription that wants it, at least once, in no promised order.

A delivery is committed as `sending` before the call goes out. When the process dies before the answer comes, a timer
has the call made again.
"""

from dataclasses import replace

from schemas.webhooks import WEBHOOK_REPLAY, WebhookReplay
from services.platform.bus.port import partition_for
from services.platform.processing.inputs import EffectCompleted, ReceivedEvent, TimerFired
from services.platform.processing.processor import EffectHandler, Handler, Processor, no_memory
from services.platform.processing.unit_of_work import Effect
from services.platform.store.codec import encode
from services.platform.store.collections import FACTS
from services.records.subscriptions import WEBHOOK_DELIVERIES, WEBHOOK_ENDPOINTS, WRITER
from services.subscriptions import reads
from services.subscriptions.context import (
    EndpointContext,
    EndpointTimerPayload,
    ReplayCursor,
    endpoint_timer,
    replay_cursor,
)
from services.subscriptions.domain.retries import CallResult
from services.subscriptions.post import PostDependencies, call
from services.subscriptions.queue import ENDPOINT_TIMER, drain, enqueue, settle

REPLAY_TIMER = "replay/"


async def _call(dependencies: PostDependencies, effect: Effect) -> CallResult:
    """Call an endpoint. Never raises."""
    request: EndpointTimerPayload = effect.request
    return await call(request.workspace, request.webhook, request.event or "", dependencies)


def _on_fact(context: EndpointContext, received: ReceivedEvent) -> None:
    """Queue a fact for every subscription that wants it."""
    for webhook, subscription in context.matching_subscriptions(received.event):
        enqueue(context, webhook, subscription, received.event)


def _on_replay(context: EndpointContext, received: ReceivedEvent) -> None:
    """Queue one fact again now, or begin to read the facts of a span of time page by page."""
    replay = received.event.payload_as(WebhookReplay)
    subscription = context.subscriptions(replay.workspace).get(replay.webhook)
    if subscription is None:
        return
    if replay.event is None:
        cursor = ReplayCursor(
            workspace=replay.workspace, webhook=replay.webhook, since=replay.since, until=replay.until
        )
        context.work.set_timer(f"{REPLAY_TIMER}{received.event.id}", context.now, encode(cursor))
        return
    fact = context.work.get(FACTS, replay.event)
    if fact is not None and fact.workspace == replay.workspace:
        enqueue(context, replay.webhook, subscription, fact)


def _on_replay_page(context: EndpointContext, timer: TimerFired) -> None:
    """Queue the facts of one page again; a timer that is due now takes the next page."""
    cursor, work = replay_cursor(timer), context.work
    subscription = context.subscriptions(cursor.workspace).get(cursor.webhook)
    if subscription is None:
        return
    page = reads.facts_query(cursor)
    for fact in work.found(FACTS, page).values():
        # Each partition reads every page of the workspace, and takes the facts whose queue it owns.
        is_here = partition_for(fact.partitionkey, work.place.partitions) == work.place.partition
        if is_here and subscription.body.matches(fact.type):
            enqueue(context, cursor.webhook, subscription, fact)
    after = work.next_page(page)
    if after is not None:
        work.set_timer(timer.name, context.now, encode(replace(cursor, cursor=after)))


def _on_endpoint_timer(context: EndpointContext, timer: TimerFired) -> None:
    """A pause is over, or a delivery of the queue is due."""
    payload = endpoint_timer(timer)
    drain(context, payload.workspace, payload.webhook)


def _on_settle(context: EndpointContext, timer: TimerFired) -> None:
    """The result of a call did not come: its process died."""
    lost = CallResult(detail="the process ended before the answer came", ended=False)
    settle(context, endpoint_timer(timer), lost)


def _on_result(context: EndpointContext, completed: EffectCompleted) -> None:
    """The result of a call came."""
    settle(context, completed.request, completed.result)


FACT = Handler(_on_fact, (reads.head, reads.configuration, reads.endpoints))

PROCESSOR: Processor[PostDependencies, None, EndpointContext] = Processor(
    group=WRITER,
    topics=("conversations", "sla", "agents"),
    context=EndpointContext,
    memory=no_memory,
    handlers={
        "pasokh.conversation.": FACT,
        "pasokh.contact.": FACT,
        "pasokh.customer.": FACT,
        "pasokh.person.": FACT,
        "pasokh.offer.": FACT,
        "pasokh.agent.": FACT,
        "pasokh.sla.": FACT,
        WEBHOOK_REPLAY: Handler(_on_replay, (reads.replay, reads.configuration_of_replay)),
    },
    timers={
        ENDPOINT_TIMER: Handler(_on_endpoint_timer, (reads.timer, reads.queue_of_timer)),
        "settle/": Handler(_on_settle, (reads.timer, reads.queue_of_timer)),
        REPLAY_TIMER: Handler(_on_replay_page, (reads.replay_page, reads.endpoint_of_page)),
    },
    effects={"call/": EffectHandler(_call, Handler(_on_result, (reads.result, reads.queue_of_result)))},
    collections=(WEBHOOK_DELIVERIES, WEBHOOK_ENDPOINTS),
    # A webhook may come a little later: larger batches leave more of the machine to the router.
    linger_seconds=0.05,
)
