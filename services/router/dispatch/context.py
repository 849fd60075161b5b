"""What handlers of dispatch work with besides their input, and the documents that each kind of input needs.

The memory of a partition holds a state per workspace, loaded when the first input of the workspace comes. During a batch a
state is ahead of the stored documents: when a batch fails, the owner of the partition drops the memory.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from schemas.channel import Pace
from schemas.values import Surface, WorkClass
from services.platform.processing.inputs import ReceivedEvent, TimerFired
from services.platform.processing.reads import ByIndex, Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import OUTCOMES
from services.records.agents import AGENTS
from services.records.configuration import CONFIGURATION_HEADS, configuration_in_force, numbered_configuration
from services.records.offers import OFFERS
from services.records.read_marks import READ_MARKS
from services.records.tasks import QUEUES, TASKS
from services.router.dispatch.domain.dispatcher import FIFO_RESERVE_INTERVAL
from services.router.dispatch.domain.outcomes import DispatchOutcome
from services.router.dispatch.domain.values import Agent
from services.router.dispatch.domain.work import class_of_work
from services.router.dispatch.rounds import start_replanning
from services.router.dispatch.workspace_state import (
    WorkspaceState,
    agents_query,
    dispatch_settings,
    load_workspace_state,
    tasks_query,
    to_agent,
)


@dataclass(frozen=True, slots=True)
class DispatchDependencies:
    """`fifo_reserve_interval`: one in so many tasks that agents pull from the queue is the oldest.

    `paces`: how fast people talk on each channel, by its name; `chat` where none is given.
    """

    fifo_reserve_interval: int = FIFO_RESERVE_INTERVAL
    paces: Mapping[str, Pace] = field(default_factory=dict)

    def class_of_work(self, channel: str, surface: Surface) -> WorkClass:
        """The class of a task of this channel and surface."""
        return class_of_work(surface, self.paces.get(channel, "chat"))


@dataclass(slots=True)
class DispatchMemory:
    """What a partition keeps in memory between batches: the state of each workspace."""

    workspaces: dict[str, WorkspaceState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DispatchContext:
    """One batch of dispatch."""

    work: UnitOfWork
    memory: DispatchMemory
    dependencies: DispatchDependencies

    def state(self, workspace: str) -> WorkspaceState:
        """The state of a workspace, loaded at its first input. Loading also applies the routing rules in force."""
        known = self.memory.workspaces.get(workspace)
        if known is not None:
            return known
        configuration = configuration_in_force(self.work, workspace)
        state = load_workspace_state(
            self.work, workspace, self.dependencies.fifo_reserve_interval, dispatch_settings(configuration)
        )
        self.memory.workspaces[workspace] = state
        # The announcement of the rules in force may still be on its way, or may never have been made by an older version.
        start_replanning(
            self.work, state, configuration.routing.version if configuration and configuration.routing else 0
        )
        return state

    def apply_settings(self, state: WorkspaceState) -> list[DispatchOutcome]:
        """Apply the settings in force to a workspace's agents; `reads` has to name its configuration."""
        configuration = configuration_in_force(self.work, state.workspace)
        version = configuration.version if configuration is not None else None
        # With every task: what nobody has written since is not read anew.
        if version is not None and version == state.configured:
            return []
        settings, state.configured = dispatch_settings(configuration), version
        if settings == state.settings:
            return []
        state.settings = settings
        agents = [to_agent(record, settings) for record in state.agents.values()]
        changed = [agent for agent in agents if agent != self._known(state, agent)]
        return [outcome for agent in changed for outcome in state.dispatcher.put_agent(agent, self.work.now)]

    def _known(self, state: WorkspaceState, agent: Agent) -> Agent:
        # What it has in hand is counted from its tasks, and stands in no record.
        return replace(state.dispatcher.agent_index.agents[agent.id], in_hand=agent.in_hand)

    def teams(self, workspace: str) -> frozenset[str]:
        """The teams of a workspace; `reads` has to name its configuration."""
        configuration = configuration_in_force(self.work, workspace)
        return frozenset(configuration.teams) if configuration is not None else frozenset()


# -- reads --------------------------------------------------------------------------------------------------------


def workspace_for(item: ReceivedEvent | TimerFired) -> str:
    """The workspace of an event or a timer. Raises TypeError for a timer without one: a bug of this processor."""
    workspace = item.event.workspace if isinstance(item, ReceivedEvent) else item.data.get("workspace")
    if not isinstance(workspace, str):
        raise TypeError("a timer of dispatch names no workspace")
    return workspace


def workspace_documents(context: DispatchContext, item: ReceivedEvent | TimerFired) -> Iterator[Read]:
    """The first step: all documents of a workspace that is not in memory yet."""
    workspace = workspace_for(item)
    if workspace not in context.memory.workspaces:
        yield Documents(QUEUES, [workspace])
        yield Documents(CONFIGURATION_HEADS, [workspace])
        yield ByIndex(AGENTS, agents_query(workspace), every_page=True)
        yield ByIndex(TASKS, tasks_query(workspace), every_page=True)


def rules_documents(context: DispatchContext, item: ReceivedEvent | TimerFired) -> Iterator[Read]:
    """The second step: the routing rules of a workspace that is not in memory yet."""
    if workspace_for(item) not in context.memory.workspaces:
        yield from numbered_configuration(context.work, workspace_for(item))


def command_documents(context: DispatchContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a command: also its outcome, which exists when the command is a repeat."""
    yield Documents(OUTCOMES, [received.event.id])
    yield from workspace_documents(context, received)


def task_documents(context: DispatchContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a new task: also the configuration's head, because the settings may have changed."""
    yield Documents(CONFIGURATION_HEADS, [received.event.workspace])
    yield from workspace_documents(context, received)


def offer_documents(context: DispatchContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of an answer to an offer: also the offer."""
    yield Documents(OFFERS, [str(received.event.data.get("offer"))])
    yield from command_documents(context, received)


def agent_put_documents(context: DispatchContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of writing an agent: also the configuration's head, because the agent's teams must exist."""
    yield Documents(CONFIGURATION_HEADS, [received.event.workspace])
    yield from command_documents(context, received)


def configuration_documents(context: DispatchContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of writing an agent, or of a new task: the configuration with teams and settings."""
    yield from numbered_configuration(context.work, received.event.workspace)


def unread_documents(context: DispatchContext, timer: TimerFired) -> Iterator[Read]:
    """The first step of the timer: also the read marks of the conversation."""
    yield Documents(READ_MARKS, [str(timer.data["conversation"])])
    yield from workspace_documents(context, timer)
