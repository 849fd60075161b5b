"""Erases a person from what goes out: what waits for them is not sent any more, and of what was sent only that it was is stored."""

from collections.abc import Iterator
from dataclasses import replace

from schemas.activity import Address
from schemas.erasure import EraseSends, WithdrawMessages
from schemas.identity import PersonKey
from schemas.outbound import OutboundMessage
from schemas.values import Failure
from services.delivery.context import SendContext
from services.delivery.settle import withdraw
from services.domain.failure_phrases import worded
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.reads import Documents, Read
from services.records.sends import SEND_QUEUES, SENDS, SendQueue, SendRecord

GONE = Failure(code="gone", detail="")


def on_withdraw(context: SendContext, received: ReceivedEvent) -> None:
    """Settle the person's messages as failed, except one that may be with the platform: its result settles it."""
    key = received.event.payload_as(WithdrawMessages).key
    queue = context.work.get(SEND_QUEUES, key)
    if queue is None:
        return
    is_sending = False
    for identity in (queue.head, *queue.pending):
        record = context.record(identity)
        if record is not None and record.state == "sending":
            is_sending = True
        elif record is not None:
            withdraw(context, record, worded(GONE, record.message.language))
    if is_sending:
        context.work.put(SEND_QUEUES, key, SendQueue(key=key, head=queue.head))
    else:
        context.work.delete(SEND_QUEUES, key)


def on_erase(context: SendContext, received: ReceivedEvent) -> None:
    """Empty the records of settled messages and actions: they stay, so that nothing is sent twice."""
    command = received.event.payload_as(EraseSends)
    key = str(PersonKey(received.event.workspace, command.pseudonym))
    for identity in command.ids:
        record = context.record(identity)
        if record is not None and record.settled_at is not None and record.message.key == command.key:
            context.put_record(_emptied(record, key))


def _emptied(record: SendRecord, key: str) -> SendRecord:
    message, error = record.message, record.error
    fields: dict[str, object] = {"key": key, "address": Address(chat="erased")}
    if isinstance(message, OutboundMessage):
        nothing = dict.fromkeys(("template", "in_reply_to", "recipient"))
        fields |= {**nothing, "attachments": [], "participants": []}
    else:
        fields |= {"emoji": None, "platform_id": None, "further_ids": []}
    return replace(
        record,
        message=message.model_copy(update=fields),
        platform_id=None,
        further_ids=(),
        error=Failure(code=error.code, detail="") if error is not None else None,
    )


def erased_sends(context: SendContext, received: ReceivedEvent) -> Iterator[Read]:
    """The records that are to be emptied."""
    yield Documents(SENDS, received.event.payload_as(EraseSends).ids)


def queue_of_person(context: SendContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step: what waits for the person."""
    yield Documents(SEND_QUEUES, [received.event.payload_as(WithdrawMessages).key])


def messages_of_queue(context: SendContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step: the messages themselves."""
    queue = context.work.get(SEND_QUEUES, received.event.payload_as(WithdrawMessages).key)
    yield Documents(SENDS, [queue.head, *queue.pending] if queue is not None else [])
