"""What every handler of the processor `sender` gets beside its input, and what its timers and effects carry."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from schemas.channel import Capabilities
from schemas.outbound import Outbound
from services.delivery.attempt import SendDependencies
from services.delivery.domain import holds
from services.delivery.domain.rate_limits import Limit, RateLimiter, limits_for
from services.domain.account_sends import AccountSends
from services.platform.processing.inputs import TimerFired
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.codec import codec_for, encode
from services.records.sends import ACCOUNT_SENDS, SEND_QUEUES, SENDS, SendRecord

# A channel that this process does not know has no limits: the attempt itself refuses the message (`ACCOUNT_MISSING`).
UNKNOWN_CHANNEL = Capabilities(surfaces=("private", "public"), text_limits=())


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryTimerPayload:
    """What the timer of a message carries. `key` is the person key; the message's id is in the timer's name.

    `attempt` is the number of the attempt that a `settle/` timer settles. `gates` is how many rate limits the message
    of a `slot/` timer has still to pass; None: all of them.
    """

    key: str
    attempt: int = 0
    gates: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTimerPayload:
    """What the timer of a hold carries: the id of the account's `AccountSends`, and the chat of a chat's hold."""

    account: str
    chat: str | None = None

    @property
    def hold_id(self) -> str:
        """The id of the hold, which is also `SendRecord.hold` of the messages that wait for it."""
        return self.account if self.chat is None else holds.chat_hold_id(self.account, self.chat)


@dataclass(frozen=True, slots=True)
class SendEffect:
    """The request of an effect: attempt number `attempt` to send a message, or to perform an action. Its result is an `AttemptResult`.

    `part` is the number (from 0) of the part of the message that is sent.
    """

    key: str
    attempt: int
    message: Outbound
    part: int = 0


@dataclass(frozen=True, slots=True)
class SendContext:
    """One batch of the sender.

    `rate_limiter` lives as long as the partition's owner. `settling` maps a person key to the number of inputs in the
    batch that may settle a message of that person.
    """

    work: UnitOfWork
    rate_limiter: RateLimiter
    dependencies: SendDependencies
    settling: Counter[str] = field(default_factory=Counter)

    @property
    def now(self) -> datetime:
        """The time of the batch."""
        return self.work.now

    def capabilities(self, channel: str) -> Capabilities:
        """The capabilities of a channel."""
        known = self.dependencies.channels.get(channel)
        return known.capabilities if known else UNKNOWN_CHANNEL

    def rate_limits(self, message: Outbound) -> list[Limit]:
        """The rate limits that a message passes, in order."""
        return limits_for(message, self.capabilities(message.channel), self.work.place.partitions)

    def record(self, message_id: str) -> SendRecord | None:
        """The record of a message."""
        return self.work.get(SENDS, message_id)

    def put_record(self, record: SendRecord) -> None:
        """Write the record of a message."""
        self.work.put(SENDS, record.message.id, record)

    def pending(self, key: str) -> tuple[str, ...]:
        """The ids of a person's messages that wait for the one which may be with the platform, in order."""
        queue = self.work.get(SEND_QUEUES, key)
        return queue.pending if queue else ()

    def held_by(self, hold_id: str) -> list[SendRecord]:
        """The messages in this batch that wait for a hold, in the order in which they were accepted."""
        records = [record for record in self.work.cached(SENDS).values() if record.hold == hold_id]
        return sorted(records, key=lambda record: (record.message.accepted_at, record.message.id))

    def account_sends(self, message: Outbound) -> tuple[str, AccountSends]:
        """The state of sending as the message's account, with its id."""
        partition = self.work.place.partition
        sends_id = holds.account_sends_id(partition, message)
        return sends_id, self.work.get(ACCOUNT_SENDS, sends_id) or holds.initial_sends(partition, message)

    def put_account_sends(self, sends_id: str, before: AccountSends, after: AccountSends) -> None:
        """Write the state of sending as an account, if it changed."""
        if after is not before:
            self.work.put(ACCOUNT_SENDS, sends_id, after)


def set_message_timer(
    context: SendContext,
    kind: Literal["slot", "retry", "settle"],
    message: Outbound,
    at: datetime,
    *,
    attempt: int = 0,
    gates: int | None = None,
) -> None:
    """Set a message's timer of this kind."""
    payload = DeliveryTimerPayload(key=message.key, attempt=attempt, gates=gates)
    context.work.set_timer(f"{kind}/{message.id}", at, encode(payload))


def message_timer(timer: TimerFired) -> tuple[str, DeliveryTimerPayload]:
    """The message id and the payload of a message's timer that fired."""
    return timer.name.split("/", 1)[1], codec_for(DeliveryTimerPayload).decode(timer.data)


def set_hold_timer(context: SendContext, hold: HoldTimerPayload, at: datetime) -> None:
    """End a hold at this time. It replaces an earlier timer of the same hold."""
    context.work.set_timer(f"hold/{hold.hold_id}", at, encode(hold))


def hold_timer(timer: TimerFired) -> HoldTimerPayload:
    """The payload of a hold's timer that fired."""
    return codec_for(HoldTimerPayload).decode(timer.data)
