"""The stage `conversations`: one table from what comes in to what handles it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.activity import Activity
from schemas.channel import Capabilities
from schemas.commands import Continue, Forward
from schemas.configuration import WorkspaceConfiguration
from schemas.values import Json, instant_text
from services.platform.processing.processor import Arrived, Input, WakeUp
from services.platform.processing.unit_of_work import Effect, Work
from services.platform.store.collections import OUTCOMES
from services.platform.store.port import Query
from services.records.configuration import CONFIGURATION_HEADS, Configurations
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES, MOVED_PLACES, PERSONS, WRITER
from services.router.conversations import claims, commands, event_handlers, handoff_commands
from services.router.conversations.domain.handoff import Handoffs
from services.router.conversations.inbound import BY_MESSAGE, PURGE, Around, handle_activity, handle_forward
from services.router.conversations.legacy_ids import ids_of
from services.router.conversations.lifecycle_commands import MOVES, PLANNED
from services.router.conversations.places import places_answered, places_of

UNDONE = frozenset({*BY_MESSAGE, "edit", "echo"})
"""Kinds of activities whose message may have been deleted before it came."""
FORWARD, CLAIM = "pasokh.command.forward", "pasokh.command.claim_handoff"
CONTINUE = "pasokh.command.continue"
TOPICS = ("inbound", "commands", "assignments", "sla", "deliveries")

ON_EVENT: dict[str, Callable[[Work, Arrived], None]] = {
    "pasokh.command.resolve": commands.handle_resolve,
    "pasokh.command.escalate": event_handlers.handle_escalation,
    "pasokh.command.mind_due": event_handlers.handle_mind_due,
    **MOVES,
    **claims.COMMANDS,
    "pasokh.assignment.assigned": event_handlers.handle_assigned,
    "pasokh.assignment.unassigned": event_handlers.handle_unassigned,
    "pasokh.delivery.sent": event_handlers.handle_sent,
    "pasokh.delivery.failed": event_handlers.handle_failed,
    "pasokh.sla.started": event_handlers.handle_clock_started,
    "pasokh.control.due": event_handlers.handle_control_due,
}
ON_WAKE_UP: dict[str, Callable[[Work, WakeUp], None]] = {
    event_handlers.TICK: event_handlers.wake_tick,
    event_handlers.CLOSE: event_handlers.wake_close,
    handoff_commands.EXPIRY: handoff_commands.wake_expiry,
    PURGE: event_handlers.wake_purge,
}


@dataclass(slots=True)
class ConversationsMemory:
    """Configuration in force, read for each batch."""

    configurations: dict[str, WorkspaceConfiguration] = field(default_factory=dict)


@dataclass(slots=True)
class Asked:
    """What a batch is about. `commands` are their ids, `asking` whose they are; `data` of all but activities.

    `planning`: workspaces whose rules are applied again.
    """

    activities: list[Activity] = field(default_factory=list)
    forwarded: list[Activity] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    asking: list[str] = field(default_factory=list)
    data: list[dict[str, Json]] = field(default_factory=list)
    planning: set[str] = field(default_factory=set)

    def add(self, one: Arrived) -> None:
        """Take note of an event that is no activity itself."""
        self.data.append(one.event.data)
        if one.event.type == FORWARD:
            self.forwarded.append(one.event.read(Forward).activity)
        if one.event.type in PLANNED:
            self.planning.add(one.event.workspace)
        if one.topic == "commands":
            self.commands.append(one.event.id)
            self.asking.append(one.event.partitionkey)

    def named(self, name: str) -> list[str]:
        """The ids that events and timers name in one field of their data."""
        return [value for data in self.data if isinstance(value := data.get(name), str)]


class ConversationsStage:
    """Dedupes, threads, and runs the life of every conversation of a person key."""

    group = WRITER
    topics = TOPICS

    def __init__(self, capabilities: Mapping[str, Capabilities], handoffs: Handoffs) -> None:
        self._capabilities = capabilities
        self._privacy = handoff_commands.Privacy(handoffs, capabilities)
        self._configurations = Configurations()

    def remember(self) -> ConversationsMemory:
        return ConversationsMemory()

    async def load(self, work: Work, memory: ConversationsMemory, inputs: Sequence[Input]) -> None:
        asked = _asked(inputs)
        activities, all_activities = asked.activities, [*asked.activities, *asked.forwarded]
        workspaces = {activity.workspace for activity in all_activities} | asked.planning
        opened = [o for a in activities if (o := self._privacy.opens(a))]
        await work.fetch(
            [
                (CONFIGURATION_HEADS, workspaces),
                (PERSONS, [*(str(a.person_key) for a in activities), *asked.named("key"), *asked.asking]),
                (MESSAGES, [*ids_of(all_activities), *asked.named("message")]),
                (ACTIVITIES, [a.id for a in activities if a.kind not in BY_MESSAGE]),
                (ACTIVITIES, [a.message or a.id for a in all_activities if a.kind in UNDONE]),
                (MOVED_PLACES, places_of(all_activities)),
                (CONVERSATIONS, [*opened, *asked.named("conversation"), *asked.named("case")]),
                (OUTCOMES, asked.commands),
            ]
        )
        heads = [work.get(CONFIGURATION_HEADS, workspace) for workspace in workspaces]
        memory.configurations = await self._configurations.at(work.reader, heads)
        persons, messages = work.held(PERSONS).values(), work.held(MESSAGES).values()
        linked = [i for p in persons for i in (*p.open.values(), p.forwarded_to) if i]
        linked += [m.conversation for m in messages]
        known = work.held(CONVERSATIONS).values()
        await work.fetch([(CONVERSATIONS, linked), (MOVED_PLACES, places_answered(known))])
        for one in inputs:
            if isinstance(one, Arrived) and one.event.type == CONTINUE:
                await _load_said(work, one.event.workspace, one.event.read(Continue).conversation)
        if any(isinstance(one, WakeUp) and one.name == PURGE for one in inputs):
            await _load_expired(work)

    def decide(self, work: Work, memory: ConversationsMemory, one: Input) -> None:
        if isinstance(one, WakeUp):
            _wake(work, one)
        elif isinstance(one, Arrived):
            self._arrive(work, memory, one)

    def _arrive(self, work: Work, memory: ConversationsMemory, one: Arrived) -> None:
        if _is_inbound(one):
            activity = one.event.read(Activity)
            handle_activity(work, activity, self._around(memory, activity.workspace))
        elif one.event.type == FORWARD:
            handle_forward(work, one, self._around(memory, one.event.workspace))
        elif one.event.type == CLAIM:
            claims.handle_claim(work, one, self._privacy)
        elif one.event.type == "pasokh.command.reply":
            commands.handle_reply(work, one, self._capabilities)
        elif one.event.type in PLANNED:
            PLANNED[one.event.type](work, one, memory.configurations.get(one.event.workspace))
        elif one.event.type in ON_EVENT:
            ON_EVENT[one.event.type](work, one)

    def _around(self, memory: ConversationsMemory, workspace: str) -> Around:
        return Around(memory.configurations.get(workspace), self._privacy)

    async def perform(self, effect: Effect) -> dict[str, Json]:
        raise LookupError(f"conversations performs nothing, but was asked for {effect.name}")


def _wake(work: Work, wake_up: WakeUp) -> None:
    for prefix, handler in ON_WAKE_UP.items():
        if wake_up.name.startswith(prefix):
            handler(work, wake_up)


def _is_inbound(one: Input) -> bool:
    return isinstance(one, Arrived) and one.event.type.startswith("pasokh.inbound.")


def _asked(inputs: Iterable[Input]) -> Asked:
    asked = Asked()
    for one in inputs:
        if not isinstance(one, Arrived):
            asked.data.append(one.data)
        elif _is_inbound(one):
            asked.activities.append(one.event.read(Activity))
        else:
            asked.add(one)
    return asked


async def _load_said(work: Work, workspace: str, conversation: str) -> None:
    equals: dict[str, Json] = {"workspace": workspace, "conversation": conversation}
    await work.query(MESSAGES, Query(MESSAGES.name, "conversation", equals, descending=True, limit=100))


async def _load_expired(work: Work) -> None:
    equals: dict[str, Json] = {"partition": work.place.partition}
    query = Query(ACTIVITIES.name, "expiry", equals, below=instant_text(work.now), limit=500)
    await work.query(ACTIVITIES, query)
