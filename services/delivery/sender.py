"""The stage `sender`: each message once, one in flight per person, in the person's order.

`sending` is committed before anything goes out; what came of it returns as an input or, when the process died, a
timer settles it as unknown. A message is only tried again when the attempt before surely left nothing with the
platform, or when the receiver drops what it has already.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from schemas.channel import Capabilities
from schemas.outbound import DeliveryFailed, DeliverySent, OutboundMessage
from schemas.values import Contract, Failure, Json, Sealed
from services.delivery.attempt import Outside, attempt
from services.delivery.domain import (
    SETTLE_AFTER,
    Again,
    Failed,
    Result,
    Sent,
    Tried,
    Verdict,
    judge,
    unknown_end,
)
from services.delivery.limits import Gate, Limits, account_of, gates_of
from services.records.sends import SEND_QUEUES, SENDS, WRITER, SendQueue, SendRecord
from services.runtime.stage import Arrived, Input, Performed, WakeUp
from services.runtime.store.port import Collection
from services.runtime.work import Effect, Work

NO_LIMITS = Capabilities(surfaces=("private", "public"), text_limit=0)


class Handed(Contract):
    """What a timer carries: whose message it is, the attempt that it settles, how many gates are still to pass."""

    key: str
    attempt: int = 0
    gates: int | None = None


class Attempted(Contract):
    """What an effect is given and (with the result) gives back."""

    key: str
    attempt: int
    message: OutboundMessage | None = None
    result: Result | None = None


@dataclass(slots=True)
class SenderMemory:
    """What a partition keeps between batches: rate limits and pauses, nothing that could not be lost."""

    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Sender:
    """Reads `outbound`, tells `deliveries` what became of each message."""

    outside: Outside
    group: str = WRITER
    topics: tuple[str, ...] = ("outbound",)

    def remember(self) -> SenderMemory:
        return SenderMemory()

    async def load(self, work: Work, memory: SenderMemory, inputs: Sequence[Input]) -> None:
        """The queues of all persons here, their messages that the inputs name, and those that may come next."""
        subjects = [s for s in map(_subject, inputs) if s is not None]
        keys = Counter(key for key, _ in subjects)
        # Any: a fetch may name documents of several kinds.
        wanted: list[tuple[Collection[Any], Iterable[str]]] = [(SEND_QUEUES, keys), (SENDS, [m for _, m in subjects])]
        await work.fetch(wanted)
        # Each input settles at most one message of its person, so no more than that many can come to the front.
        upcoming = [i for key, n in keys.items() for i in _behind(work, key)[:n]]
        await work.fetch([(SENDS, upcoming)])

    def decide(self, work: Work, memory: SenderMemory, one: Input) -> None:
        desk = _Desk(work, memory.limits, self._capabilities)
        match one:
            case Arrived() if one.event.type in _ON_EVENT:
                _ON_EVENT[one.event.type](desk, one)
            case WakeUp():
                _ON_WAKE_UP[one.name.split("/", 1)[0]](desk, one)
            case Performed():
                _on_result(desk, one)

    async def perform(self, effect: Effect) -> dict[str, Json]:
        """Attempt the send; the answer names its attempt and how it ended."""
        asked = Attempted.model_validate(effect.data)
        if asked.message is None:
            raise ValueError(f"effect {effect.name} carries no message")
        result = await attempt(asked.message, effect.committed_now, self.outside)
        return Attempted(key=asked.key, attempt=asked.attempt, result=result).model_dump(mode="json")

    def _capabilities(self, channel: str) -> Capabilities:
        known = self.outside.channels.get(channel)
        return known.capabilities if known else NO_LIMITS


@dataclass(frozen=True, slots=True)
class _Desk:
    """What deciding about one input needs."""

    work: Work
    limits: Limits
    capabilities: Callable[[str], Capabilities]

    @property
    def now(self) -> datetime:
        return self.work.now

    def send(self, message_id: str) -> SendRecord | None:
        return self.work.get(SENDS, message_id)

    def gates(self, message: OutboundMessage) -> list[Gate]:
        return gates_of(message, self.capabilities(message.channel), self.work.place.partitions)


def _subject(one: Input) -> tuple[str, str] | None:
    """The person key and the message that an input is about; None for what is not ours to handle."""
    if isinstance(one, Arrived):
        key, message = one.event.data.get("key"), one.event.data.get("id")
    else:
        key, message = one.data.get("key"), one.name.split("/", 1)[1]
    return (key, message) if isinstance(key, str) and isinstance(message, str) else None


def _behind(work: Work, key: str) -> tuple[str, ...]:
    queue = work.get(SEND_QUEUES, key)
    return queue.behind if queue else ()


# -- inputs ------------------------------------------------------------------------------------------------------------


def _on_message(desk: _Desk, one: Arrived) -> None:
    message = one.event.read(OutboundMessage)
    if desk.send(message.id) is not None:
        return
    record = SendRecord(message=message, state="queued")
    queue = desk.work.get(SEND_QUEUES, message.key)
    if queue is None:
        desk.work.put(SEND_QUEUES, message.key, SendQueue(key=message.key, head=message.id))
        _start(desk, record)
    else:
        desk.work.put(SENDS, message.id, record)
        behind = (*queue.behind, message.id)
        desk.work.put(SEND_QUEUES, message.key, queue.model_copy(update={"behind": behind}))


def _on_slot(desk: _Desk, one: WakeUp) -> None:
    record = _awaited(desk, one, "waiting")
    if record is not None:
        _start(desk, record, Handed.model_validate(one.data).gates)


def _on_retry(desk: _Desk, one: WakeUp) -> None:
    record = _awaited(desk, one, "retry")
    if record is not None:
        _start(desk, record)


def _on_settle(desk: _Desk, one: WakeUp) -> None:
    record = _awaited(desk, one, "sending")
    if record is not None and record.attempts == Handed.model_validate(one.data).attempt:
        _conclude(desk, record, _verdict(desk, record, unknown_end(desk.capabilities(record.message.channel))))


def _awaited(desk: _Desk, one: WakeUp, state: Literal["waiting", "retry", "sending"]) -> SendRecord | None:
    record = desk.send(one.name.split("/", 1)[1])
    return record if record is not None and record.state == state else None


def _on_result(desk: _Desk, one: Performed) -> None:
    """Only the attempt that is still open listens: a late or repeated result changes nothing."""
    answer, record = Attempted.model_validate(one.data), desk.send(one.name.split("/", 1)[1])
    if record is None or answer.result is None or (record.state, record.attempts) != ("sending", answer.attempt):
        return
    desk.work.unwake(_timer("settle", record))
    _conclude(desk, record, _verdict(desk, record, answer.result))


def _verdict(desk: _Desk, record: SendRecord, result: Result) -> Verdict:
    since = record.first_tried_at or desk.now
    return judge(result, Tried(message=record.message.id, attempts=record.attempts, since=since, now=desk.now))


# -- steps -------------------------------------------------------------------------------------------------------------


def _start(desk: _Desk, record: SendRecord, left: int | None = None) -> None:
    """Send now, or wait for the first gate (of the last `left`; None: of all) that is not open."""
    gates = desk.gates(record.message)
    left = len(gates) if left is None else min(left, len(gates))
    paused = desk.limits.paused_until(account_of(record.message), desk.now)
    if paused is not None:
        # Whoever waited through a pause takes a new slot of the account after it, else all would start at once.
        _wait(desk, record, paused, max(left, min(1, len(gates))))
        return
    for remaining in range(left, 0, -1):
        at = desk.limits.reserve(gates[-remaining], desk.now)
        if at > desk.now:
            _wait(desk, record, at, remaining - 1)
            return
    _send(desk, record)


def _wait(desk: _Desk, record: SendRecord, at: datetime, gates: int) -> None:
    _put(desk, record, state="waiting", due_at=at)
    handed = Handed(key=record.message.key, gates=gates)
    desk.work.wake(_timer("slot", record), at, handed.model_dump(mode="json"))


def _send(desk: _Desk, record: SendRecord) -> None:
    due, number = desk.now + SETTLE_AFTER, record.attempts + 1
    since = record.first_tried_at or desk.now
    _put(desk, record, state="sending", due_at=due, attempts=number, first_tried_at=since)
    handed = Handed(key=record.message.key, attempt=number)
    desk.work.wake(_timer("settle", record), due, handed.model_dump(mode="json"))
    asked = Attempted(key=record.message.key, attempt=number, message=record.message)
    desk.work.perform(f"send/{record.message.id}", asked.model_dump(mode="json"))


def _conclude(desk: _Desk, record: SendRecord, verdict: Verdict) -> None:
    match verdict:
        case Again():
            _retry(desk, record, verdict)
        case Sent():
            _settle_sent(desk, record, verdict)
        case Failed():
            _settle_failed(desk, record, verdict.error)


def _retry(desk: _Desk, record: SendRecord, again: Again) -> None:
    if again.pause_account:
        desk.limits.pause(account_of(record.message), again.at)
    _put(desk, record, state="retry", due_at=again.at)
    desk.work.wake(_timer("retry", record), again.at, Handed(key=record.message.key).model_dump(mode="json"))


def _settle_sent(desk: _Desk, record: SendRecord, sent: Sent) -> None:
    message = record.message
    _put(desk, _blank(record), state="sent", due_at=None, platform_id=sent.platform_id, settled_at=desk.now)
    fact = DeliverySent(
        message=message.id,
        conversation=message.conversation,
        key=message.key,
        platform_id=sent.platform_id,
        attempts=record.attempts,
        at=desk.now,
    )
    desk.work.emit("pasokh.delivery.sent", message.key, fact)
    _next(desk, message.key)


def _settle_failed(desk: _Desk, record: SendRecord, error: Failure) -> None:
    message = record.message
    _put(desk, _blank(record), state="failed", due_at=None, error=error, settled_at=desk.now)
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


def _next(desk: _Desk, key: str) -> None:
    """The person's next message, if there is one, goes in the same batch."""
    behind = _behind(desk.work, key)
    if not behind:
        desk.work.delete(SEND_QUEUES, key)
        return
    desk.work.put(SEND_QUEUES, key, SendQueue(key=key, head=behind[0], behind=behind[1:]))
    record = desk.send(behind[0])
    if record is None:
        raise LookupError(f"{behind[0]} is queued but has no record")
    _start(desk, record)


def _put(desk: _Desk, record: SendRecord, **changes: object) -> None:
    desk.work.put(SENDS, record.message.id, record.model_copy(update=changes))


def _blank(record: SendRecord) -> SendRecord:
    message = record.message.model_copy(update={"text": Sealed(text="")})
    return record.model_copy(update={"message": message})


def _timer(kind: Literal["slot", "retry", "settle"], record: SendRecord) -> str:
    return f"{kind}/{record.message.id}"


_ON_EVENT: Mapping[str, Callable[[_Desk, Arrived], None]] = {"pasokh.outbound.message": _on_message}
_ON_WAKE_UP: Mapping[str, Callable[[_Desk, WakeUp], None]] = {
    "slot": _on_slot,
    "retry": _on_retry,
    "settle": _on_settle,
}
