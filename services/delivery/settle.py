"""Applies the outcome of an attempt: the message is settled or tried again, and the person's next message starts."""

from dataclasses import replace
from datetime import datetime

from schemas.outbound import (
    ActionFailed,
    ActionPerformed,
    ChannelAction,
    DeliveryFailed,
    DeliverySent,
    Outbound,
    OutboundMessage,
)
from schemas.values import EncryptedText, Failure
from services.delivery.account_holds import put_holds
from services.delivery.context import SendContext, set_message_timer
from services.delivery.domain import holds
from services.delivery.domain.outcomes import Failed, Locked, Outcome, Retry, Sent
from services.delivery.domain.parts import incomplete, is_last_part
from services.delivery.start import start
from services.domain.failure_phrases import worded
from services.records.sends import SEND_QUEUES, SendQueue, SendRecord


def apply_outcome(context: SendContext, record: SendRecord, outcome: Outcome) -> None:
    """Apply the outcome of an attempt to its message, to the account's holds, and to the person's queue."""
    message, (sends_id, before) = record.message, context.account_sends(record.message)
    after = holds.after_outcome(before, message, outcome, context.now)
    outcome = _worded(_of_all_parts(record, outcome), message)
    following = _after_part(record, outcome) if isinstance(outcome, Sent) and _has_more_parts(record) else None
    context.put_record(following or _record_after(record, outcome, sends_id, context.now))
    put_holds(context, sends_id, message.address.chat, before, after)
    match outcome:
        case Sent() if following is not None:
            # Before the person's next message: the parts of one message stay together.
            start(context, following)
        case Retry():
            set_message_timer(context, "retry", message, outcome.at)
        case Locked():
            pass  # the message waits for the account's hold, whose timer is set
        case Sent():
            _emit_success(context, message, outcome, record.attempts)
            _start_next(context, message.key)
        case Failed():
            _emit_failure(context, record, outcome.error)
            _start_next(context, message.key)


def _of_all_parts(record: SendRecord, outcome: Outcome) -> Outcome:
    """The outcome of a part as that of its message: with the ids of the parts before it, or which of them went out."""
    if isinstance(record.message, ChannelAction) or not record.parts_sent:
        return outcome
    match outcome:
        case Sent():
            return replace(
                outcome,
                platform_id=record.platform_id or outcome.platform_id,
                aliases=(*record.aliases, *outcome.aliases),
                further_ids=(*record.further_ids, *_further(record, outcome), *outcome.further_ids),
            )
        case Failed():
            return replace(outcome, error=incomplete(outcome.error, record.parts_sent, len(record.message.parts)))
    return outcome


def _worded(outcome: Outcome, message: Outbound) -> Outcome:
    return Failed(worded(outcome.error, message.language)) if isinstance(outcome, Failed) else outcome


def _further(record: SendRecord, sent: Sent) -> list[str]:
    """The id of a part, where an earlier part has given the message its own."""
    return [sent.platform_id] if record.platform_id is not None and sent.platform_id is not None else []


def _has_more_parts(record: SendRecord) -> bool:
    return isinstance(record.message, OutboundMessage) and not is_last_part(record.message, record.parts_sent)


def _after_part(record: SendRecord, sent: Sent) -> SendRecord:
    """The record of a message of which one more part went out: the next part has a day of its own to be sent in."""
    return replace(
        record,
        state="queued",
        due_at=None,
        first_tried_at=None,
        parts_sent=record.parts_sent + 1,
        platform_id=sent.platform_id,
        aliases=sent.aliases,
        further_ids=sent.further_ids,
    )


def _record_after(record: SendRecord, outcome: Outcome, sends_id: str, now: datetime) -> SendRecord:
    match outcome:
        case Retry():
            return replace(record, state="retry", due_at=outcome.at, hold=None)
        case Locked():
            # Without a first attempt: the day after which a message is given up begins when its account is let in
            # again.
            return replace(record, state="waiting", due_at=None, hold=sends_id, first_tried_at=None)
        case Sent():
            return replace(
                _settled(record, now), state="sent", platform_id=outcome.platform_id, further_ids=outcome.further_ids
            )
        case Failed():
            return replace(_settled(record, now), state="failed", error=outcome.error)


def withdraw(context: SendContext, record: SendRecord, error: Failure) -> None:
    """Give up a message that no attempt is open for, because nothing more may be sent to its person."""
    for kind in ("slot", "retry"):
        context.work.cancel_timer(f"{kind}/{record.message.id}")
    _emit_failure(context, record, error)
    context.put_record(replace(_settled(record, context.now), state="failed", error=error))


def _settled(record: SendRecord, now: datetime) -> SendRecord:
    """The record of a message that will not be sent again, without its text: the conversation keeps that."""
    is_action = isinstance(record.message, ChannelAction)
    emptied = {"text": None} if is_action else {"text": EncryptedText(text=""), "parts": []}
    message = record.message.model_copy(update=emptied)
    return replace(record, message=message, due_at=None, hold=None, settled_at=now)


def _emit_success(context: SendContext, message: Outbound, sent: Sent, attempts: int) -> None:
    if isinstance(message, ChannelAction):
        performed = ActionPerformed(
            action=message.id,
            kind=message.kind,
            message=message.message,
            conversation=message.conversation,
            key=message.key,
            platform_id=sent.platform_id,
            attempts=attempts,
            at=context.now,
        )
        context.work.emit("pasokh.delivery.action_performed", message.key, performed)
    else:
        context.work.emit("pasokh.delivery.sent", message.key, _sent_fact(message, sent, attempts, context.now))


def _sent_fact(message: OutboundMessage, sent: Sent, attempts: int, now: datetime) -> DeliverySent:
    # A private reply has no address of its own that could be gone: it opens the private chat.
    is_redirected = sent.address is not None and not message.private_reply
    return DeliverySent(
        message=message.id,
        conversation=message.conversation,
        key=message.key,
        platform_id=sent.platform_id,
        address=sent.address,
        requested_address=message.address if is_redirected else None,
        aliases=list(sent.aliases),
        further_ids=list(sent.further_ids),
        person=sent.person,
        started_at=sent.started_at,
        attempts=attempts,
        at=now,
    )


def _emit_failure(context: SendContext, record: SendRecord, error: Failure) -> None:
    message, attempts = record.message, record.attempts
    if isinstance(message, ChannelAction):
        failed = ActionFailed(
            action=message.id,
            kind=message.kind,
            message=message.message,
            conversation=message.conversation,
            key=message.key,
            error=error,
            attempts=attempts,
            at=context.now,
        )
        context.work.emit("pasokh.delivery.action_failed", message.key, failed)
    else:
        failure = DeliveryFailed(
            message=message.id,
            conversation=message.conversation,
            key=message.key,
            platform_id=record.platform_id,
            aliases=list(record.aliases),
            further_ids=list(record.further_ids),
            error=error,
            attempts=attempts,
            at=context.now,
        )
        context.work.emit("pasokh.delivery.failed", message.key, failure)


def _start_next(context: SendContext, key: str) -> None:
    """Start the person's next message, if there is one, in the same batch."""
    pending = context.pending(key)
    if not pending:
        context.work.delete(SEND_QUEUES, key)
        return
    context.work.put(SEND_QUEUES, key, SendQueue(key=key, head=pending[0], pending=pending[1:]))
    record = context.record(pending[0])
    if record is None:
        raise LookupError(f"{pending[0]} is queued but has no record")
    start(context, record)
