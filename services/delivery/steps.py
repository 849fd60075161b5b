"""The steps of one message: start, wait, send, try again, settle. Each reads and writes one batch."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from schemas.accounts import AccountWritten
from schemas.channel import Capabilities, Scope
from schemas.outbound import DeliveryFailed, DeliverySent, OutboundMessage
from schemas.values import Contract, EncryptedText, Failure
from services.delivery import holds
from services.delivery.domain.outcomes import ASSUME_UNKNOWN_AFTER, Failed, Locked, Outcome, Result, Retry, Sent
from services.delivery.rate_limits import RateLimit, RateLimiter, rate_limits_for
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.sends import ACCOUNT_SENDS, SEND_QUEUES, SENDS, AccountSends, SendQueue, SendRecord

RELEASED_AT_ONCE = 200
"""How many held messages go on in one batch."""


class Handed(Contract):
    """What a timer carries: whose message it is, the attempt that it settles, how many gates are still to pass."""

    key: str
    attempt: int = 0
    gates: int | None = None


class Held(Contract):
    """What the timer of a hold carries: the id of the account's sends, and the chat when it is one chat's."""

    account: str
    chat: str | None = None

    @property
    def hold(self) -> str:
        """The id by which messages wait for it."""
        return self.account if self.chat is None else holds.chat_hold(self.account, self.chat)


class Attempted(Contract):
    """What an effect is given and (with the result) gives back."""

    key: str
    attempt: int
    message: OutboundMessage | None = None
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """What deciding about one input needs."""

    work: UnitOfWork
    limits: RateLimiter
    capabilities: Callable[[str], Capabilities]

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
        return identity, self.work.get(ACCOUNT_SENDS, identity) or holds.sends_of(partition, message)

    def put_sends(self, identity: str, before: AccountSends, after: AccountSends) -> None:
        if after is not before:
            self.work.put(ACCOUNT_SENDS, identity, after)

    def held(self, hold: str) -> list[SendRecord]:
        """The messages of this batch that wait for a hold, the oldest first."""
        found = [record for record in self.work.cached(SENDS).values() if record.hold == hold]
        return sorted(found, key=lambda record: (record.message.accepted_at, record.message.id))


# -- starting ----------------------------------------------------------------------------------------------------------


def start(desk: Desk, record: SendRecord, left: int | None = None) -> None:
    """Send now, or wait: for the end of a hold, or for the first gate (of the last `left`; None: of all) that is shut."""
    identity, sends = desk.sends(record.message)
    hold = holds.hold_of(sends, identity, record.message.address.chat, desk.now)
    if hold is not None:
        # Whoever waited through a hold passes all gates after it, else all would start at once.
        put(desk, record, state="waiting", due_at=None, hold=hold)
        return
    gates = desk.gates(record.message)
    left = len(gates) if left is None else min(left, len(gates))
    for remaining in range(left, 0, -1):
        at = desk.limits.reserve(gates[-remaining], desk.now)
        if at > desk.now:
            _wait(desk, record, at, remaining - 1)
            return
    _send(desk, record)


def _wait(desk: Desk, record: SendRecord, at: datetime, gates: int) -> None:
    put(desk, record, state="waiting", due_at=at, hold=None)
    handed = Handed(key=record.message.key, gates=gates)
    desk.work.set_timer(timer("slot", record), at, handed.model_dump(mode="json"))


def _send(desk: Desk, record: SendRecord) -> None:
    due, number = desk.now + ASSUME_UNKNOWN_AFTER, record.attempts + 1
    since = record.first_tried_at or desk.now
    put(desk, record, state="sending", due_at=due, attempts=number, first_tried_at=since, hold=None)
    handed = Handed(key=record.message.key, attempt=number)
    desk.work.set_timer(timer("settle", record), due, handed.model_dump(mode="json"))
    asked = Attempted(key=record.message.key, attempt=number, message=record.message)
    desk.work.schedule_effect(f"send/{record.message.id}", asked.model_dump(mode="json"))


# -- holds -------------------------------------------------------------------------------------------------------------


def end_hold(desk: Desk, held: Held) -> None:
    """A hold came to its end, or was to be looked at again: what waits for it goes on, page by page."""
    sends = desk.work.get(ACCOUNT_SENDS, held.account)
    if sends is None:
        return
    until = sends.held_until if held.chat is None else sends.chats.get(held.chat)
    if until is not None and until > desk.now:
        wake_hold(desk, held, until)
    elif held.chat is None and holds.is_locked(sends):
        probe(desk, held.account)
    else:
        if held.chat is None and sends.held_for is not None:
            desk.put_sends(held.account, sends, holds.opened(sends))
            _tell_accounts(desk, sends)
        _release(desk, held)


def probe(desk: Desk, account: str) -> None:
    """Try with the oldest message whether the account is let in again. With none the next that comes tries it."""
    sends = desk.work.get(ACCOUNT_SENDS, account)
    if sends is None or not holds.is_locked(sends):
        return
    waiting = desk.held(account)
    if not waiting:
        desk.put_sends(account, sends, holds.opened(sends))
        return
    after = holds.probing(sends, waiting[0].message.id, desk.now)
    desk.put_sends(account, sends, after)
    wake_hold(desk, Held(account=account), after.held_until or desk.now)
    _send(desk, waiting[0])


def _release(desk: Desk, held: Held) -> None:
    waiting = desk.held(held.hold)[:RELEASED_AT_ONCE]
    for record in waiting:
        start(desk, record.model_copy(update={"hold": None}))
    if len(waiting) == RELEASED_AT_ONCE:
        wake_hold(desk, held, desk.now)


def wake_hold(desk: Desk, held: Held, at: datetime) -> None:
    """Look at a hold at this time, and not before."""
    desk.work.set_timer(f"hold/{held.hold}", at, held.model_dump(mode="json"))


def _quiet(desk: Desk, record: SendRecord, scope: Scope, until: datetime) -> None:
    """A platform asked for quiet in a chat, or for a whole account."""
    identity, before = desk.sends(record.message)
    chat = record.message.address.chat
    after = holds.limited(before, chat, scope, until, desk.now)
    desk.put_sends(identity, before, after)
    wake_hold(desk, Held(account=identity, chat=chat), after.chats[chat])
    if after.held_for == "limit" and after.held_until is not None:
        wake_hold(desk, Held(account=identity), after.held_until)
        if before.held_for is None:
            _tell_accounts(desk, after)


# -- results -----------------------------------------------------------------------------------------------------------


def conclude(desk: Desk, record: SendRecord, verdict: Outcome) -> None:
    """What follows from the end of an attempt, for the message and for those that wait for it."""
    if not isinstance(verdict, Locked):
        _answer_probe(desk, record)
    match verdict:
        case Retry():
            _retry(desk, record, verdict)
        case Locked():
            _lock(desk, record, verdict.error)
        case Sent():
            _settle_sent(desk, record, verdict)
        case Failed():
            _settle_failed(desk, record, verdict.error)


def _answer_probe(desk: Desk, record: SendRecord) -> None:
    """The message that tried a locked account was not refused for its credentials: the others go on."""
    identity, sends = desk.sends(record.message)
    if holds.is_locked(sends) and sends.probe == record.message.id:
        desk.put_sends(identity, sends, holds.opened(sends))
        wake_hold(desk, Held(account=identity), desk.now)
        _tell_accounts(desk, sends)


def _lock(desk: Desk, record: SendRecord, error: Failure) -> None:
    """Held, not lost: the day after which a message is given up begins when its account is let in again."""
    identity, before = desk.sends(record.message)
    after = holds.locked(before, record.message.id, error, desk.now)
    desk.put_sends(identity, before, after)
    put(desk, record, state="waiting", due_at=None, hold=identity, first_tried_at=None)
    wake_hold(desk, Held(account=identity), after.held_until or desk.now)
    if not holds.is_locked(before):
        _tell_accounts(desk, after)


def _tell_accounts(desk: Desk, sends: AccountSends) -> None:
    """Whoever watches accounts looks at this one now."""
    named = AccountWritten(workspace=sends.workspace, channel=sends.channel, account=sends.account)
    desk.work.emit("pasokh.control.account_held", sends.workspace, named, topic="accounts")


def _retry(desk: Desk, record: SendRecord, again: Retry) -> None:
    if again.quiet != "message":
        _quiet(desk, record, again.quiet, again.at)
    put(desk, record, state="retry", due_at=again.at, hold=None)
    desk.work.set_timer(timer("retry", record), again.at, Handed(key=record.message.key).model_dump(mode="json"))


def _settle_sent(desk: Desk, record: SendRecord, sent: Sent) -> None:
    message = record.message
    identity, sends = desk.sends(message)
    desk.put_sends(identity, sends, holds.noted_sent(sends, desk.now))
    put(desk, _blank(record), state="sent", due_at=None, platform_id=sent.platform_id, settled_at=desk.now)
    fact = DeliverySent(
        message=message.id,
        conversation=message.conversation,
        key=message.key,
        platform_id=sent.platform_id,
        address=sent.address,
        asked=message.address if sent.address is not None else None,
        attempts=record.attempts,
        at=desk.now,
    )
    desk.work.emit("pasokh.delivery.sent", message.key, fact)
    _next(desk, message.key)


def _settle_failed(desk: Desk, record: SendRecord, error: Failure) -> None:
    message = record.message
    identity, sends = desk.sends(message)
    desk.put_sends(identity, sends, holds.noted_refused(sends, error, desk.now))
    put(desk, _blank(record), state="failed", due_at=None, error=error, settled_at=desk.now)
    fact = DeliveryFailed(
        message=message.id,
        conversation=message.conversation,
        key=message.key,
        error=error,
        attempts=record.attempts,
        at=desk.now,
    )
    desk.work.emit("pasokh.delivery.failed", message.key, fact)
    _next(desk, message.key)


def _next(desk: Desk, key: str) -> None:
    """The person's next message, if there is one, goes in the same batch."""
    waiting = behind(desk.work, key)
    if not waiting:
        desk.work.delete(SEND_QUEUES, key)
        return
    desk.work.put(SEND_QUEUES, key, SendQueue(key=key, head=waiting[0], behind=waiting[1:]))
    record = desk.send(waiting[0])
    if record is None:
        raise LookupError(f"{waiting[0]} is queued but has no record")
    start(desk, record)


def behind(work: UnitOfWork, key: str) -> tuple[str, ...]:
    """The messages of a person that wait for the one that is on its way."""
    queue = work.get(SEND_QUEUES, key)
    return queue.behind if queue else ()


def put(desk: Desk, record: SendRecord, **changes: object) -> None:
    """Write a message's record with these changes."""
    desk.work.put(SENDS, record.message.id, record.model_copy(update=changes))


def _blank(record: SendRecord) -> SendRecord:
    message = record.message.model_copy(update={"text": EncryptedText(text="")})
    return record.model_copy(update={"message": message, "hold": None})


def timer(kind: Literal["slot", "retry", "settle"], record: SendRecord) -> str:
    """The name of a message's timer."""
    return f"{kind}/{record.message.id}"
