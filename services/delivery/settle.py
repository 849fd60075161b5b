"""Applies the outcome of an attempt: the message is settled or tried again, and the person's next message starts."""

from dataclasses import replace

from schemas.outbound import DeliveryFailed, DeliverySent
from schemas.values import EncryptedText, Failure
from services.delivery.context import SendContext, set_message_timer
from services.delivery.domain import holds
from services.delivery.domain.outcomes import Failed, Locked, Outcome, Retry, Sent
from services.delivery.release import hold_for_credentials, hold_for_limit, open_probed_account
from services.delivery.start import start
from services.records.sends import SEND_QUEUES, SendQueue, SendRecord


def apply_outcome(context: SendContext, record: SendRecord, outcome: Outcome) -> None:
    """Apply the outcome of an attempt to its message, and to the messages that wait because of it."""
    if not isinstance(outcome, Locked):
        # Any other outcome, a refusal of this one message too, shows that the platform lets the account in.
        open_probed_account(context, record)
    match outcome:
        case Retry():
            _retry(context, record, outcome)
        case Locked():
            hold_for_credentials(context, record, outcome.error)
        case Sent():
            _record_sent(context, record, outcome)
        case Failed():
            _record_failed(context, record, outcome.error)


def _retry(context: SendContext, record: SendRecord, retry: Retry) -> None:
    if retry.quiet != "message":
        hold_for_limit(context, record, retry.quiet, retry.at)
    context.put_send(replace(record, state="retry", due_at=retry.at, hold=None))
    set_message_timer(context, "retry", record.message, retry.at)


def _record_sent(context: SendContext, record: SendRecord, sent: Sent) -> None:
    message = record.message
    sends_id, sends = context.account_sends(message)
    context.put_account_sends(sends_id, sends, holds.with_success(sends, context.now))
    _put_settled(context, replace(record, state="sent", platform_id=sent.platform_id))
    fact = DeliverySent(
        message=message.id,
        conversation=message.conversation,
        key=message.key,
        platform_id=sent.platform_id,
        address=sent.address,
        requested_address=message.address if sent.address is not None else None,
        attempts=record.attempts,
        at=context.now,
    )
    context.work.emit("pasokh.delivery.sent", message.key, fact)
    _start_next(context, message.key)


def _record_failed(context: SendContext, record: SendRecord, error: Failure) -> None:
    message = record.message
    sends_id, sends = context.account_sends(message)
    context.put_account_sends(sends_id, sends, holds.with_refusal(sends, error, context.now))
    _put_settled(context, replace(record, state="failed", error=error))
    fact = DeliveryFailed(
        message=message.id,
        conversation=message.conversation,
        key=message.key,
        error=error,
        attempts=record.attempts,
        at=context.now,
    )
    context.work.emit("pasokh.delivery.failed", message.key, fact)
    _start_next(context, message.key)


def _put_settled(context: SendContext, record: SendRecord) -> None:
    """Write a message that will not be sent again, without its text: the conversation keeps that."""
    message = record.message.model_copy(update={"text": EncryptedText(text="")})
    context.put_send(replace(record, message=message, due_at=None, hold=None, settled_at=context.now))


def _start_next(context: SendContext, key: str) -> None:
    """Start the person's next message, if there is one, in the same batch."""
    pending = context.pending(key)
    if not pending:
        context.work.delete(SEND_QUEUES, key)
        return
    context.work.put(SEND_QUEUES, key, SendQueue(key=key, head=pending[0], pending=pending[1:]))
    record = context.send(pending[0])
    if record is None:
        raise LookupError(f"{pending[0]} is queued but has no record")
    start(context, record)
