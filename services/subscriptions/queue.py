"""The queue of one endpoint: a delivery is queued, started, settled, tried again or given up.

At most `MAX_IN_FLIGHT` calls to an endpoint run at once; the other deliveries wait as `pending` documents. An endpoint
that fails is paused for longer each time.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from schemas.configuration import Versioned
from schemas.envelope import Event
from schemas.webhooks import DeliveryAttempt, Webhook
from services.platform.store.codec import encode
from services.records.subscriptions import (
    WEBHOOK_DELIVERIES,
    WEBHOOK_ENDPOINTS,
    DeliveryRecord,
    EndpointState,
    delivery_id,
)
from services.subscriptions.context import EndpointContext, EndpointTimerPayload
from services.subscriptions.domain.retries import (
    ASSUME_UNKNOWN_AFTER,
    MAX_IN_FLIGHT,
    MAX_RETRY_PERIOD,
    NOT_STARTED_RETRY_AFTER,
    CallResult,
    classify,
    next_attempt_at,
    pause_after,
)

RETENTION, MAX_ATTEMPTS_KEPT = timedelta(days=30), 10
ENDPOINT_TIMER = "endpoint/"
"""The name of the timer that drains the queue of an endpoint begins with it; the endpoint's id follows."""


# -- a fact comes ------------------------------------------------------------------------------------------------------


def enqueue(context: EndpointContext, webhook: str, subscription: Versioned[Webhook], event: Event) -> None:
    """Deliver a fact to a subscription. A delivery of the fact that is pending or in flight stays as it is."""
    endpoint = _endpoint(context, event.workspace, webhook)
    if endpoint.gone == subscription.version:
        return
    if endpoint.gone is not None:
        # The subscription was written again since the endpoint answered 410: it begins anew.
        endpoint = replace(endpoint, gone=None, failures=0, paused_until=None)
    identity = delivery_id(event.workspace, webhook, event.id)
    earlier = context.work.get(WEBHOOK_DELIVERIES, identity)
    if earlier is not None and earlier.state in ("pending", "sending"):
        return
    record = _new_delivery(context, webhook, event, earlier)
    context.work.put(WEBHOOK_DELIVERIES, identity, record)
    # It may start before older deliveries that are pending: order is not promised, and so a fact needs no read of the
    # queue.
    if _may_start(context, endpoint):
        endpoint = _start(context, endpoint, identity, record)
    elif not endpoint.sending:
        _set_queue_timer(context, endpoint, endpoint.paused_until or context.now)
    _put_endpoint(context, endpoint)


def _new_delivery(
    context: EndpointContext, webhook: str, event: Event, earlier: DeliveryRecord | None
) -> DeliveryRecord:
    conversation = event.data.get("conversation")
    return DeliveryRecord(
        workspace=event.workspace,
        webhook=webhook,
        event=event.id,
        type=event.type,
        conversation=conversation if isinstance(conversation, str) else None,
        endpoint=context.endpoint_id(event.workspace, webhook),
        at=context.now,
        next_at=context.now,
        # A replay begins a new schedule, and still shows the attempts before it.
        recent_attempts=earlier.recent_attempts if earlier else [],
        expires_at=context.now + RETENTION,
    )


# -- a call begins -----------------------------------------------------------------------------------------------------


def _may_start(context: EndpointContext, endpoint: EndpointState) -> bool:
    in_flight = len(endpoint.sending)
    return not _is_paused(context, endpoint) and in_flight < (1 if endpoint.failures else MAX_IN_FLIGHT)


def _is_paused(context: EndpointContext, endpoint: EndpointState) -> bool:
    return endpoint.paused_until is not None and context.now < endpoint.paused_until


def _start(context: EndpointContext, endpoint: EndpointState, identity: str, record: DeliveryRecord) -> EndpointState:
    """Begin an attempt of a delivery; returns the endpoint with the delivery in flight."""
    attempt = record.attempts + 1
    # `sending` and the timer are committed before the call runs. When the process dies in between, the timer has the
    # call made again: a fact may come twice, and the receiver knows it by its `webhook-id`, but none is lost.
    context.work.put(WEBHOOK_DELIVERIES, identity, replace(record, state="sending", attempts=attempt, next_at=None))
    call = EndpointTimerPayload(workspace=record.workspace, webhook=record.webhook, event=record.event, attempt=attempt)
    context.work.set_timer(f"settle/{identity}", context.now + ASSUME_UNKNOWN_AFTER, encode(call))
    context.work.schedule_effect(f"call/{identity}", call)
    return replace(endpoint, sending=(*endpoint.sending, identity))


# -- a call ends -------------------------------------------------------------------------------------------------------


def settle(context: EndpointContext, call: EndpointTimerPayload, result: CallResult) -> None:
    """Apply the result of a call to its delivery and its endpoint, and start what may start now.

    The result of an attempt that is not the open one, because it is late or repeated, changes nothing.
    """
    record = context.work.get(WEBHOOK_DELIVERIES, call.delivery)
    if record is None or (record.state, record.attempts) != ("sending", call.attempt):
        return
    context.work.cancel_timer(f"settle/{call.delivery}")
    endpoint = _endpoint(context, call.workspace, call.webhook)
    endpoint = replace(endpoint, sending=tuple(identity for identity in endpoint.sending if identity != call.delivery))
    if result.started:
        record = _with_result(context, call.delivery, record, result)
        endpoint = _endpoint_after(context, endpoint, result)
    else:
        # No call was made: it counts neither as an attempt nor against the endpoint.
        next_at = context.now + NOT_STARTED_RETRY_AFTER
        record = replace(record, state="pending", attempts=record.attempts - 1, next_at=next_at)
    context.work.put(WEBHOOK_DELIVERIES, call.delivery, record)
    _drain(context, endpoint)


def _with_result(context: EndpointContext, identity: str, record: DeliveryRecord, result: CallResult) -> DeliveryRecord:
    """The delivery after an attempt: delivered, pending until the next attempt, or failed."""
    attempt = DeliveryAttempt(at=context.now, status=result.status, detail=result.detail)
    record = replace(record, recent_attempts=_with_attempt(record, attempt))
    disposition = classify(result)
    if disposition == "delivered":
        return replace(record, state="delivered", next_at=None)
    again = disposition == "again"
    next_at = next_attempt_at(identity, record.attempts, context.now, result.after) if again else None
    return replace(record, state="failed" if next_at is None else "pending", next_at=next_at)


def _with_attempt(record: DeliveryRecord, attempt: DeliveryAttempt) -> list[DeliveryAttempt]:
    return [*record.recent_attempts, attempt][-MAX_ATTEMPTS_KEPT:]


def _endpoint_after(context: EndpointContext, endpoint: EndpointState, result: CallResult) -> EndpointState:
    """The endpoint after an attempt: well again, paused for longer, or switched off."""
    disposition = classify(result)
    if disposition == "delivered":
        return replace(endpoint, failures=0, paused_until=None)
    if disposition == "gone":
        subscription = context.subscriptions(endpoint.workspace).get(endpoint.webhook)
        endpoint = replace(endpoint, gone=subscription.version if subscription else 0)
    # A pause that runs was begun by a call beside this one: calls that fail side by side count as one failure.
    if _is_paused(context, endpoint) or not result.ended:
        return endpoint
    failures = endpoint.failures + 1
    return replace(endpoint, failures=failures, paused_until=context.now + pause_after(failures))


# -- the queue goes on -------------------------------------------------------------------------------------------------


def drain(context: EndpointContext, workspace: str, webhook: str) -> None:
    """Start the deliveries of an endpoint that are due, as far as it has room."""
    _drain(context, _endpoint(context, workspace, webhook))


def _drain(context: EndpointContext, endpoint: EndpointState) -> None:
    # `endpoint` may be changed already and not written yet, by the result that frees a call; every way out writes it.
    pending = _pending(context, endpoint)
    subscription = context.subscriptions(endpoint.workspace).get(endpoint.webhook)
    if subscription is None or endpoint.gone == subscription.version:
        why = "the subscription was deleted" if subscription is None else "the endpoint answered 410 Gone"
        _give_up(context, endpoint, pending, why)
        return
    oldest = context.now - MAX_RETRY_PERIOD
    stale = [(identity, record) for identity, record in pending if record.at < oldest]
    endpoint = _start_due(
        context, endpoint, [(identity, record) for identity, record in pending if record.at >= oldest]
    )
    if stale:
        _give_up(context, endpoint, stale, "the endpoint was not reached in time")
        return
    _set_timer_for_next(context, endpoint)
    _put_endpoint(context, endpoint)


def _start_due(
    context: EndpointContext, endpoint: EndpointState, pending: Sequence[tuple[str, DeliveryRecord]]
) -> EndpointState:
    """Start deliveries that are due, in order, until the endpoint has no room; returns the endpoint after that."""
    for identity, record in pending:
        if record.next_at is None or record.next_at > context.now:
            continue
        if not _may_start(context, endpoint):
            break
        endpoint = _start(context, endpoint, identity, record)
    return endpoint


def _set_timer_for_next(context: EndpointContext, endpoint: EndpointState) -> None:
    """Set the queue's timer to when the next delivery may start."""
    pending = _pending(context, endpoint)
    if not pending:
        return
    _, first = pending[0]
    next_at = first.next_at or context.now
    if not endpoint.sending:
        _set_queue_timer(context, endpoint, max(next_at, endpoint.paused_until or context.now))
    elif _may_start(context, endpoint):
        _set_queue_timer(context, endpoint, next_at)
    # Else calls are in flight and none may start beside them: the result of the first drains the queue again.


def _give_up(
    context: EndpointContext, endpoint: EndpointState, pending: Sequence[tuple[str, DeliveryRecord]], why: str
) -> None:
    """Settle deliveries as failed, without a call."""
    for identity, record in pending:
        attempts = _with_attempt(record, DeliveryAttempt(at=context.now, detail=why))
        failed = replace(record, state="failed", next_at=None, recent_attempts=attempts)
        context.work.put(WEBHOOK_DELIVERIES, identity, failed)
    if pending:
        # A batch reads a page of the queue at most; the timer takes the next page.
        _set_queue_timer(context, endpoint, context.now)
    _put_endpoint(context, endpoint)


def _pending(context: EndpointContext, endpoint: EndpointState) -> list[tuple[str, DeliveryRecord]]:
    """The endpoint's pending deliveries in this batch with their ids, the earliest due first."""
    name = context.endpoint_id(endpoint.workspace, endpoint.webhook)
    deliveries = context.work.cached(WEBHOOK_DELIVERIES).items()
    pending = [(i, record) for i, record in deliveries if record.endpoint == name and _is_pending(record)]
    return sorted(pending, key=lambda pair: (pair[1].next_at or pair[1].at, pair[0]))


def _is_pending(record: DeliveryRecord) -> bool:
    return record.state == "pending" and record.next_at is not None


def _set_queue_timer(context: EndpointContext, endpoint: EndpointState, at: datetime) -> None:
    name = context.endpoint_id(endpoint.workspace, endpoint.webhook)
    data = encode(EndpointTimerPayload(workspace=endpoint.workspace, webhook=endpoint.webhook))
    context.work.set_timer(f"{ENDPOINT_TIMER}{name}", max(at, context.now), data)


def _endpoint(context: EndpointContext, workspace: str, webhook: str) -> EndpointState:
    identity = context.endpoint_id(workspace, webhook)
    return context.work.get(WEBHOOK_ENDPOINTS, identity) or EndpointState(workspace=workspace, webhook=webhook)


def _put_endpoint(context: EndpointContext, endpoint: EndpointState) -> None:
    identity = context.endpoint_id(endpoint.workspace, endpoint.webhook)
    context.work.put(WEBHOOK_ENDPOINTS, identity, endpoint)
