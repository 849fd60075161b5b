"""The processor `sender`: each message once, one in flight per person, in the person's order.

`sending` is committed before anything goes out; what came of it returns as an input or, when the process died, a
timer settles it as unknown. A message is only tried again when the attempt before surely left nothing with the
platform, or when the receiver drops what it has already.
"""

from dataclasses import replace
from typing import Literal

from schemas.outbound import OutboundMessage
from services.delivery import reads
from services.delivery.attempt import SendDependencies, attempt
from services.delivery.domain.outcomes import AttemptContext, AttemptResult, Outcome, decide_outcome, outcome_unknown
from services.delivery.rate_limits import RateLimiter
from services.delivery.steps import (
    DeliveryTimerPayload,
    HoldTimerPayload,
    SendContext,
    SendEffect,
    apply_outcome,
    end_hold,
    probe,
    start,
    timer,
)
from services.platform.processing.inputs import EffectCompleted, ReceivedEvent, TimerFired
from services.platform.processing.processor import EffectHandler, Handler, Processor
from services.platform.processing.unit_of_work import Effect
from services.platform.store.codec import codec_for
from services.records.sends import ACCOUNT_SENDS, SEND_QUEUES, SENDS, WRITER, SendQueue, SendRecord

ACCOUNT_CHANGED = "pasokh.control.account_changed"


async def _send(dependencies: SendDependencies, effect: Effect) -> AttemptResult:
    """Attempt the send; every end of it is a result."""
    request: SendEffect = effect.request
    return await attempt(request.message, effect.committed_now, dependencies)


# -- inputs ------------------------------------------------------------------------------------------------------------


def _on_message(context: SendContext, received: ReceivedEvent) -> None:
    message = received.event.payload_as(OutboundMessage)
    if context.send(message.id) is not None:
        return
    record = SendRecord(message=message, state="queued")
    queue = context.work.get(SEND_QUEUES, message.key)
    if queue is None:
        context.work.put(SEND_QUEUES, message.key, SendQueue(key=message.key, head=message.id))
        start(context, record)
    else:
        context.work.put(SENDS, message.id, record)
        waiting = (*queue.pending, message.id)
        context.work.put(SEND_QUEUES, message.key, replace(queue, pending=waiting))


def _on_account_written(context: SendContext, received: ReceivedEvent) -> None:
    """Whoever writes an account anew has mended its credentials, or thinks so: it is tried at once."""
    probe(context, reads.account_sends_id(context.work, received))


def _on_rate_limit_slot(context: SendContext, timer: TimerFired) -> None:
    record = _send_in_state(context, timer, "waiting")
    if record is not None and record.hold is None:
        start(context, record, codec_for(DeliveryTimerPayload).decode(timer.data).gates)


def _on_retry(context: SendContext, timer: TimerFired) -> None:
    record = _send_in_state(context, timer, "retry")
    if record is not None:
        start(context, record)


def _on_outcome_timeout(context: SendContext, timer: TimerFired) -> None:
    record = _send_in_state(context, timer, "sending")
    if record is not None and record.attempts == codec_for(DeliveryTimerPayload).decode(timer.data).attempt:
        apply_outcome(
            context, record, _to_outcome(context, record, outcome_unknown(context.capabilities(record.message.channel)))
        )


def _on_hold(context: SendContext, timer: TimerFired) -> None:
    end_hold(context, codec_for(HoldTimerPayload).decode(timer.data))


def _send_in_state(
    context: SendContext, timer: TimerFired, state: Literal["waiting", "retry", "sending"]
) -> SendRecord | None:
    record = context.send(timer.name.split("/", 1)[1])
    return record if record is not None and record.state == state else None


def _on_result(context: SendContext, completed: EffectCompleted) -> None:
    """Only the attempt that is still open listens: a late or repeated result changes nothing."""
    effect: SendEffect = completed.request
    record = context.send(effect.message.id)
    if record is None or (record.state, record.attempts) != ("sending", effect.attempt):
        return
    context.work.cancel_timer(timer("settle", record))
    apply_outcome(context, record, _to_outcome(context, record, completed.result))


def _to_outcome(context: SendContext, record: SendRecord, result: AttemptResult) -> Outcome:
    since = record.first_tried_at or context.now
    return decide_outcome(
        result, AttemptContext(message=record.message.id, attempts=record.attempts, since=since, now=context.now)
    )


MESSAGE_TIMER = (reads.message_of_timer, reads.next_of_timer, reads.accounts_of_timer)

PROCESSOR: Processor[SendDependencies, RateLimiter, SendContext] = Processor(
    group=WRITER,
    topics=("outbound",),
    context=SendContext,
    memory=RateLimiter,
    handlers={
        "pasokh.outbound.message": Handler(
            _on_message, (reads.message, reads.next_of_message, reads.accounts_of_message)
        ),
        ACCOUNT_CHANGED: Handler(_on_account_written, (reads.account, reads.accounts_of_account)),
    },
    timers={
        "slot/": Handler(_on_rate_limit_slot, MESSAGE_TIMER),
        "retry/": Handler(_on_retry, MESSAGE_TIMER),
        "settle/": Handler(_on_outcome_timeout, MESSAGE_TIMER),
        "hold/": Handler(_on_hold, (reads.hold, reads.accounts_of_hold)),
    },
    effects={
        "send/": EffectHandler(
            _send, Handler(_on_result, (reads.message_of_result, reads.next_of_result, reads.accounts_of_result))
        ),
    },
    collections=(ACCOUNT_SENDS, SEND_QUEUES, SENDS),
)
