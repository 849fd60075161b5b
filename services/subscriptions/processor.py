"""The processor `webhooks`: each fact to each subscription that wants it, at least once, in no promised order.

`sending` is committed before a call goes out; when the process dies, a timer settles it as not arrived.
"""

from dataclasses import replace

from schemas.webhooks import WebhookReplay
from services.platform.bus.port import partition_for
from services.platform.processing.inputs import EffectCompleted, ReceivedEvent, TimerFired
from services.platform.processing.processor import EffectHandler, Handler, Processor, no_memory
from services.platform.processing.unit_of_work import Effect
from services.platform.store.codec import codec_for, encode
from services.platform.store.collections import FACTS
from services.records.subscriptions import WEBHOOK_DELIVERIES, WEBHOOK_ENDPOINTS, WRITER
from services.subscriptions import reads
from services.subscriptions.context import EndpointContext, EndpointTimerPayload, ReplayCursor
from services.subscriptions.domain import CallResult
from services.subscriptions.post import PostDependencies, call
from services.subscriptions.queue import PURGE, drain_endpoint_queue, enqueue, settle

REPLAY_TYPE, REPLAY = "pasokh.control.webhook_replay", "replay/"


async def _call(dependencies: PostDependencies, effect: Effect) -> CallResult:
    """Make the call; every end of it is a result."""
    request: EndpointTimerPayload = effect.request
    return await call(request.workspace, request.webhook, request.event or "", dependencies)


def _on_fact(context: EndpointContext, received: ReceivedEvent) -> None:
    for name, subscription in context.matching_subscriptions(received.event):
        enqueue(context, name, subscription, received.event)


def _on_replay(context: EndpointContext, received: ReceivedEvent) -> None:
    """One fact at once; a span of time page by page, each page an input of its own."""
    replay = received.event.payload_as(WebhookReplay)
    subscription = context.subscriptions(replay.workspace).get(replay.webhook)
    if subscription is None:
        return
    if replay.event is None:
        cursor = ReplayCursor(
            workspace=replay.workspace, webhook=replay.webhook, since=replay.since, until=replay.until
        )
        context.work.set_timer(f"{REPLAY}{received.event.id}", context.now, encode(cursor))
        return
    fact = context.work.get(FACTS, replay.event)
    if fact is not None and fact.workspace == replay.workspace:
        enqueue(context, replay.webhook, subscription, fact)


def _on_replay_page(context: EndpointContext, timer: TimerFired) -> None:
    """The next facts of a replay that belong to this partition; then a timer for those after them."""
    cursor, work = codec_for(ReplayCursor).decode(timer.data), context.work
    subscription = context.subscriptions(cursor.workspace).get(cursor.webhook)
    if subscription is None:
        return
    page = reads.facts_query(cursor)
    for fact in work.found(FACTS, page).values():
        is_here = partition_for(fact.partitionkey, work.place.partitions) == work.place.partition
        if is_here and subscription.body.matches(fact.type):
            enqueue(context, cursor.webhook, subscription, fact)
    after = work.next_page(page)
    if after is not None:
        further = replace(cursor, cursor=after)
        work.set_timer(timer.name, context.now, encode(further))


def _on_endpoint_timer(context: EndpointContext, timer: TimerFired) -> None:
    payload = codec_for(EndpointTimerPayload).decode(timer.data)
    drain_endpoint_queue(context, context.line(payload.workspace, payload.webhook))


def _on_settle(context: EndpointContext, timer: TimerFired) -> None:
    lost = CallResult(detail="the process ended before the answer came", ended=False)
    settle(context, codec_for(EndpointTimerPayload).decode(timer.data), lost)


def _on_result(context: EndpointContext, completed: EffectCompleted) -> None:
    settle(context, completed.request, completed.result)


def _on_purge(context: EndpointContext, timer: TimerFired) -> None:
    """Delete what was settled long ago; what still waits by then was given up long before."""
    expired = context.work.found(WEBHOOK_DELIVERIES, reads.expired(context.work))
    for identity in expired:
        context.work.delete(WEBHOOK_DELIVERIES, identity)
    if expired:
        context.work.set_timer(PURGE, context.now)


FACT = Handler(_on_fact, (reads.head, reads.configuration, reads.endpoints))

PROCESSOR: Processor[PostDependencies, None, EndpointContext] = Processor(
    group=WRITER,
    topics=("conversations", "sla"),
    context=EndpointContext,
    memory=no_memory,
    handlers={
        "pasokh.conversation.": FACT,
        "pasokh.sla.": FACT,
        REPLAY_TYPE: Handler(_on_replay, (reads.replay, reads.configuration_of_replay)),
    },
    timers={
        "line/": Handler(_on_endpoint_timer, (reads.timer, reads.queue_of_timer)),
        "settle/": Handler(_on_settle, (reads.timer, reads.queue_of_timer)),
        REPLAY: Handler(_on_replay_page, (reads.replay_page, reads.endpoint_of_page)),
        PURGE: Handler(_on_purge, (reads.expired_deliveries,)),
    },
    effects={"call/": EffectHandler(_call, Handler(_on_result, (reads.result, reads.queue_of_result)))},
    collections=(WEBHOOK_DELIVERIES, WEBHOOK_ENDPOINTS),
    # Nobody waits for a webhook: what a little patience saves is left to the router.
    linger_seconds=0.05,
)
