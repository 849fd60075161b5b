"""Starts the next attempt of a message or action: it goes out now, or waits for the end of a hold or for a rate limit."""

from dataclasses import replace

from services.delivery.context import SendContext, SendEffect, set_message_timer
from services.delivery.domain import holds
from services.delivery.domain.outcomes import assume_unknown_after, awaited_send
from services.records.sends import SendRecord


def start(context: SendContext, record: SendRecord, limits_left: int | None = None) -> None:
    """Send a message now, or let it wait. `limits_left`: how many rate limits it has still to pass; None: all."""
    sends_id, sends = context.account_sends(record.message)
    hold_id = holds.find_hold(sends, sends_id, record.message.address.chat, context.now)
    if hold_id is not None:
        # After the hold the message passes all rate limits again; else all that waited for it would be sent at once.
        context.put_record(replace(record, state="waiting", due_at=None, hold=hold_id))
        return
    limits = context.rate_limits(record.message)
    left = len(limits) if limits_left is None else min(limits_left, len(limits))
    for position in range(len(limits) - left, len(limits)):
        slot_at = context.rate_limiter.reserve(limits[position], context.now)
        if slot_at > context.now:
            # The slot of this limit is taken now, so at `slot_at` only the limits after it are left to pass.
            context.put_record(replace(record, state="waiting", due_at=slot_at, hold=None))
            set_message_timer(context, "slot", record.message, slot_at, gates=len(limits) - position - 1)
            return
    send(context, record)


def send(context: SendContext, record: SendRecord) -> None:
    """Begin an attempt, whatever holds and rate limits say."""
    record = _with_platform_id(context, record)
    attempt = record.attempts + 1
    unknown_at = context.now + assume_unknown_after(record.message, context.capabilities(record.message.channel))
    # The order of record and send: `sending` is committed before the effect runs. A process that dies between the two
    # leaves a message that may have reached the platform, and the timer settles it as unknown instead of sending twice.
    context.put_record(
        replace(
            record,
            state="sending",
            due_at=unknown_at,
            attempts=attempt,
            first_tried_at=record.first_tried_at or context.now,
            hold=None,
        )
    )
    set_message_timer(context, "settle", record.message, unknown_at, attempt=attempt)
    effect = SendEffect(key=record.message.key, attempt=attempt, message=record.message, part=record.parts_sent)
    context.work.schedule_effect(f"send/{record.message.id}", effect)


def _with_platform_id(context: SendContext, record: SendRecord) -> SendRecord:
    """The record of an action with the platform's ids of a message that was not sent when the action was accepted.

    The message came before the action in the person's queue, so its send is settled.
    """
    send_id = awaited_send(record.message)
    sent = context.record(send_id) if send_id is not None else None
    if sent is None or sent.platform_id is None:
        return record
    named = {"platform_id": sent.platform_id, "further_ids": list(sent.further_ids)}
    return replace(record, message=record.message.model_copy(update=named))
