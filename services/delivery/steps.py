"""The steps of one message: start, wait, send, try again, settle. Each reads and writes one batch."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from schemas.accounts import AccountChanged
from schemas.channel import Capabilities, Scope
from schemas.outbound import DeliveryFailed, DeliverySent, OutboundMessage
from schemas.values import EncryptedText, Failure
from services.delivery import holds
from services.delivery.attempt import SendDependencies
from services.delivery.domain.outcomes import ASSUME_UNKNOWN_AFTER, Failed, Locked, Outcome, Retry, Sent
from services.delivery.rate_limits import RateLimit, RateLimiter, rate_limits_for
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.codec import encode
from services.records.sends import ACCOUNT_SENDS, SEND_QUEUES, SENDS, AccountSends, SendQueue, SendRecord

NO_LIMITS = Capabilities(surfaces=("private", "public"), text_limit=0)
RELEASE_BATCH_SIZE = 200
"""How many held messages go on in one batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryTimerPayload:
    """What a timer carries: whose message it is, the attempt that it settles, how many gates are still to pass."""

    key: str
    attempt: int = 0
    gates: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTimerPayload:
    """What the timer of a hold carries: the id of the account's sends, and the chat when it is one chat's."""

    account: str
    chat: str | None = None

    @property
    def hold(self) -> str:
        """The id by which messages wait for it."""
        return self.account if self.chat is None else holds.chat_hold(self.account, self.chat)


@dataclass(frozen=True, slots=True)
class SendEffect:
    """The request of an effect: one attempt to send a message. Its result is an `AttemptResult`."""

    key: str
    attempt: int
    message: OutboundMessage


@dataclass(frozen=True, slots=True)
class SendContext:
    """One batch of the sender.

    `limits` is what a partition keeps in memory: nothing that could not be lost. `settling`: person key → how many of
    the batch's inputs may settle a message of theirs.
    """

    work: UnitOfWork
    limits: RateLimiter
    dependencies: SendDependencies
    settling: Counter[str] = field(default_factory=Counter)

    def capabilities(self, channel: str) -> Capabilities:
        """What a channel can do."""
        known = self.dependencies.channels.get(channel)
        return known.capabilities if known else NO_LIMITS

    @property
    def now(self) -> datetime:
        return self.work.now

    def send(self, message_id: str) -> SendRecord | None:
        return self.work.get(SENDS, message_id)

    def gates(self, message: OutboundMessage) -> list[RateLimit]:
        return rate_limits_for(message, self.capabilities(message.channel), self.work.place.partitions)

    def sends(self, message: OutboundMessage) -> tuple[str, AccountSends]:
        """The id and the state of the account of a message."""
        partition = self.work.place.partition
        identity = holds.sends_id(partition, message)
        return identity, self.work.get(ACCOUNT_SENDS, identity) or holds.initial_sends(partition, message)

    def put_sends(self, identity: str, before: AccountSends, after: AccountSends) -> None:
        if after is not before:
            self.work.put(ACCOUNT_SENDS, identity, after)

    def held(self, hold: str) -> list[SendRecord]:
        """The messages of this batch that wait for a hold, the oldest first."""
        records = [record for record in self.work.cached(SENDS).values() if record.hold == hold]
        return sorted(records, key=lambda record: (record.message.accepted_at, record.message.id))


# -- starting ----------------------------------------------------------------------------------------------------------


def start(context: SendContext, record: SendRecord, left: int | None = None) -> None:
    """Send now, or wait: for the end of a hold, or for the first gate (of the last `left`; None: of all) that is shut."""
    identity, sends = context.sends(record.message)
    hold = holds.find_hold(sends, identity, record.message.address.chat, context.now)
    if hold is not None:
        # Whoever waited through a hold passes all gates after it, else all would start at once.
        put(context, replace(record, state="waiting", due_at=None, hold=hold))
        return
    gates = context.gates(record.message)
    left = len(gates) if left is None else min(left, len(gates))
    for remaining in range(left, 0, -1):
        at = context.limits.reserve(gates[-remaining], context.now)
        if at > context.now:
            _wait(context, record, at, remaining - 1)
            return
    _send(context, record)


def _wait(context: SendContext, record: SendRecord, at: datetime, gates: int) -> None:
    put(context, replace(record, state="waiting", due_at=at, hold=None))
    handed = DeliveryTimerPayload(key=record.message.key, gates=gates)
    context.work.set_timer(timer("slot", record), at, encode(handed))


def _send(context: SendContext, record: SendRecord) -> None:
    due, number = context.now + ASSUME_UNKNOWN_AFTER, record.attempts + 1
    since = record.first_tried_at or context.now
    put(context, replace(record, state="sending", due_at=due, attempts=number, first_tried_at=since, hold=None))
    handed = DeliveryTimerPayload(key=record.message.key, attempt=number)
    context.work.set_timer(timer("settle", record), due, encode(handed))
    effect = SendEffect(key=record.message.key, attempt=number, message=record.message)
    context.work.schedule_effect(f"send/{record.message.id}", effect)


# -- holds -------------------------------------------------------------------------------------------------------------


def end_hold(context: SendContext, held: HoldTimerPayload) -> None:
    """A hold came to its end, or was to be looked at again: what waits for it goes on, page by page."""
    sends = context.work.get(ACCOUNT_SENDS, held.account)
    if sends is None:
        return
    until = sends.held_until if held.chat is None else sends.chats.get(held.chat)
    if until is not None and until > context.now:
        set_hold_timer(context, held, until)
    elif held.chat is None and holds.is_locked(sends):
        probe(context, held.account)
    else:
        if held.chat is None and sends.held_for is not None:
            context.put_sends(held.account, sends, holds.opened(sends))
            _emit_account_hold(context, sends)
        _release(context, held)


def probe(context: SendContext, account: str) -> None:
    """Try with the oldest message whether the account is let in again. With none the next that comes tries it."""
    sends = context.work.get(ACCOUNT_SENDS, account)
    if sends is None or not holds.is_locked(sends):
        return
    waiting = context.held(account)
    if not waiting:
        context.put_sends(account, sends, holds.opened(sends))
        return
    after = holds.probing(sends, waiting[0].message.id, context.now)
    context.put_sends(account, sends, after)
    set_hold_timer(context, HoldTimerPayload(account=account), after.held_until or context.now)
    _send(context, waiting[0])


def _release(context: SendContext, held: HoldTimerPayload) -> None:
    waiting = context.held(held.hold)[:RELEASE_BATCH_SIZE]
    for record in waiting:
        start(context, replace(record, hold=None))
    if len(waiting) == RELEASE_BATCH_SIZE:
        set_hold_timer(context, held, context.now)


def set_hold_timer(context: SendContext, held: HoldTimerPayload, at: datetime) -> None:
    """Look at a hold at this time, and not before."""
    context.work.set_timer(f"hold/{held.hold}", at, encode(held))


def _hold_scope(context: SendContext, record: SendRecord, scope: Scope, until: datetime) -> None:
    """A platform asked for quiet in a chat, or for a whole account."""
    identity, before = context.sends(record.message)
    chat = record.message.address.chat
    after = holds.limited(before, chat, scope, until, context.now)
    context.put_sends(identity, before, after)
    set_hold_timer(context, HoldTimerPayload(account=identity, chat=chat), after.chats[chat])
    if after.held_for == "limit" and after.held_until is not None:
        set_hold_timer(context, HoldTimerPayload(account=identity), after.held_until)
        if before.held_for is None:
            _emit_account_hold(context, after)


# -- results -----------------------------------------------------------------------------------------------------------


def apply_outcome(context: SendContext, record: SendRecord, verdict: Outcome) -> None:
    """What follows from the end of an attempt, for the message and for those that wait for it."""
    if not isinstance(verdict, Locked):
        _answer_probe(context, record)
    match verdict:
        case Retry():
            _retry(context, record, verdict)
        case Locked():
            _lock(context, record, verdict.error)
        case Sent():
            _record_sent(context, record, verdict)
        case Failed():
            _record_failed(context, record, verdict.error)


def _answer_probe(context: SendContext, record: SendRecord) -> None:
    """The message that tried a locked account was not refused for its credentials: the others go on."""
    identity, sends = context.sends(record.message)
    if holds.is_locked(sends) and sends.probe == record.message.id:
        context.put_sends(identity, sends, holds.opened(sends))
        set_hold_timer(context, HoldTimerPayload(account=identity), context.now)
        _emit_account_hold(context, sends)


def _lock(context: SendContext, record: SendRecord, error: Failure) -> None:
    """Held, not lost: the day after which a message is given up begins when its account is let in again."""
    identity, before = context.sends(record.message)
    after = holds.locked(before, record.message.id, error, context.now)
    context.put_sends(identity, before, after)
    put(context, replace(record, state="waiting", due_at=None, hold=identity, first_tried_at=None))
    set_hold_timer(context, HoldTimerPayload(account=identity), after.held_until or context.now)
    if not holds.is_locked(before):
        _emit_account_hold(context, after)


def _emit_account_hold(context: SendContext, sends: AccountSends) -> None:
    """Whoever watches accounts looks at this one now."""
    named = AccountChanged(workspace=sends.workspace, channel=sends.channel, account=sends.account)
    context.work.emit("pasokh.control.account_sending_changed", sends.workspace, named, topic="accounts")


def _retry(context: SendContext, record: SendRecord, retry: Retry) -> None:
    if retry.quiet != "message":
        _hold_scope(context, record, retry.quiet, retry.at)
    put(context, replace(record, state="retry", due_at=retry.at, hold=None))
    context.work.set_timer(timer("retry", record), retry.at, encode(DeliveryTimerPayload(key=record.message.key)))


def _record_sent(context: SendContext, record: SendRecord, sent: Sent) -> None:
    message = record.message
    identity, sends = context.sends(message)
    context.put_sends(identity, sends, holds.with_success(sends, context.now))
    put(
        context,
        replace(
            _with_text_erased(record),
            state="sent",
            due_at=None,
            platform_id=sent.platform_id,
            settled_at=context.now,
        ),
    )
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
    _next(context, message.key)


def _record_failed(context: SendContext, record: SendRecord, error: Failure) -> None:
    message = record.message
    identity, sends = context.sends(message)
    context.put_sends(identity, sends, holds.with_rate_limited(sends, error, context.now))
    put(context, replace(_with_text_erased(record), state="failed", due_at=None, error=error, settled_at=context.now))
    fact = DeliveryFailed(
        message=message.id,
        conversation=message.conversation,
        key=message.key,
        error=error,
        attempts=record.attempts,
        at=context.now,
    )
    context.work.emit("pasokh.delivery.failed", message.key, fact)
    _next(context, message.key)


def _next(context: SendContext, key: str) -> None:
    """The person's next message, if there is one, goes in the same batch."""
    waiting = pending_behind_head(context.work, key)
    if not waiting:
        context.work.delete(SEND_QUEUES, key)
        return
    context.work.put(SEND_QUEUES, key, SendQueue(key=key, head=waiting[0], pending=waiting[1:]))
    record = context.send(waiting[0])
    if record is None:
        raise LookupError(f"{waiting[0]} is queued but has no record")
    start(context, record)


def pending_behind_head(work: UnitOfWork, key: str) -> tuple[str, ...]:
    """The messages of a person that wait for the one that is on its way."""
    queue = work.get(SEND_QUEUES, key)
    return queue.pending if queue else ()


def put(context: SendContext, record: SendRecord) -> None:
    """Write a message's record."""
    context.work.put(SENDS, record.message.id, record)


def _with_text_erased(record: SendRecord) -> SendRecord:
    message = record.message.model_copy(update={"text": EncryptedText(text="")})
    return replace(record, message=message, hold=None)


def timer(kind: Literal["slot", "retry", "settle"], record: SendRecord) -> str:
    """The name of a message's timer."""
    return f"{kind}/{record.message.id}"
