"""The stage `sender`: each message once, one in flight per person, in the person's order.

`sending` is committed before anything goes out; what came of it returns as an input or, when the process died, a
timer settles it as unknown. A message is only tried again when the attempt before surely left nothing with the
platform, or when the receiver drops what it has already.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from schemas.accounts import AccountWritten
from schemas.channel import Capabilities
from schemas.outbound import OutboundMessage
from schemas.values import Json
from services.delivery import holds
from services.delivery.attempt import SendDependencies, attempt
from services.delivery.domain.outcomes import AttemptContext, Outcome, Result, decide_outcome, outcome_unknown
from services.delivery.rate_limits import RateLimiter
from services.delivery.steps import (
    RELEASED_AT_ONCE,
    Attempted,
    Desk,
    Handed,
    Held,
    behind,
    conclude,
    end_hold,
    probe,
    start,
    timer,
)
from services.platform.processing.processor import EffectCompleted, Input, ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import Effect, UnitOfWork
from services.platform.store.port import Collection, Query
from services.records.sends import ACCOUNT_SENDS, SEND_QUEUES, SENDS, WRITER, SendQueue, SendRecord

NO_LIMITS = Capabilities(surfaces=("private", "public"), text_limit=0)
ACCOUNT_WRITTEN = "pasokh.control.account_written"


@dataclass(slots=True)
class SenderMemory:
    """What a partition keeps between batches: rate limits, nothing that could not be lost."""

    limits: RateLimiter = field(default_factory=RateLimiter)


@dataclass(frozen=True, slots=True)
class Sender:
    """Reads `outbound`, tells `deliveries` what became of each message."""

    outside: SendDependencies
    group: str = WRITER
    topics: tuple[str, ...] = ("outbound",)

    def new_memory(self) -> SenderMemory:
        return SenderMemory()

    async def load(self, work: UnitOfWork, memory: SenderMemory, inputs: Sequence[Input]) -> None:
        """The queues of all persons here, their messages that the inputs name, those that may come next, and holds."""
        subjects = [s for s in map(_subject, inputs) if s is not None]
        keys = Counter(key for key, _ in subjects)
        held = [h for h in (_held(work, one) for one in inputs) if h is not None]
        # Any: a fetch may name documents of several kinds.
        wanted: list[tuple[Collection[Any], Iterable[str]]] = [(SEND_QUEUES, keys), (SENDS, [m for _, m in subjects])]
        await work.preload(wanted)
        for hold in dict.fromkeys(one.hold for one in held):
            await work.query(SENDS, Query(SENDS.name, "hold", {"hold": hold}, limit=RELEASED_AT_ONCE))
        # Each input settles at most one message of its person, so no more than that many can come to the front.
        upcoming = [i for key, n in keys.items() for i in behind(work, key)[:n]]
        await work.preload([(SENDS, upcoming)])
        messages = [*map(_message, inputs), *(record.message for record in work.cached(SENDS).values())]
        accounts = {holds.sends_id(work.place.partition, message) for message in messages if message is not None}
        await work.preload([(ACCOUNT_SENDS, [*accounts, *(one.account for one in held)])])

    def decide(self, work: UnitOfWork, memory: SenderMemory, one: Input) -> None:
        desk = Desk(work, memory.limits, self._capabilities)
        match one:
            case ReceivedEvent() if one.event.type in _ON_EVENT:
                _ON_EVENT[one.event.type](desk, one)
            case TimerFired():
                _ON_WAKE_UP[one.name.split("/", 1)[0]](desk, one)
            case EffectCompleted():
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


# -- loading -----------------------------------------------------------------------------------------------------------


def _subject(one: Input) -> tuple[str, str] | None:
    """The person key and the message that an input is about; None for what is about no message."""
    if isinstance(one, ReceivedEvent):
        key, message = one.event.data.get("key"), one.event.data.get("id")
    else:
        key, message = one.data.get("key"), one.name.split("/", 1)[1]
    return (key, message) if isinstance(key, str) and isinstance(message, str) else None


def _message(one: Input) -> OutboundMessage | None:
    """The message that arrives with an input."""
    is_message = isinstance(one, ReceivedEvent) and one.event.type == "pasokh.outbound.message"
    return one.event.payload_as(OutboundMessage) if isinstance(one, ReceivedEvent) and is_message else None


def _held(work: UnitOfWork, one: Input) -> Held | None:
    """The hold that an input is about."""
    if isinstance(one, TimerFired) and one.name.startswith("hold/"):
        return Held.model_validate(one.data)
    if isinstance(one, ReceivedEvent) and one.event.type == ACCOUNT_WRITTEN:
        return Held(account=_account_of(work, one))
    return None


def _account_of(work: UnitOfWork, one: ReceivedEvent) -> str:
    return f"{work.place.partition}/{one.event.payload_as(AccountWritten).name}"


# -- inputs ------------------------------------------------------------------------------------------------------------


def _on_message(desk: Desk, one: ReceivedEvent) -> None:
    message = one.event.payload_as(OutboundMessage)
    if desk.send(message.id) is not None:
        return
    record = SendRecord(message=message, state="queued")
    queue = desk.work.get(SEND_QUEUES, message.key)
    if queue is None:
        desk.work.put(SEND_QUEUES, message.key, SendQueue(key=message.key, head=message.id))
        start(desk, record)
    else:
        desk.work.put(SENDS, message.id, record)
        waiting = (*queue.behind, message.id)
        desk.work.put(SEND_QUEUES, message.key, queue.model_copy(update={"behind": waiting}))


def _on_account_written(desk: Desk, one: ReceivedEvent) -> None:
    """Whoever writes an account anew has mended its credentials, or thinks so: it is tried at once."""
    probe(desk, _account_of(desk.work, one))


def _on_rate_limit_slot(desk: Desk, one: TimerFired) -> None:
    record = _send_in_state(desk, one, "waiting")
    if record is not None and record.hold is None:
        start(desk, record, Handed.model_validate(one.data).gates)


def _on_retry(desk: Desk, one: TimerFired) -> None:
    record = _send_in_state(desk, one, "retry")
    if record is not None:
        start(desk, record)


def _on_outcome_timeout(desk: Desk, one: TimerFired) -> None:
    record = _send_in_state(desk, one, "sending")
    if record is not None and record.attempts == Handed.model_validate(one.data).attempt:
        conclude(desk, record, _outcome_of(desk, record, outcome_unknown(desk.capabilities(record.message.channel))))


def _on_hold(desk: Desk, one: TimerFired) -> None:
    end_hold(desk, Held.model_validate(one.data))


def _send_in_state(desk: Desk, one: TimerFired, state: Literal["waiting", "retry", "sending"]) -> SendRecord | None:
    record = desk.send(one.name.split("/", 1)[1])
    return record if record is not None and record.state == state else None


def _on_result(desk: Desk, one: EffectCompleted) -> None:
    """Only the attempt that is still open listens: a late or repeated result changes nothing."""
    answer, record = Attempted.model_validate(one.data), desk.send(one.name.split("/", 1)[1])
    if record is None or answer.result is None or (record.state, record.attempts) != ("sending", answer.attempt):
        return
    desk.work.cancel_timer(timer("settle", record))
    conclude(desk, record, _outcome_of(desk, record, answer.result))


def _outcome_of(desk: Desk, record: SendRecord, result: Result) -> Outcome:
    since = record.first_tried_at or desk.now
    return decide_outcome(
        result, AttemptContext(message=record.message.id, attempts=record.attempts, since=since, now=desk.now)
    )


_ON_EVENT: Mapping[str, Callable[[Desk, ReceivedEvent], None]] = {
    "pasokh.outbound.message": _on_message,
    ACCOUNT_WRITTEN: _on_account_written,
}
_ON_WAKE_UP: Mapping[str, Callable[[Desk, TimerFired], None]] = {
    "slot": _on_rate_limit_slot,
    "retry": _on_retry,
    "settle": _on_outcome_timeout,
    "hold": _on_hold,
}
