"""What every handler of dispatch is given beside its input.

The memory of a partition holds a state per workspace, made when the workspace first appears. Inside a batch a state runs
ahead of the documents that the batch will write: the owner of the partition drops the memory when a batch fails.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from services.platform.processing.inputs import ReceivedEvent, TimerFired
from services.platform.processing.reads import ByIndex, Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import OUTCOMES
from services.records.agents import AGENTS
from services.records.configuration import CONFIGURATION_HEADS, configuration_in_force, numbered_configuration
from services.records.tasks import QUEUES, TASKS
from services.router.dispatch.domain.dispatcher import FIFO_RESERVE_INTERVAL
from services.router.dispatch.rounds import learn_rules
from services.router.dispatch.workspace_state import WorkspaceState, agents_query, tasks_query, workspace_state


@dataclass(frozen=True, slots=True)
class DispatchDependencies:
    """`fifo_reserve_interval`: one draw in so many goes to the task that waits longest."""

    fifo_reserve_interval: int = FIFO_RESERVE_INTERVAL


@dataclass(slots=True)
class DispatchMemory:
    """What a partition keeps between batches."""

    workspaces: dict[str, WorkspaceState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DispatchContext:
    """One batch of dispatch."""

    work: UnitOfWork
    memory: DispatchMemory
    dependencies: DispatchDependencies

    def state(self, workspace: str) -> WorkspaceState:
        """The state of a workspace; made here when it is new, and brought up to the routing rules in force."""
        known = self.memory.workspaces.get(workspace)
        if known is not None:
            return known
        state = workspace_state(self.work, workspace, self.dependencies.fifo_reserve_interval)
        self.memory.workspaces[workspace] = state
        configuration = configuration_in_force(self.work, workspace)
        # Rules that were written while no owner looked after this workspace were announced to nobody.
        learn_rules(self.work, state, configuration.routing.version if configuration and configuration.routing else 0)
        return state

    def teams(self, workspace: str) -> frozenset[str]:
        """The teams of a workspace; `reads` has to name its configuration."""
        configuration = configuration_in_force(self.work, workspace)
        return frozenset(configuration.teams) if configuration is not None else frozenset()


# -- what is read --------------------------------------------------------------------------------------------------------


def workspace_for(one: ReceivedEvent | TimerFired) -> str:
    """The workspace of an event or a timer. Raises TypeError for a timer of none: a bug of this processor."""
    workspace = one.event.workspace if isinstance(one, ReceivedEvent) else one.data.get("workspace")
    if not isinstance(workspace, str):
        raise TypeError("a timer of dispatch names no workspace")
    return workspace


def documents_of_workspace(context: DispatchContext, one: ReceivedEvent | TimerFired) -> Iterator[Read]:
    """The first step: all of a workspace that is not in memory yet."""
    workspace = workspace_for(one)
    if workspace not in context.memory.workspaces:
        yield Documents(QUEUES, [workspace])
        yield Documents(CONFIGURATION_HEADS, [workspace])
        yield ByIndex(AGENTS, agents_query(workspace), every_page=True)
        yield ByIndex(TASKS, tasks_query(workspace), every_page=True)


def rules_of_workspace(context: DispatchContext, one: ReceivedEvent | TimerFired) -> Iterator[Read]:
    """The second step: the routing rules of a workspace that is not in memory yet."""
    if workspace_for(one) not in context.memory.workspaces:
        yield from numbered_configuration(context.work, workspace_for(one))


def command(context: DispatchContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a command: its outcome as well."""
    yield Documents(OUTCOMES, [received.event.id])
    yield from documents_of_workspace(context, received)


def agent_put(context: DispatchContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of writing an agent: the configuration as well, which says which teams there are."""
    yield Documents(CONFIGURATION_HEADS, [received.event.workspace])
    yield from command(context, received)


def configuration(context: DispatchContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of writing an agent."""
    yield from numbered_configuration(context.work, received.event.workspace)
