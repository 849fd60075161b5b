"""The stage `sender`: each message once, one in flight per person, in the person's order.

`sending` is committed before anything goes out; what came of it returns as an input or, when the process died, a
timer settles it as unknown. A message is only tried again when the attempt before surely left nothing with the
platform, or when the receiver drops what it has already.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from schemas.accounts import AccountChanged
from schemas.channel import Capabilities
from schemas.outbound import OutboundMessage
from schemas.values import Json
from services.delivery import holds
from services.delivery.attempt import SendDependencies, attempt
from services.delivery.domain.outcomes import AttemptContext, AttemptResult, Outcome, decide_outcome, outcome_unknown
from services.delivery.rate_limits import RateLimiter
from services.delivery.steps import (
    RELEASE_BATCH_SIZE,
    DeliveryTimerPayload,
    HoldTimerPayload,
    SendContext,
    SendEffect,
    apply_outcome,
    end_hold,
    pending_behind_head,
    probe,
    start,
    timer,
)
from services.platform.processing.processor import EffectCompleted, Input, ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import Effect, UnitOfWork
from services.platform.store.port import Collection, Query
from services.records.sends import ACCOUNT_SENDS, SEND_QUEUES, SENDS, WRITER, SendQueue, SendRecord

NO_LIMITS = Capabilities(surfaces=("private", "public"), text_limit=0)
ACCOUNT_WRITTEN = "pasokh.control.account_changed"


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
        held = [h for h in (_hold_payload(work, one) for one in inputs) if h is not None]
        # Any: a fetch may name documents of several kinds.
        wanted: list[tuple[Collection[Any], Iterable[str]]] = [(SEND_QUEUES, keys), (SENDS, [m for _, m in subjects])]
        await work.preload(wanted)
        for hold in dict.fromkeys(one.hold for one in held):
            await work.query(SENDS, Query(SENDS.name, "hold", {"hold": hold}, limit=RELEASE_BATCH_SIZE))
        # Each input settles at most one message of its person, so no more than that many can come to the front.
        upcoming = [i for key, n in keys.items() for i in pending_behind_head(work, key)[:n]]
        await work.preload([(SENDS, upcoming)])
        messages = [*map(_message, inputs), *(record.message for record in work.cached(SENDS).values())]
        accounts = {holds.sends_id(work.place.partition, message) for message in messages if message is not None}
        await work.preload([(ACCOUNT_SENDS, [*accounts, *(one.account for one in held)])])

    def decide(self, work: UnitOfWork, memory: SenderMemory, received: Input) -> None:
        desk = SendContext(work, memory.limits, self._capabilities)
        match received:
            case ReceivedEvent() if received.event.type in _ON_EVENT:
                _ON_EVENT[received.event.type](desk, received)
            case TimerFired():
                _ON_WAKE_UP[received.name.split("/", 1)[0]](desk, received)
            case EffectCompleted():
                _on_result(desk, received)

    async def perform(self, effect: Effect) -> dict[str, Json]:
        """Attempt the send; the answer names its attempt and how it ended."""
        asked = SendEffect.model_validate(effect.data)
        if asked.message is None:
            raise ValueError(f"effect {effect.name} carries no message")
        result = await attempt(asked.message, effect.committed_now, self.outside)
        return SendEffect(key=asked.key, attempt=asked.attempt, result=result).model_dump(mode="json")

    def _capabilities(self, channel: str) -> Capabilities:
        known = self.outside.channels.get(channel)
        return known.capabilities if known else NO_LIMITS


# -- loading -----------------------------------------------------------------------------------------------------------


def _subject(received: Input) -> tuple[str, str] | None:
    """The person key and the message that an input is about; None for what is about no message."""
    if isinstance(received, ReceivedEvent):
        key, message = received.event.data.get("key"), received.event.data.get("id")
    else:
        key, message = received.data.get("key"), received.name.split("/", 1)[1]
    return (key, message) if isinstance(key, str) and isinstance(message, str) else None


def _message(received: Input) -> OutboundMessage | None:
    """The message that arrives with an input."""
    is_message = isinstance(received, ReceivedEvent) and received.event.type == "pasokh.outbound.message"
    return received.event.payload_as(OutboundMessage) if isinstance(received, ReceivedEvent) and is_message else None


def _hold_payload(work: UnitOfWork, received: Input) -> HoldTimerPayload | None:
    """The hold that an input is about."""
    if isinstance(received, TimerFired) and received.name.startswith("hold/"):
        return HoldTimerPayload.model_validate(received.data)
    if isinstance(received, ReceivedEvent) and received.event.type == ACCOUNT_WRITTEN:
        return HoldTimerPayload(account=_account_of(work, received))
    return None


def _account_of(work: UnitOfWork, event: ReceivedEvent) -> str:
    return f"{work.place.partition}/{event.event.payload_as(AccountChanged).name}"


# -- inputs ------------------------------------------------------------------------------------------------------------


def _on_message(context: SendContext, event: ReceivedEvent) -> None:
    message = event.event.payload_as(OutboundMessage)
    if context.send(message.id) is not None:
        return
    record = SendRecord(message=message, state="queued")
    queue = context.work.get(SEND_QUEUES, message.key)
    if queue is None:
        context.work.put(SEND_QUEUES, message.key, SendQueue(key=message.key, head=message.id))
        start(context, record)
    else:
        context.work.put(SENDS, message.id, record)
        waiting = (*queue.behind, message.id)
        context.work.put(SEND_QUEUES, message.key, queue.model_copy(update={"behind": waiting}))


def _on_account_written(context: SendContext, event: ReceivedEvent) -> None:
    """Whoever writes an account anew has mended its credentials, or thinks so: it is tried at once."""
    probe(context, _account_of(context.work, event))


def _on_rate_limit_slot(context: SendContext, timer: TimerFired) -> None:
    record = _send_in_state(context, timer, "waiting")
    if record is not None and record.hold is None:
        start(context, record, DeliveryTimerPayload.model_validate(timer.data).gates)


def _on_retry(context: SendContext, timer: TimerFired) -> None:
    record = _send_in_state(context, timer, "retry")
    if record is not None:
        start(context, record)


def _on_outcome_timeout(context: SendContext, timer: TimerFired) -> None:
    record = _send_in_state(context, timer, "sending")
    if record is not None and record.attempts == DeliveryTimerPayload.model_validate(timer.data).attempt:
        apply_outcome(
            context, record, _outcome_of(context, record, outcome_unknown(context.capabilities(record.message.channel)))
        )


def _on_hold(context: SendContext, timer: TimerFired) -> None:
    end_hold(context, HoldTimerPayload.model_validate(timer.data))


def _send_in_state(
    context: SendContext, timer: TimerFired, state: Literal["waiting", "retry", "sending"]
) -> SendRecord | None:
    record = context.send(timer.name.split("/", 1)[1])
    return record if record is not None and record.state == state else None


def _on_result(context: SendContext, effect: EffectCompleted) -> None:
    """Only the attempt that is still open listens: a late or repeated result changes nothing."""
    answer, record = SendEffect.model_validate(effect.data), context.send(effect.name.split("/", 1)[1])
    if record is None or answer.result is None or (record.state, record.attempts) != ("sending", answer.attempt):
        return
    context.work.cancel_timer(timer("settle", record))
    apply_outcome(context, record, _outcome_of(context, record, answer.result))


def _outcome_of(context: SendContext, record: SendRecord, result: AttemptResult) -> Outcome:
    since = record.first_tried_at or context.now
    return decide_outcome(
        result, AttemptContext(message=record.message.id, attempts=record.attempts, since=since, now=context.now)
    )


_ON_EVENT: Mapping[str, Callable[[SendContext, ReceivedEvent], None]] = {
    "pasokh.outbound.message": _on_message,
    ACCOUNT_WRITTEN: _on_account_written,
}
_ON_WAKE_UP: Mapping[str, Callable[[SendContext, TimerFired], None]] = {
    "slot": _on_rate_limit_slot,
    "retry": _on_retry,
    "settle": _on_outcome_timeout,
    "hold": _on_hold,
}
