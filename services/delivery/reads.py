"""The documents that handlers of the sender read, step by step.

Of a message: the person's queue and the message itself, then those that may come next, then the accounts of all these.
"""

from collections.abc import Iterator

from schemas.accounts import AccountChanged
from schemas.outbound import OutboundMessage
from services.delivery import holds
from services.delivery.steps import (
    RELEASE_BATCH_SIZE,
    DeliveryTimerPayload,
    HoldTimerPayload,
    SendContext,
    SendEffect,
    pending_behind_head,
)
from services.platform.processing.inputs import EffectCompleted, ReceivedEvent, TimerFired
from services.platform.processing.reads import ByIndex, Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.codec import codec_for
from services.platform.store.port import Query
from services.records.sends import ACCOUNT_SENDS, SEND_QUEUES, SENDS

# -- the three steps of a message --------------------------------------------------------------------------------------


def _message(key: str, message_id: str) -> Iterator[Read]:
    yield Documents(SEND_QUEUES, [key])
    yield Documents(SENDS, [message_id])


def _next(context: SendContext, key: str) -> Iterator[Read]:
    # Each input settles at most one message of its person, so no more than that many can come to the front.
    context.settling[key] += 1
    yield Documents(SENDS, pending_behind_head(context.work, key)[: context.settling[key]])


def _accounts(context: SendContext, key: str, message_id: str) -> Iterator[Read]:
    waiting = pending_behind_head(context.work, key)[: context.settling[key]]
    records = (context.work.get(SENDS, identity) for identity in (message_id, *waiting))
    messages = [record.message for record in records if record is not None]
    yield Documents(ACCOUNT_SENDS, [holds.sends_id(context.work.place.partition, one) for one in messages])


def message(context: SendContext, received: ReceivedEvent) -> Iterator[Read]:
    """A message that is to be sent."""
    found = received.event.payload_as(OutboundMessage)
    yield from _message(found.key, found.id)
    yield Documents(ACCOUNT_SENDS, [holds.sends_id(context.work.place.partition, found)])


def next_of_message(context: SendContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step."""
    yield from _next(context, received.event.payload_as(OutboundMessage).key)


def accounts_of_message(context: SendContext, received: ReceivedEvent) -> Iterator[Read]:
    """The third step."""
    found = received.event.payload_as(OutboundMessage)
    yield from _accounts(context, found.key, found.id)


def message_of_timer(context: SendContext, timer: TimerFired) -> Iterator[Read]:
    """The message that a timer is set for."""
    yield from _message(*_named_by(timer))


def next_of_timer(context: SendContext, timer: TimerFired) -> Iterator[Read]:
    """The second step."""
    yield from _next(context, _named_by(timer)[0])


def accounts_of_timer(context: SendContext, timer: TimerFired) -> Iterator[Read]:
    """The third step."""
    yield from _accounts(context, *_named_by(timer))


def _named_by(timer: TimerFired) -> tuple[str, str]:
    """The person key and the message of a timer."""
    return codec_for(DeliveryTimerPayload).decode(timer.data).key, timer.name.split("/", 1)[1]


def message_of_result(context: SendContext, completed: EffectCompleted) -> Iterator[Read]:
    """The message that was attempted."""
    effect: SendEffect = completed.request
    yield from _message(effect.key, effect.message.id)


def next_of_result(context: SendContext, completed: EffectCompleted) -> Iterator[Read]:
    """The second step."""
    effect: SendEffect = completed.request
    yield from _next(context, effect.key)


def accounts_of_result(context: SendContext, completed: EffectCompleted) -> Iterator[Read]:
    """The third step."""
    effect: SendEffect = completed.request
    yield from _accounts(context, effect.key, effect.message.id)


# -- holds ---------------------------------------------------------------------------------------------------------------


def hold(context: SendContext, timer: TimerFired) -> Iterator[Read]:
    """The messages that wait for a hold, and the account that is held."""
    payload = codec_for(HoldTimerPayload).decode(timer.data)
    yield Documents(ACCOUNT_SENDS, [payload.account])
    yield ByIndex(SENDS, waiting_for(payload.hold))


def accounts_of_hold(context: SendContext, timer: TimerFired) -> Iterator[Read]:
    """The second step: the accounts of the messages."""
    yield _held_accounts(context, codec_for(HoldTimerPayload).decode(timer.data).hold)


def account(context: SendContext, received: ReceivedEvent) -> Iterator[Read]:
    """An account that was written, and the messages that wait for it."""
    identity = account_sends_id(context.work, received)
    yield Documents(ACCOUNT_SENDS, [identity])
    yield ByIndex(SENDS, waiting_for(identity))


def accounts_of_account(context: SendContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step: the accounts of the messages."""
    yield _held_accounts(context, account_sends_id(context.work, received))


def _held_accounts(context: SendContext, hold_id: str) -> Read:
    records, partition = context.work.found(SENDS, waiting_for(hold_id)).values(), context.work.place.partition
    return Documents(ACCOUNT_SENDS, [holds.sends_id(partition, record.message) for record in records])


def account_sends_id(work: UnitOfWork, received: ReceivedEvent) -> str:
    """The id of what this partition knows of sending as an account that was written."""
    return f"{work.place.partition}/{received.event.payload_as(AccountChanged).name}"


def waiting_for(hold_id: str) -> Query:
    """The messages that wait for a hold, as many as go on in one batch."""
    return Query(SENDS.name, "hold", {"hold": hold_id}, limit=RELEASE_BATCH_SIZE)
