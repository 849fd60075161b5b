"""The stage `conversations`: one table from what comes in to what handles it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.activity import Activity
from schemas.channel import Capabilities
from schemas.commands import Continue, Forward
from schemas.configuration import WorkspaceConfiguration
from schemas.values import Json, instant_text
from services.platform.processing.processor import Input, ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import Effect, UnitOfWork
from services.platform.store.collections import OUTCOMES
from services.platform.store.port import Query
from services.records.configuration import CONFIGURATION_HEADS, Configurations
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES, MOVED_PLACES, PERSONS, WRITER
from services.router.conversations import claims, commands, event_handlers, handoff_commands
from services.router.conversations.domain.handoff import Handoffs
from services.router.conversations.inbound import (
    ACTIVITY_HANDLERS,
    PURGE,
    ActivityContext,
    handle_activity,
    handle_forward,
)
from services.router.conversations.legacy_ids import ids_of
from services.router.conversations.lifecycle_commands import LIFECYCLE_HANDLERS, PLANNED
from services.router.conversations.places import places_answered, places_of

UNDONE = frozenset({*ACTIVITY_HANDLERS, "edit", "echo"})
"""Kinds of activities whose message may have been deleted before it came."""
FORWARD, CLAIM = "pasokh.command.forward", "pasokh.command.claim_handoff"
CONTINUE = "pasokh.command.continue"
TOPICS = ("inbound", "commands", "assignments", "sla", "deliveries")

EVENT_HANDLERS: dict[str, Callable[[UnitOfWork, ReceivedEvent], None]] = {
    "pasokh.command.resolve": commands.handle_resolve,
    "pasokh.command.escalate": event_handlers.handle_escalation,
    "pasokh.command.mind_due": event_handlers.handle_due_changed,
    **LIFECYCLE_HANDLERS,
    **claims.COMMANDS,
    "pasokh.assignment.assigned": event_handlers.handle_assigned,
    "pasokh.assignment.unassigned": event_handlers.handle_unassigned,
    "pasokh.delivery.sent": event_handlers.handle_sent,
    "pasokh.delivery.failed": event_handlers.handle_failed,
    "pasokh.sla.started": event_handlers.handle_clock_started,
    "pasokh.control.due": event_handlers.handle_watermark_request,
}
TIMER_HANDLERS: dict[str, Callable[[UnitOfWork, TimerFired], None]] = {
    event_handlers.WATERMARK: event_handlers.on_watermark_timer,
    event_handlers.CLOSE: event_handlers.on_close_timer,
    handoff_commands.EXPIRY: handoff_commands.on_expiry_timer,
    PURGE: event_handlers.on_purge_timer,
}


@dataclass(slots=True)
class ConversationsMemory:
    """Configuration in force, read for each batch."""

    configurations: dict[str, WorkspaceConfiguration] = field(default_factory=dict)


@dataclass(slots=True)
class ReadSet:
    """What a batch is about. `commands` are their ids, `asking` whose they are; `data` of all but activities.

    `planning`: workspaces whose rules are applied again.
    """

    activities: list[Activity] = field(default_factory=list)
    forwarded: list[Activity] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    asking: list[str] = field(default_factory=list)
    data: list[dict[str, Json]] = field(default_factory=list)
    planning: set[str] = field(default_factory=set)

    def add(self, one: ReceivedEvent) -> None:
        """Take note of an event that is no activity itself."""
        self.data.append(one.event.data)
        if one.event.type == FORWARD:
            self.forwarded.append(one.event.payload_as(Forward).activity)
        if one.event.type in PLANNED:
            self.planning.add(one.event.workspace)
        if one.topic == "commands":
            self.commands.append(one.event.id)
            self.asking.append(one.event.partitionkey)

    def ids_from_payload(self, name: str) -> list[str]:
        """The ids that events and timers name in one field of their data."""
        return [value for data in self.data if isinstance(value := data.get(name), str)]


class ConversationsStage:
    """Dedupes, threads, and runs the life of every conversation of a person key."""

    group = WRITER
    topics = TOPICS

    def __init__(self, capabilities: Mapping[str, Capabilities], handoffs: Handoffs) -> None:
        self._capabilities = capabilities
        self._privacy = handoff_commands.HandoffService(handoffs, capabilities)
        self._configurations = Configurations()

    def new_memory(self) -> ConversationsMemory:
        return ConversationsMemory()

    async def load(self, work: UnitOfWork, memory: ConversationsMemory, inputs: Sequence[Input]) -> None:
        asked = _asked(inputs)
        activities, all_activities = asked.activities, [*asked.activities, *asked.forwarded]
        workspaces = {activity.workspace for activity in all_activities} | asked.planning
        opened = [o for a in activities if (o := self._privacy.can_start(a))]
        await work.preload(
            [
                (CONFIGURATION_HEADS, workspaces),
                (PERSONS, [*(str(a.person_key) for a in activities), *asked.ids_from_payload("key"), *asked.asking]),
                (MESSAGES, [*ids_of(all_activities), *asked.ids_from_payload("message")]),
                (ACTIVITIES, [a.id for a in activities if a.kind not in ACTIVITY_HANDLERS]),
                (ACTIVITIES, [a.message or a.id for a in all_activities if a.kind in UNDONE]),
                (MOVED_PLACES, places_of(all_activities)),
                (CONVERSATIONS, [*opened, *asked.ids_from_payload("conversation"), *asked.ids_from_payload("case")]),
                (OUTCOMES, asked.commands),
            ]
        )
        heads = [work.get(CONFIGURATION_HEADS, workspace) for workspace in workspaces]
        memory.configurations = await self._configurations.version(work.reader, heads)
        persons, messages = work.cached(PERSONS).values(), work.cached(MESSAGES).values()
        linked = [i for p in persons for i in (*p.open.values(), p.forwarded_to) if i]
        linked += [m.conversation for m in messages]
        known = work.cached(CONVERSATIONS).values()
        await work.preload([(CONVERSATIONS, linked), (MOVED_PLACES, places_answered(known))])
        for one in inputs:
            if isinstance(one, ReceivedEvent) and one.event.type == CONTINUE:
                await _load_said(work, one.event.workspace, one.event.payload_as(Continue).conversation)
        if any(isinstance(one, TimerFired) and one.name == PURGE for one in inputs):
            await _load_expired(work)

    def decide(self, work: UnitOfWork, memory: ConversationsMemory, one: Input) -> None:
        if isinstance(one, TimerFired):
            _wake(work, one)
        elif isinstance(one, ReceivedEvent):
            self._handle_event(work, memory, one)

    def _handle_event(self, work: UnitOfWork, memory: ConversationsMemory, one: ReceivedEvent) -> None:
        if _is_inbound(one):
            activity = one.event.payload_as(Activity)
            handle_activity(work, activity, self._context(memory, activity.workspace))
        elif one.event.type == FORWARD:
            handle_forward(work, one, self._context(memory, one.event.workspace))
        elif one.event.type == CLAIM:
            claims.handle_claim(work, one, self._privacy)
        elif one.event.type == "pasokh.command.reply":
            commands.handle_reply(work, one, self._capabilities)
        elif one.event.type in PLANNED:
            PLANNED[one.event.type](work, one, memory.configurations.get(one.event.workspace))
        elif one.event.type in EVENT_HANDLERS:
            EVENT_HANDLERS[one.event.type](work, one)

    def _context(self, memory: ConversationsMemory, workspace: str) -> ActivityContext:
        return ActivityContext(memory.configurations.get(workspace), self._privacy)

    async def perform(self, effect: Effect) -> dict[str, Json]:
        raise LookupError(f"conversations performs nothing, but was asked for {effect.name}")


def _wake(work: UnitOfWork, wake_up: TimerFired) -> None:
    for prefix, handler in TIMER_HANDLERS.items():
        if wake_up.name.startswith(prefix):
            handler(work, wake_up)


def _is_inbound(one: Input) -> bool:
    return isinstance(one, ReceivedEvent) and one.event.type.startswith("pasokh.inbound.")


def _asked(inputs: Iterable[Input]) -> ReadSet:
    asked = ReadSet()
    for one in inputs:
        if not isinstance(one, ReceivedEvent):
            asked.data.append(one.data)
        elif _is_inbound(one):
            asked.activities.append(one.event.payload_as(Activity))
        else:
            asked.add(one)
    return asked


async def _load_said(work: UnitOfWork, workspace: str, conversation: str) -> None:
    equals: dict[str, Json] = {"workspace": workspace, "conversation": conversation}
    await work.query(MESSAGES, Query(MESSAGES.name, "conversation", equals, descending=True, limit=100))


async def _load_expired(work: UnitOfWork) -> None:
    equals: dict[str, Json] = {"partition": work.place.partition}
    query = Query(ACTIVITIES.name, "expiry", equals, below=instant_text(work.now), limit=500)
    await work.query(ACTIVITIES, query)
