"""The stage `webhooks`: each fact to each subscription that wants it, at least once, in no promised order.

A line is a subscription in one partition: a bounded number of its deliveries is in flight, the others wait in the
ledger. `sending` is committed before a call goes out; when the process dies, a timer settles it as not arrived.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from schemas.configuration import Versioned, WorkspaceConfiguration
from schemas.envelope import Event
from schemas.topics import is_fact
from schemas.values import Contract, Json, instant_text
from schemas.webhooks import Webhook, WebhookReplay
from services.platform.bus.port import partition_of
from services.platform.processing.processor import EffectCompleted, Input, ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import Effect, UnitOfWork
from services.platform.store.collections import FACTS, Fact
from services.platform.store.port import Collection, DocumentPage, Query
from services.records.configuration import Configurations
from services.records.subscriptions import (
    WEBHOOK_DELIVERIES,
    WEBHOOK_ENDPOINTS,
    WRITER,
    DeliveryAttempt,
    DeliveryRecord,
    EndpointState,
    delivery_id,
    endpoint_id,
)
from services.subscriptions.domain import (
    ASSUME_UNKNOWN_AFTER,
    CIRCUIT_RETRY_AFTER,
    IN_FLIGHT,
    MAX_RETRY_PERIOD,
    CallResult,
    circuit_open_seconds,
    classify,
    next_try,
)
from services.subscriptions.post import PostDependencies, call

REPLAY_TYPE = "pasokh.control.webhook_replay"
RETENTION, MAX_ATTEMPTS_KEPT, REPLAYED_AT_ONCE, PURGED_AT_ONCE = timedelta(days=30), 10, 200, 500
PURGE, REPLAY = "purge", "replay/"


class EndpointTimerPayload(Contract):
    """What timers and effects carry: whose line, and which delivery and attempt."""

    workspace: str
    webhook: str
    event: str | None = None
    attempt: int = 0
    result: CallResult | None = None

    @property
    def delivery(self) -> str:
        """The id of the delivery that it is about."""
        return delivery_id(self.workspace, self.webhook, self.event or "")


class ReplayCursor(WebhookReplay):
    """A replay of a span of time, and how far it came."""

    cursor: str | None = None


@dataclass(slots=True)
class WebhooksMemory:
    """What a batch read besides documents."""

    configurations: dict[str, WorkspaceConfiguration] = field(default_factory=dict)
    pages: dict[str, DocumentPage] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WebhooksStage:
    """Reads facts, posts them to integrators."""

    outside: PostDependencies
    read: Configurations = field(default_factory=Configurations)
    group: str = WRITER
    topics: tuple[str, ...] = ("conversations", "sla")
    # Webhooks are told things afterwards; a moment more of it leaves the moment to the router.
    linger_seconds: float = 0.05

    def new_memory(self) -> WebhooksMemory:
        return WebhooksMemory()

    async def load(self, work: UnitOfWork, memory: WebhooksMemory, inputs: Sequence[Input]) -> None:
        replays = [one for one in inputs if isinstance(one, TimerFired) and one.name.startswith(REPLAY)]
        memory.pages = {one.name: await _page(work, one) for one in replays}
        workspaces = {w for w in map(_workspace, inputs) if w is not None}
        memory.configurations = await self.read.current(work.reader, workspaces) if workspaces else {}
        await _fetch(work, memory, inputs)
        lines = [handed for handed in map(_handed, inputs) if handed is not None]
        for line in dict.fromkeys(endpoint_id(work.place.partition, h.workspace, h.webhook) for h in lines):
            await _load_waiting(work, line, IN_FLIGHT + len(lines) + 1)
        if any(isinstance(one, TimerFired) and one.name == PURGE for one in inputs):
            equals: dict[str, Json] = {"partition": work.place.partition}
            query = Query(WEBHOOK_DELIVERIES.name, "expiry", equals, below=instant_text(work.now), limit=PURGED_AT_ONCE)
            await work.query(WEBHOOK_DELIVERIES, query)

    def decide(self, work: UnitOfWork, memory: WebhooksMemory, one: Input) -> None:
        desk = _EndpointContext(work, memory)
        match one:
            case ReceivedEvent() if one.event.type == REPLAY_TYPE:
                _on_replay(desk, one)
            case ReceivedEvent() if is_fact(one.event.type):
                _on_fact(desk, one.event)
            case TimerFired():
                _ON_WAKE_UP[one.name.split("/", 1)[0]](desk, one)
            case EffectCompleted():
                _on_result(desk, one)

    async def perform(self, effect: Effect) -> dict[str, Json]:
        """Make the call; the answer names its attempt and how it ended."""
        asked = EndpointTimerPayload.model_validate(effect.data)
        result = await call(asked.workspace, asked.webhook, asked.event or "", self.outside)
        return asked.model_copy(update={"result": result}).model_dump(mode="json")


@dataclass(frozen=True, slots=True)
class _EndpointContext:
    """What deciding about one input needs."""

    work: UnitOfWork
    memory: WebhooksMemory

    @property
    def now(self) -> datetime:
        return self.work.now

    def subscriptions(self, workspace: str) -> Mapping[str, Versioned[Webhook]]:
        configuration = self.memory.configurations.get(workspace)
        return configuration.webhooks if configuration else {}

    def line(self, workspace: str, webhook: str) -> EndpointState:
        found = self.work.get(WEBHOOK_ENDPOINTS, endpoint_id(self.work.place.partition, workspace, webhook))
        return found or EndpointState(workspace=workspace, webhook=webhook)

    def keep(self, line: EndpointState) -> None:
        self.work.put(WEBHOOK_ENDPOINTS, endpoint_id(self.work.place.partition, line.workspace, line.webhook), line)

    def waiting(self, line: EndpointState) -> list[tuple[str, DeliveryRecord]]:
        """Pending deliveries of the line that this batch knows, the one that is due first first."""
        name = endpoint_id(self.work.place.partition, line.workspace, line.webhook)
        held = self.work.cached(WEBHOOK_DELIVERIES).items()
        found = [(i, d) for i, d in held if d.line == name and d.state == "pending" and d.next_at is not None]
        return sorted(found, key=lambda pair: (pair[1].next_at or pair[1].at, pair[0]))


# -- loading -----------------------------------------------------------------------------------------------------------


def _handed(one: Input) -> EndpointTimerPayload | None:
    """The line that a timer or a result is about; None for all else."""
    if isinstance(one, ReceivedEvent) or "webhook" not in one.data or _is_replay(one):
        return None
    return EndpointTimerPayload.model_validate(one.data)


def _workspace(one: Input) -> str | None:
    if isinstance(one, ReceivedEvent):
        return one.event.workspace if is_fact(one.event.type) or one.event.type == REPLAY_TYPE else None
    found = one.data.get("workspace")
    return found if isinstance(found, str) else None


def _is_replay(one: Input) -> bool:
    return isinstance(one, TimerFired) and one.name.startswith(REPLAY)


async def _page(work: UnitOfWork, one: TimerFired) -> DocumentPage:
    """The next facts of a replay, parsed when they are decided about."""
    progress = ReplayCursor.model_validate(one.data)
    return await work.reader.query(
        Query(
            FACTS.name,
            "workspace",
            {"workspace": progress.workspace},
            at_least=instant_text(progress.since) if progress.since else None,
            below=instant_text(progress.until) if progress.until else None,
            limit=REPLAYED_AT_ONCE,
            after=progress.cursor,
        )
    )


async def _fetch(work: UnitOfWork, memory: WebhooksMemory, inputs: Sequence[Input]) -> None:
    """Lines and deliveries that the inputs are about, and the facts that are to be sent again."""
    pairs: dict[tuple[str, str], set[str]] = {}
    replayed: list[str] = []
    for one in inputs:
        for workspace, webhook, event in _subjects(memory, one):
            pairs.setdefault((workspace, webhook), set()).add(event)
        if isinstance(one, ReceivedEvent) and one.event.type == REPLAY_TYPE:
            named = one.event.payload_as(WebhookReplay).event
            replayed += [named] if named else []
    deliveries = [delivery_id(w, h, event) for (w, h), events in pairs.items() for event in events if event]
    # Any: a fetch may name documents of several kinds.
    wanted: list[tuple[Collection[Any], Iterable[str]]] = [
        (WEBHOOK_ENDPOINTS, [endpoint_id(work.place.partition, w, h) for w, h in pairs]),
        (WEBHOOK_DELIVERIES, deliveries),
        (FACTS, replayed),
    ]
    await work.preload(wanted)


def _subjects(memory: WebhooksMemory, one: Input) -> list[tuple[str, str, str]]:
    """(workspace, webhook, event) that an input may touch."""
    if isinstance(one, ReceivedEvent) and one.event.type == REPLAY_TYPE:
        replay = one.event.payload_as(WebhookReplay)
        return [(replay.workspace, replay.webhook, replay.event or "")]
    if isinstance(one, ReceivedEvent):
        wanting = _matching_subscriptions(memory, one.event) if is_fact(one.event.type) else []
        return [(one.event.workspace, name, one.event.id) for name, _ in wanting]
    if _is_replay(one):
        progress = ReplayCursor.model_validate(one.data)
        return [(progress.workspace, progress.webhook, event) for event, _ in memory.pages[one.name].items]
    handed = _handed(one)
    return [(handed.workspace, handed.webhook, handed.event or "")] if handed else []


def _matching_subscriptions(memory: WebhooksMemory, event: Event) -> list[tuple[str, Versioned[Webhook]]]:
    configuration = memory.configurations.get(event.workspace)
    subscriptions = configuration.webhooks if configuration else {}
    return [(name, kept) for name, kept in subscriptions.items() if kept.body.matches(event.type)]


async def _load_waiting(work: UnitOfWork, line: str, limit: int) -> None:
    equals: dict[str, Json] = {"line": line, "state": "pending"}
    await work.query(WEBHOOK_DELIVERIES, Query(WEBHOOK_DELIVERIES.name, "line", equals, limit=limit))


# -- inputs ------------------------------------------------------------------------------------------------------------


def _on_fact(desk: _EndpointContext, event: Event) -> None:
    for name, kept in _matching_subscriptions(desk.memory, event):
        _enqueue(desk, name, kept, event)


def _on_replay(desk: _EndpointContext, one: ReceivedEvent) -> None:
    """One fact at once; a span of time page by page, each page an input of its own."""
    replay = one.event.payload_as(WebhookReplay)
    kept = desk.subscriptions(replay.workspace).get(replay.webhook)
    if kept is None:
        return
    if replay.event is None:
        progress = ReplayCursor(**replay.model_dump())
        desk.work.set_timer(f"{REPLAY}{one.event.id}", desk.now, progress.model_dump(mode="json"))
        return
    fact = desk.work.get(FACTS, replay.event)
    if fact is not None and fact.workspace == replay.workspace:
        _enqueue(desk, replay.webhook, kept, fact)


def _on_replay_page(desk: _EndpointContext, one: TimerFired) -> None:
    progress, page = ReplayCursor.model_validate(one.data), desk.memory.pages[one.name]
    kept = desk.subscriptions(progress.workspace).get(progress.webhook)
    if kept is None:
        return
    place = desk.work.place
    for _, document in page.items:
        fact = Fact.model_validate(document)
        if partition_of(fact.partitionkey, place.partitions) == place.partition and kept.body.matches(fact.type):
            _enqueue(desk, progress.webhook, kept, fact)
    if page.next is not None:
        further = progress.model_copy(update={"cursor": page.next})
        desk.work.set_timer(one.name, desk.now, further.model_dump(mode="json"))


def _on_endpoint_timer(desk: _EndpointContext, one: TimerFired) -> None:
    handed = EndpointTimerPayload.model_validate(one.data)
    _drain_endpoint_queue(desk, desk.line(handed.workspace, handed.webhook))


def _on_settle(desk: _EndpointContext, one: TimerFired) -> None:
    lost = CallResult(detail="the process ended before the answer came", ended=False)
    _settle(desk, EndpointTimerPayload.model_validate(one.data), lost)


def _on_result(desk: _EndpointContext, one: EffectCompleted) -> None:
    handed = EndpointTimerPayload.model_validate(one.data)
    if handed.result is not None:
        _settle(desk, handed, handed.result)


def _on_purge(desk: _EndpointContext, one: TimerFired) -> None:
    """Forget what was settled long ago; what still waits by then was given up long before."""
    expired = [i for i, d in desk.work.cached(WEBHOOK_DELIVERIES).items() if d.expires_at <= desk.now]
    for identity in expired:
        desk.work.delete(WEBHOOK_DELIVERIES, identity)
    if expired:
        desk.work.set_timer(PURGE, desk.now)


_ON_WAKE_UP: Mapping[str, Callable[[_EndpointContext, TimerFired], None]] = {
    "line": _on_endpoint_timer,
    "settle": _on_settle,
    "replay": _on_replay_page,
    PURGE: _on_purge,
}


# -- steps -------------------------------------------------------------------------------------------------------------


def _enqueue(desk: _EndpointContext, webhook: str, kept: Versioned[Webhook], event: Event) -> None:
    """Put a fact on its way to a subscription; one that is under way already stays as it is."""
    line = desk.line(event.workspace, webhook)
    if line.gone == kept.version:
        return
    if line.gone is not None:
        line = line.model_copy(update={"gone": None, "failures": 0, "paused_until": None})
    identity = delivery_id(event.workspace, webhook, event.id)
    earlier = desk.work.get(WEBHOOK_DELIVERIES, identity)
    if earlier is not None and earlier.state in ("pending", "sending"):
        return
    conversation = event.data.get("conversation")
    record = DeliveryRecord(
        workspace=event.workspace,
        webhook=webhook,
        event=event.id,
        type=event.type,
        conversation=conversation if isinstance(conversation, str) else None,
        line=endpoint_id(desk.work.place.partition, event.workspace, webhook),
        partition=desk.work.place.partition,
        at=desk.now,
        next_at=desk.now,
        recent_attempts=earlier.recent_attempts if earlier else [],
        expires_at=desk.now + RETENTION,
    )
    desk.work.put(WEBHOOK_DELIVERIES, identity, record)
    desk.work.set_timer(PURGE, desk.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1))
    if _may_start(desk, line):
        line = _start(desk, line, identity, record)
    elif not line.sending:
        _schedule_wakeup(desk, line, line.paused_until or desk.now)
    desk.keep(line)


def _may_start(desk: _EndpointContext, line: EndpointState) -> bool:
    paused = line.paused_until is not None and desk.now < line.paused_until
    return not paused and len(line.sending) < (1 if line.failures else IN_FLIGHT)


def _start(desk: _EndpointContext, line: EndpointState, identity: str, record: DeliveryRecord) -> EndpointState:
    attempt = record.attempts + 1
    started = record.model_copy(update={"state": "sending", "attempts": attempt, "next_at": None})
    desk.work.put(WEBHOOK_DELIVERIES, identity, started)
    handed = EndpointTimerPayload(
        workspace=record.workspace, webhook=record.webhook, event=record.event, attempt=attempt
    )
    data = handed.model_dump(mode="json", exclude={"result"})
    desk.work.set_timer(f"settle/{identity}", desk.now + ASSUME_UNKNOWN_AFTER, data)
    desk.work.schedule_effect(f"call/{identity}", data)
    return line.model_copy(update={"sending": (*line.sending, identity)})


def _settle(desk: _EndpointContext, handed: EndpointTimerPayload, result: CallResult) -> None:
    """Only the attempt that is still open listens: a late or repeated result changes nothing."""
    record = desk.work.get(WEBHOOK_DELIVERIES, handed.delivery)
    if record is None or (record.state, record.attempts) != ("sending", handed.attempt):
        return
    desk.work.cancel_timer(f"settle/{handed.delivery}")
    line = desk.line(handed.workspace, handed.webhook)
    line = line.model_copy(update={"sending": tuple(one for one in line.sending if one != handed.delivery)})
    if not result.started:
        # Nobody was asked, so it is no try, and nothing against the endpoint.
        waits = {"state": "pending", "attempts": record.attempts - 1, "next_at": desk.now + CIRCUIT_RETRY_AFTER}
        desk.work.put(WEBHOOK_DELIVERIES, handed.delivery, record.model_copy(update=waits))
        _drain_endpoint_queue(desk, line)
        return
    end = classify(result)
    again = next_try(handed.delivery, record.attempts, desk.now, result.after) if end == "again" else None
    state = "delivered" if end == "delivered" else "failed" if again is None else "pending"
    done = DeliveryAttempt(at=desk.now, status=result.status, detail=result.detail)
    changed = {
        "state": state,
        "next_at": again,
        "recent_attempts": [*record.recent_attempts, done][-MAX_ATTEMPTS_KEPT:],
    }
    desk.work.put(WEBHOOK_DELIVERIES, handed.delivery, record.model_copy(update=changed))
    if end == "gone":
        kept = desk.subscriptions(handed.workspace).get(handed.webhook)
        line = line.model_copy(update={"gone": kept.version if kept else 0})
    if end == "delivered":
        line = _record_success(line)
    elif result.ended:
        line = _record_failure(line, desk.now)
    _drain_endpoint_queue(desk, line)


def _record_success(line: EndpointState) -> EndpointState:
    return line.model_copy(update={"failures": 0, "paused_until": None})


def _record_failure(line: EndpointState, now: datetime) -> EndpointState:
    """Calls that failed side by side count as one failure."""
    if line.paused_until is not None and now < line.paused_until:
        return line
    failures = line.failures + 1
    return line.model_copy(update={"failures": failures, "paused_until": now + circuit_open_seconds(failures)})


def _drain_endpoint_queue(desk: _EndpointContext, line: EndpointState) -> None:
    """Start what is due as far as there is room, and look again when the next comes due."""
    waiting = desk.waiting(line)
    kept = desk.subscriptions(line.workspace).get(line.webhook)
    if kept is None or line.gone == kept.version:
        why = "the subscription was deleted" if kept is None else "the endpoint answered 410 Gone"
        _give_up(desk, line, waiting, why)
        return
    stale = [(i, d) for i, d in waiting if d.at + MAX_RETRY_PERIOD < desk.now]
    for identity, record in waiting:
        if record.next_at is None or record.next_at > desk.now or (identity, record) in stale:
            continue
        if not _may_start(desk, line):
            break
        line = _start(desk, line, identity, record)
    if stale:
        _give_up(desk, line, stale, "the endpoint was not reached in time")
        return
    left = desk.waiting(line)
    if left and not line.sending:
        _schedule_wakeup(desk, line, max(left[0][1].next_at or desk.now, line.paused_until or desk.now))
    elif left and _may_start(desk, line):
        _schedule_wakeup(desk, line, left[0][1].next_at or desk.now)
    desk.keep(line)


def _give_up(
    desk: _EndpointContext, line: EndpointState, waiting: Sequence[tuple[str, DeliveryRecord]], why: str
) -> None:
    """They will not be sent any more; there may be more of them than this batch has read."""
    for identity, record in waiting:
        tries = [*record.recent_attempts, DeliveryAttempt(at=desk.now, detail=why)][-MAX_ATTEMPTS_KEPT:]
        changed = {"state": "failed", "next_at": None, "recent_attempts": tries}
        desk.work.put(WEBHOOK_DELIVERIES, identity, record.model_copy(update=changed))
    if waiting:
        _schedule_wakeup(desk, line, desk.now)
    desk.keep(line)


def _schedule_wakeup(desk: _EndpointContext, line: EndpointState, at: datetime) -> None:
    name = endpoint_id(desk.work.place.partition, line.workspace, line.webhook)
    data = EndpointTimerPayload(workspace=line.workspace, webhook=line.webhook).model_dump(
        mode="json", exclude={"result"}
    )
    desk.work.set_timer(f"line/{name}", max(at, desk.now), data)
