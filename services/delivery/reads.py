"""The documents that handlers of the sender read, step by step.

A message takes three steps: first the person's queue and the message itself, then the messages that may be next in that
queue, then the accounts of all of these, and the sends of the messages that actions name. Each input of a message has these steps, whether it is an event, a timer or a
result; `_named_by` finds person and message of any of them.
"""

from collections.abc import Iterator

from schemas.accounts import AccountChanged
from schemas.outbound import ChannelAction, Outbound, OutboundMessage
from services.delivery.account_holds import RELEASE_BATCH_SIZE
from services.delivery.context import SendContext, SendEffect, hold_timer, message_timer
from services.delivery.domain import holds
from services.delivery.domain.outcomes import awaited_send
from services.platform.processing.inputs import EffectCompleted, Input, ReceivedEvent, TimerFired
from services.platform.processing.reads import ByIndex, Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.port import Query
from services.records.sends import ACCOUNT_SENDS, SEND_QUEUES, SENDS

# -- the three steps of a message --------------------------------------------------------------------------------------


def message(context: SendContext, received: Input) -> Iterator[Read]:
    """The first step of a message: its person's queue and its record."""
    key, message_id = _named_by(received)
    yield Documents(SEND_QUEUES, [key])
    yield Documents(SENDS, [message_id])


def next_messages(context: SendContext, received: Input) -> Iterator[Read]:
    """The second step of a message: the records that may come to the front of the person's queue."""
    key, _ = _named_by(received)
    # An input settles at most one message of its person. So as many messages can come to the front in this batch as
    # there are inputs of the person, and a long queue is not read as a whole.
    context.settling[key] += 1
    yield Documents(SENDS, context.pending(key)[: context.settling[key]])


def accounts(context: SendContext, received: Input) -> Iterator[Read]:
    """The third step of a message: what its record and the next ones need to start."""
    key, message_id = _named_by(received)
    next_ids = context.pending(key)[: context.settling[key]]
    records = (context.record(identity) for identity in (message_id, *next_ids))
    yield from _starting(context, [record.message for record in records if record is not None])


def accounts_of_new_message(context: SendContext, received: ReceivedEvent) -> Iterator[Read]:
    """The third step of a message that has no record yet: what it needs to start too."""
    yield from _starting(context, [accepted(received)])
    yield from accounts(context, received)


def accepted(received: ReceivedEvent) -> Outbound:
    """The message or the action that an event of topic `outbound` brings."""
    if received.event.type == "pasokh.outbound.action":
        return received.event.payload_as(ChannelAction)
    return received.event.payload_as(OutboundMessage)


def _named_by(received: Input) -> tuple[str, str]:
    """The person key and the message id that an input is about."""
    match received:
        case ReceivedEvent():
            found = accepted(received)
            return found.key, found.id
        case TimerFired():
            message_id, payload = message_timer(received)
            return payload.key, message_id
        case EffectCompleted():
            effect: SendEffect = received.request
            return effect.key, effect.message.id


# -- holds ---------------------------------------------------------------------------------------------------------------


def hold(context: SendContext, timer: TimerFired) -> Iterator[Read]:
    """The first step of a hold that ends: the account, and the messages that wait."""
    ended = hold_timer(timer)
    yield Documents(ACCOUNT_SENDS, [ended.account])
    yield ByIndex(SENDS, waiting_for(ended.hold_id))


def accounts_of_hold(context: SendContext, timer: TimerFired) -> Iterator[Read]:
    """The second step of a hold that ends: what the messages need to start."""
    yield from _starting_after(context, hold_timer(timer).hold_id)


def written_account(context: SendContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of an account that REST wrote: its state, and the messages that wait for it."""
    sends_id = written_sends_id(context.work, received)
    yield Documents(ACCOUNT_SENDS, [sends_id])
    yield ByIndex(SENDS, waiting_for(sends_id))


def accounts_of_written(context: SendContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of an account that REST wrote: what the messages need to start."""
    yield from _starting_after(context, written_sends_id(context.work, received))


def written_sends_id(work: UnitOfWork, received: ReceivedEvent) -> str:
    """The id of this partition's `AccountSends` of an account that REST wrote."""
    return f"{work.place.partition}/{received.event.payload_as(AccountChanged).name}"


def waiting_for(hold_id: str) -> Query:
    """The messages that wait for a hold, as many as go on in one batch."""
    return Query(SENDS.name, "hold", {"hold": hold_id}, limit=RELEASE_BATCH_SIZE)


def _starting_after(context: SendContext, hold_id: str) -> Iterator[Read]:
    records = context.work.found(SENDS, waiting_for(hold_id)).values()
    yield from _starting(context, [record.message for record in records])


def _starting(context: SendContext, messages: list[Outbound]) -> Iterator[Read]:
    """The accounts of messages, and the sends whose results actions need."""
    partition = context.work.place.partition
    yield Documents(ACCOUNT_SENDS, [holds.account_sends_id(partition, message) for message in messages])
    named = [send_id for message in messages if (send_id := awaited_send(message))]
    if named:
        yield Documents(SENDS, named)
