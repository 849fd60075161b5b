"""The stage `dispatch`: events on `routing` in, assignments out. The one writer of agents, tasks and decisions.

Memory holds a room per workspace, made when the workspace first appears. Inside a batch the room runs ahead of the
documents that the batch will write: whoever runs the stage drops the memory when a batch fails.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schemas.envelope import Event
from schemas.routing import RulesChanged, TaskChanged, TaskClosed, TaskForceAssigned, TaskQueued
from schemas.values import Json
from services.platform.processing.processor import Input, ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import Effect, UnitOfWork
from services.platform.store.collections import OUTCOMES
from services.records.configuration import Configurations
from services.records.tasks import TASKS, TaskRecord
from services.router.dispatch.commands import AGENT_PUT, COMMANDS, handle_command
from services.router.dispatch.domain.dispatcher import FIFO_RESERVE_INTERVAL, DispatchOutcome
from services.router.dispatch.recording import record_outcomes, write_remembered
from services.router.dispatch.rounds import learn_rules, on_page_timer, reapply_all
from services.router.dispatch.workspace_state import WorkspaceState, load_workspace_state, task_of


@dataclass(slots=True)
class DispatchMemory:
    """What a partition keeps between batches. `teams` per workspace are those of the batch's configuration.

    `rules`: the version of the routing rules of workspaces whose rooms were just opened.
    """

    workspaces: dict[str, WorkspaceState] = field(default_factory=dict)
    configurations: Configurations = field(default_factory=Configurations)
    teams: dict[str, frozenset[str]] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)


class DispatchProcessor:
    """Decides which agent gets which task. `reserved_every`: one draw in so many goes to the longest waiting."""

    group = "dispatch"
    topics = ("routing",)

    def __init__(self, reserved_every: int = FIFO_RESERVE_INTERVAL) -> None:
        self._reserved_every = reserved_every

    def new_memory(self) -> DispatchMemory:
        return DispatchMemory()

    async def load(self, work: UnitOfWork, memory: DispatchMemory, inputs: Sequence[Input]) -> None:
        """Read outcomes of the batch's commands, teams where agents are written, and rooms that are new here."""
        events = [one.event for one in inputs if isinstance(one, ReceivedEvent)]
        await work.preload([(OUTCOMES, [event.id for event in events if event.type in AWAITED])])
        written = {event.workspace for event in events if event.type == AGENT_PUT}
        if written:
            found = await memory.configurations.current(work.reader, written)
            memory.teams = {workspace: frozenset(found[workspace].teams) for workspace in found}
        named = {event.workspace for event in events} | {
            _workspace_of(one) for one in inputs if isinstance(one, TimerFired)
        }
        new = sorted(named - memory.workspaces.keys())
        known = await memory.configurations.current(work.reader, new) if new else {}
        for workspace in new:
            memory.workspaces[workspace] = await load_workspace_state(work.reader, workspace, self._reserved_every)
            routing = known[workspace].routing if workspace in known else None
            memory.rules[workspace] = routing.version if routing else 0

    def decide(self, work: UnitOfWork, memory: DispatchMemory, received: Input) -> None:
        """Handle one event or timer; types that are not known are let pass."""
        room = memory.workspaces[
            received.event.workspace if isinstance(received, ReceivedEvent) else _workspace_of(received)
        ]
        # What was written while nobody looked after this workspace, or before there was news of rules.
        learn_rules(work, room, memory.rules.pop(room.workspace, 0))
        if isinstance(received, TimerFired):
            on_page_timer(work, room, received)
        elif isinstance(received, ReceivedEvent):
            self._arrive(work, memory, room, received)
        write_remembered(work, room)

    def _arrive(self, work: UnitOfWork, memory: DispatchMemory, state: WorkspaceState, event: ReceivedEvent) -> None:
        if event.event.type == RULES_CHANGED:
            learn_rules(work, state, event.event.payload_as(RulesChanged).version)
        elif event.event.type == REAPPLY:
            reapply_all(work, state, event.event)
        elif event.event.type in COMMANDS:
            handle_command(work, state, memory.teams.get(state.workspace, frozenset()), event.event)
        elif event.event.type in TASK_HANDLERS:
            record_outcomes(work, state, TASK_HANDLERS[event.event.type](work, state, event.event))

    async def perform(self, effect: Effect) -> dict[str, Json]:
        raise LookupError(f"dispatch has no effect {effect.name}")


def _workspace_of(timer: Input) -> str:
    """The workspace whose timer it is."""
    workspace = timer.data.get("workspace") if isinstance(timer, TimerFired) else None
    if not isinstance(workspace, str):
        raise TypeError("dispatch was given an input of no workspace")
    return workspace


def _queued(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    queued = event.payload_as(TaskQueued)
    if queued.conversation in state.tasks:
        return []
    record = TaskRecord.unvalidated(**vars(queued), state="waiting", agent=None, assigned_at=None, decision=None)
    state.tasks[record.conversation] = record
    return state.desk.enqueue(task_of(record), work.now)


def _changed(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    changed = event.payload_as(TaskChanged)
    task = state.tasks.get(changed.conversation)
    if task is None:
        return []
    update = {name: value for name in CHANGEABLE if (value := getattr(changed, name)) is not None}
    if changed.clear_due:
        update["due_at"] = None
    if changed.keeps_agent and task.agent is not None:
        update.pop("team", None)
    record = task.model_copy(update=update)
    state.tasks[record.conversation] = record
    work.put(TASKS, record.conversation, record)
    return state.desk.change(task_of(record), work.now)


def _on_task_force_assigned(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    command = event.payload_as(TaskForceAssigned)
    return state.desk.force_assign(command.conversation, command.to_agent, command.by, work.now)


def _closed(work: UnitOfWork, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    closed = event.payload_as(TaskClosed)
    if state.tasks.pop(closed.conversation, None) is None:
        return []
    work.delete(TASKS, closed.conversation)
    return state.desk.close(closed.conversation, work.now)


RULES_CHANGED = "pasokh.routing.rules_changed"
REAPPLY = "pasokh.routing.reapply_sla"
AWAITED = frozenset({*COMMANDS, REAPPLY})
"""Types of events whose outcome somebody waits for."""
CHANGEABLE = ("team", "requirement", "priority", "due_at", "rule", "config_version")
TASK_HANDLERS: dict[str, Callable[[UnitOfWork, WorkspaceState, Event], list[DispatchOutcome]]] = {
    "pasokh.routing.task_queued": _queued,
    "pasokh.routing.task_changed": _changed,
    "pasokh.routing.task_force_assigned": _on_task_force_assigned,
    "pasokh.routing.task_closed": _closed,
}
