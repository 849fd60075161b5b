"""The processor `sender`: sends each message once and performs each action, one at a time per person, in their order.

An attempt is committed as `sending` before it goes out. Its result comes back as an input; when the process dies
first, a timer settles the attempt as unknown. A message is tried again only when the last attempt certainly did not
reach the platform, or when the receiver drops messages that it already has.
"""

from dataclasses import replace

from schemas.accounts import ACCOUNT_CHANGED
from schemas.outbound import OutboundMessage
from services.delivery import erasure, reads
from services.delivery.account_holds import end_hold, probe
from services.delivery.attempt import SendDependencies, attempt
from services.delivery.context import SendContext, SendEffect, hold_timer, message_timer
from services.delivery.domain.outcomes import (
    AttemptContext,
    AttemptResult,
    decide_outcome,
    is_repeatable,
    outcome_unknown,
)
from services.delivery.domain.parts import part_of
from services.delivery.domain.rate_limits import RateLimiter
from services.delivery.settle import apply_outcome
from services.delivery.start import start
from services.platform.processing.inputs import EffectCompleted, ReceivedEvent, TimerFired
from services.platform.processing.processor import EffectHandler, Handler, Processor
from services.platform.processing.unit_of_work import Effect
from services.records.sends import ACCOUNT_SENDS, SEND_QUEUES, SENDS, WRITER, SendQueue, SendRecord


async def _send(dependencies: SendDependencies, effect: Effect) -> AttemptResult:
    """Attempt to send a message or to perform an action. Never raises."""
    request: SendEffect = effect.request
    message = request.message
    if isinstance(message, OutboundMessage):
        message = part_of(message, request.part)
    return await attempt(message, effect.committed_now, dependencies)


# -- inputs ------------------------------------------------------------------------------------------------------------


def _on_accepted(context: SendContext, received: ReceivedEvent) -> None:
    """Start a new message or action, or queue it behind the person's others."""
    message = reads.accepted(received)
    # The record stays when the message is settled, so a repeated event never sends it again.
    if context.record(message.id) is not None:
        return
    record = SendRecord(message=message, state="queued")
    queue = context.work.get(SEND_QUEUES, message.key)
    if queue is None:
        context.work.put(SEND_QUEUES, message.key, SendQueue(key=message.key, head=message.id))
        start(context, record)
    else:
        context.put_record(record)
        context.work.put(SEND_QUEUES, message.key, replace(queue, pending=(*queue.pending, message.id)))


def _on_account_written(context: SendContext, received: ReceivedEvent) -> None:
    """Probe a locked account that REST wrote: its credentials may be right now."""
    probe(context, reads.written_sends_id(context.work, received))


def _on_rate_limit_slot(context: SendContext, timer: TimerFired) -> None:
    """The slot of a waiting message is there: it passes the rate limits that are left."""
    message_id, payload = message_timer(timer)
    record = context.record(message_id)
    # A message that came under a hold meanwhile waits for that one; its slot is lost.
    if record is not None and record.state == "waiting" and record.hold is None:
        start(context, record, payload.gates)


def _on_retry(context: SendContext, timer: TimerFired) -> None:
    """The pause before the next attempt is over."""
    message_id, _ = message_timer(timer)
    record = context.record(message_id)
    if record is not None and record.state == "retry":
        start(context, record)


def _on_outcome_timeout(context: SendContext, timer: TimerFired) -> None:
    """The result of an attempt did not come: its process died. Whether the platform has the message is not known."""
    message_id, payload = message_timer(timer)
    record = _open_attempt(context, message_id, payload.attempt)
    if record is not None:
        repeatable = is_repeatable(record.message, context.capabilities(record.message.channel))
        _settle(context, record, outcome_unknown(repeatable=repeatable))


def _on_result(context: SendContext, completed: EffectCompleted) -> None:
    """The result of an attempt came."""
    effect: SendEffect = completed.request
    record = _open_attempt(context, effect.message.id, effect.attempt)
    if record is not None:
        context.work.cancel_timer(f"settle/{record.message.id}")
        _settle(context, record, completed.result)


def _on_hold(context: SendContext, timer: TimerFired) -> None:
    """The end of a hold is there."""
    end_hold(context, hold_timer(timer))


def _open_attempt(context: SendContext, message_id: str, attempt_number: int) -> SendRecord | None:
    """The message if this attempt is the one that is open. A late or repeated result finds none and changes nothing."""
    record = context.record(message_id)
    is_open = record is not None and (record.state, record.attempts) == ("sending", attempt_number)
    return record if is_open else None


def _settle(context: SendContext, record: SendRecord, result: AttemptResult) -> None:
    latest = AttemptContext(
        message=record.message.id,
        attempts=record.attempts,
        since=record.first_tried_at or context.now,
        now=context.now,
    )
    apply_outcome(context, record, decide_outcome(result, latest))


NEW = Handler(_on_accepted, (reads.message, reads.next_messages, reads.accounts_of_new_message))
OF_MESSAGE = (reads.message, reads.next_messages, reads.accounts)

PROCESSOR: Processor[SendDependencies, RateLimiter, SendContext] = Processor(
    group=WRITER,
    topics=("outbound",),
    context=SendContext,
    memory=RateLimiter,
    handlers={
        "pasokh.outbound.message": NEW,
        "pasokh.outbound.action": NEW,
        "pasokh.outbound.withdraw": Handler(erasure.on_withdraw, (erasure.queue_of_person, erasure.messages_of_queue)),
        "pasokh.outbound.erase": Handler(erasure.on_erase, (erasure.erased_sends,)),
        ACCOUNT_CHANGED: Handler(_on_account_written, (reads.written_account, reads.accounts_of_written)),
    },
    timers={
        "slot/": Handler(_on_rate_limit_slot, OF_MESSAGE),
        "retry/": Handler(_on_retry, OF_MESSAGE),
        "settle/": Handler(_on_outcome_timeout, OF_MESSAGE),
        "hold/": Handler(_on_hold, (reads.hold, reads.accounts_of_hold)),
    },
    effects={"send/": EffectHandler(_send, Handler(_on_result, OF_MESSAGE))},
    collections=(ACCOUNT_SENDS, SEND_QUEUES, SENDS),
)
