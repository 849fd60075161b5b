"""The queue of one endpoint: a delivery is put into it, started, settled, tried again or given up.

At most `IN_FLIGHT` calls of an endpoint run at once; the others wait in their documents. An endpoint that fails is left
alone for longer each time.
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
    DeliveryRecord,
    EndpointState,
    delivery_id,
    endpoint_id,
)
from services.subscriptions.context import EndpointContext, EndpointTimerPayload
from services.subscriptions.domain import (
    ASSUME_UNKNOWN_AFTER,
    CIRCUIT_RETRY_AFTER,
    IN_FLIGHT,
    MAX_RETRY_PERIOD,
    CallResult,
    circuit_open_seconds,
    classify,
    next_try,
)

RETENTION, MAX_ATTEMPTS_KEPT = timedelta(days=30), 10
PURGE = "purge"


def enqueue(context: EndpointContext, webhook: str, kept: Versioned[Webhook], event: Event) -> None:
    """Put a fact on its way to a subscription; one that is under way already stays as it is."""
    line = context.line(event.workspace, webhook)
    if line.gone == kept.version:
        return
    if line.gone is not None:
        line = replace(line, gone=None, failures=0, paused_until=None)
    identity = delivery_id(event.workspace, webhook, event.id)
    earlier = context.work.get(WEBHOOK_DELIVERIES, identity)
    if earlier is not None and earlier.state in ("pending", "sending"):
        return
    conversation = event.data.get("conversation")
    record = DeliveryRecord(
        workspace=event.workspace,
        webhook=webhook,
        event=event.id,
        type=event.type,
        conversation=conversation if isinstance(conversation, str) else None,
        line=endpoint_id(context.work.place.partition, event.workspace, webhook),
        partition=context.work.place.partition,
        at=context.now,
        next_at=context.now,
        recent_attempts=earlier.recent_attempts if earlier else [],
        expires_at=context.now + RETENTION,
    )
    context.work.put(WEBHOOK_DELIVERIES, identity, record)
    context.work.set_timer(PURGE, context.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1))
    if _may_start(context, line):
        line = _start(context, line, identity, record)
    elif not line.sending:
        _schedule_wakeup(context, line, line.paused_until or context.now)
    context.keep(line)


def _may_start(context: EndpointContext, line: EndpointState) -> bool:
    paused = line.paused_until is not None and context.now < line.paused_until
    return not paused and len(line.sending) < (1 if line.failures else IN_FLIGHT)


def _start(context: EndpointContext, line: EndpointState, identity: str, record: DeliveryRecord) -> EndpointState:
    attempt = record.attempts + 1
    started = replace(record, state="sending", attempts=attempt, next_at=None)
    context.work.put(WEBHOOK_DELIVERIES, identity, started)
    handed = EndpointTimerPayload(
        workspace=record.workspace, webhook=record.webhook, event=record.event, attempt=attempt
    )
    context.work.set_timer(f"settle/{identity}", context.now + ASSUME_UNKNOWN_AFTER, encode(handed))
    context.work.schedule_effect(f"call/{identity}", handed)
    return replace(line, sending=(*line.sending, identity))


def settle(context: EndpointContext, handed: EndpointTimerPayload, result: CallResult) -> None:
    """Only the attempt that is still open listens: a late or repeated result changes nothing."""
    record = context.work.get(WEBHOOK_DELIVERIES, handed.delivery)
    if record is None or (record.state, record.attempts) != ("sending", handed.attempt):
        return
    context.work.cancel_timer(f"settle/{handed.delivery}")
    line = context.line(handed.workspace, handed.webhook)
    line = replace(line, sending=tuple(one for one in line.sending if one != handed.delivery))
    if not result.started:
        # The call did not begin, so it is no attempt, and nothing against the endpoint.
        waits = replace(
            record, state="pending", attempts=record.attempts - 1, next_at=context.now + CIRCUIT_RETRY_AFTER
        )
        context.work.put(WEBHOOK_DELIVERIES, handed.delivery, waits)
    else:
        line = _apply_result(context, handed, record, line, result)
    drain_endpoint_queue(context, line)


def _apply_result(
    context: EndpointContext,
    handed: EndpointTimerPayload,
    record: DeliveryRecord,
    line: EndpointState,
    result: CallResult,
) -> EndpointState:
    """Write what an attempt came to; returns the endpoint as it is after it."""
    disposition = classify(result)
    again = None
    if disposition == "again":
        again = next_try(handed.delivery, record.attempts, context.now, result.after)
    attempt = DeliveryAttempt(at=context.now, status=result.status, detail=result.detail)
    settled = replace(
        record,
        state="delivered" if disposition == "delivered" else "failed" if again is None else "pending",
        next_at=again,
        recent_attempts=[*record.recent_attempts, attempt][-MAX_ATTEMPTS_KEPT:],
    )
    context.work.put(WEBHOOK_DELIVERIES, handed.delivery, settled)
    if disposition == "gone":
        subscription = context.subscriptions(handed.workspace).get(handed.webhook)
        line = replace(line, gone=subscription.version if subscription else 0)
    if disposition == "delivered":
        return _record_success(line)
    return _record_failure(line, context.now) if result.ended else line


def _record_success(line: EndpointState) -> EndpointState:
    return replace(line, failures=0, paused_until=None)


def _record_failure(line: EndpointState, now: datetime) -> EndpointState:
    """Calls that failed side by side count as one failure."""
    if line.paused_until is not None and now < line.paused_until:
        return line
    failures = line.failures + 1
    return replace(line, failures=failures, paused_until=now + circuit_open_seconds(failures))


def drain_endpoint_queue(context: EndpointContext, line: EndpointState) -> None:
    """Start what is due as far as there is room, and look again when the next comes due."""
    waiting = context.waiting(line)
    subscription = context.subscriptions(line.workspace).get(line.webhook)
    if subscription is None or line.gone == subscription.version:
        why = "the subscription was deleted" if subscription is None else "the endpoint answered 410 Gone"
        _give_up(context, line, waiting, why)
        return
    stale = [pair for pair in waiting if pair[1].at + MAX_RETRY_PERIOD < context.now]
    line = _start_due(context, line, [pair for pair in waiting if pair not in stale])
    if stale:
        _give_up(context, line, stale, "the endpoint was not reached in time")
        return
    _wake_for_next(context, line)
    context.keep(line)


def _start_due(
    context: EndpointContext, line: EndpointState, waiting: Sequence[tuple[str, DeliveryRecord]]
) -> EndpointState:
    """Start deliveries that are due, the first first, as long as there is room; returns the endpoint after that."""
    for identity, record in waiting:
        if record.next_at is None or record.next_at > context.now:
            continue
        if not _may_start(context, line):
            break
        line = _start(context, line, identity, record)
    return line


def _wake_for_next(context: EndpointContext, line: EndpointState) -> None:
    """Look again when the next delivery is due; where calls are in flight, their results look as well."""
    left = context.waiting(line)
    if not left:
        return
    next_at = left[0][1].next_at or context.now
    if not line.sending:
        _schedule_wakeup(context, line, max(next_at, line.paused_until or context.now))
    elif _may_start(context, line):
        _schedule_wakeup(context, line, next_at)


def _give_up(
    context: EndpointContext, line: EndpointState, waiting: Sequence[tuple[str, DeliveryRecord]], why: str
) -> None:
    """They will not be sent any more; there may be more of them than this batch has read."""
    for identity, record in waiting:
        attempts = [*record.recent_attempts, DeliveryAttempt(at=context.now, detail=why)][-MAX_ATTEMPTS_KEPT:]
        failed = replace(record, state="failed", next_at=None, recent_attempts=attempts)
        context.work.put(WEBHOOK_DELIVERIES, identity, failed)
    if waiting:
        _schedule_wakeup(context, line, context.now)
    context.keep(line)


def _schedule_wakeup(context: EndpointContext, line: EndpointState, at: datetime) -> None:
    name = endpoint_id(context.work.place.partition, line.workspace, line.webhook)
    data = encode(EndpointTimerPayload(workspace=line.workspace, webhook=line.webhook))
    context.work.set_timer(f"line/{name}", max(at, context.now), data)
