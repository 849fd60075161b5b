"""The stage `conversations`: one table from what comes in to what handles it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.activity import Activity
from schemas.channel import Capabilities
from schemas.commands import Forward
from schemas.configuration import WorkspaceConfiguration
from schemas.values import Json, instant_text
from services.records.configuration import CONFIGURATION_HEADS, Configurations
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES, PERSONS, WRITER
from services.router.conversations import commands, privacy, progress
from services.router.conversations.handoff import Handoffs
from services.router.conversations.inbound import PURGE, Around, handle_activity, handle_forward
from services.router.conversations.moves import MOVES
from services.runtime.collections import OUTCOMES
from services.runtime.stage import Arrived, Input, WakeUp
from services.runtime.store.port import Query
from services.runtime.work import Effect, Work

FORWARD = "pasokh.command.forward"
TOPICS = ("inbound", "commands", "assignments", "sla", "deliveries")

ON_EVENT: dict[str, Callable[[Work, Arrived], None]] = {
    "pasokh.command.resolve": commands.handle_resolve,
    "pasokh.command.escalate": progress.handle_escalation,
    "pasokh.command.mind_due": progress.handle_mind_due,
    **MOVES,
    "pasokh.assignment.assigned": progress.handle_assigned,
    "pasokh.assignment.unassigned": progress.handle_unassigned,
    "pasokh.delivery.sent": progress.handle_sent,
    "pasokh.delivery.failed": progress.handle_failed,
    "pasokh.sla.started": progress.handle_clock_started,
    "pasokh.control.due": progress.handle_control_due,
}
ON_WAKE_UP: dict[str, Callable[[Work, WakeUp], None]] = {
    progress.TICK: progress.wake_tick,
    progress.CLOSE: progress.wake_close,
    privacy.EXPIRY: privacy.wake_expiry,
    PURGE: progress.wake_purge,
}


@dataclass(slots=True)
class ConversationsMemory:
    """Configuration in force, read for each batch."""

    configurations: dict[str, WorkspaceConfiguration] = field(default_factory=dict)


class ConversationsStage:
    """Dedupes, threads, and runs the life of every conversation of a person key."""

    group = WRITER
    topics = TOPICS

    def __init__(self, capabilities: Mapping[str, Capabilities], handoffs: Handoffs) -> None:
        self._capabilities = capabilities
        self._privacy = privacy.Privacy(handoffs, capabilities)
        self._configurations = Configurations()

    def remember(self) -> ConversationsMemory:
        return ConversationsMemory()

    async def load(self, work: Work, memory: ConversationsMemory, inputs: Sequence[Input]) -> None:
        forwarded = [f.activity for one in inputs if (f := _forwarded(one))]
        activities = [_activity(one) for one in inputs if _is_inbound(one)]
        workspaces = {activity.workspace for activity in (*activities, *forwarded)}
        commanded = [one for one in inputs if isinstance(one, Arrived) and one.topic == "commands"]
        asking = [command.event.partitionkey for command in commanded]
        await work.fetch(
            [
                (CONFIGURATION_HEADS, workspaces),
                (PERSONS, [f"{a.workspace}/{a.person}" for a in activities] + _named(inputs, "key") + asking),
                (MESSAGES, [a.message or a.id for a in (*activities, *forwarded)] + _named(inputs, "message")),
                (ACTIVITIES, [a.id for a in activities]),
                (
                    CONVERSATIONS,
                    [o for a in activities if (o := self._privacy.opens(a))] + _named(inputs, "conversation"),
                ),
                (OUTCOMES, [command.event.id for command in commanded]),
            ]
        )
        heads = [work.get(CONFIGURATION_HEADS, workspace) for workspace in workspaces]
        memory.configurations = await self._configurations.at(work.reader, heads)
        persons, messages = work.held(PERSONS).values(), work.held(MESSAGES).values()
        linked = [i for p in persons for i in (*p.open.values(), p.forwarded_to) if i]
        linked += [m.conversation for m in messages]
        await work.fetch([(CONVERSATIONS, linked)])
        if any(isinstance(one, WakeUp) and one.name == PURGE for one in inputs):
            await _load_expired(work)

    def decide(self, work: Work, memory: ConversationsMemory, one: Input) -> None:
        if isinstance(one, WakeUp):
            _wake(work, one)
        elif isinstance(one, Arrived):
            self._arrive(work, memory, one)

    def _arrive(self, work: Work, memory: ConversationsMemory, one: Arrived) -> None:
        if _is_inbound(one):
            activity = _activity(one)
            handle_activity(work, activity, self._around(memory, activity.workspace))
        elif one.event.type == FORWARD:
            handle_forward(work, one, self._around(memory, one.event.workspace))
        elif one.event.type == "pasokh.command.reply":
            commands.handle_reply(work, one, self._capabilities)
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


def _forwarded(one: Input) -> Forward | None:
    if isinstance(one, Arrived) and one.event.type == FORWARD:
        return one.event.read(Forward)
    return None


def _activity(one: Input) -> Activity:
    if not isinstance(one, Arrived):
        raise TypeError("only events carry activities")
    return one.event.read(Activity)


def _named(inputs: Iterable[Input], field_name: str) -> list[str]:
    """The ids that events and timers name in one field of their data; an activity's are read from itself."""
    data = [one.event.data if isinstance(one, Arrived) else one.data for one in inputs if not _is_inbound(one)]
    values = [d.get(field_name) for d in data]
    return [v for v in values if isinstance(v, str)]


async def _load_expired(work: Work) -> None:
    equals: dict[str, Json] = {"partition": work.place.partition}
    query = Query(ACTIVITIES.name, "expiry", equals, below=instant_text(work.now), limit=500)
    await work.query(ACTIVITIES, query)
