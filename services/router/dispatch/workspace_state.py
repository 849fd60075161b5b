"""One workspace's dispatcher, built from the workspace's documents alone."""

from dataclasses import dataclass, field

from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.port import Query
from services.records.agents import AGENTS, AgentRecord
from services.records.tasks import QUEUES, TASKS, QueueRecord, TaskRecord
from services.router.dispatch.domain.dispatcher import Dispatcher
from services.router.dispatch.domain.values import Agent, Task, TaskRequirement

PAGE_SIZE = 1_000


@dataclass(slots=True)
class WorkspaceState:
    """One workspace in memory: its desk, and its documents as this partition last wrote them.

    `remembered` is as the batch leaves it; `written` as it rests.
    """

    workspace: str
    desk: Dispatcher
    agents: dict[str, AgentRecord] = field(default_factory=dict)
    tasks: dict[str, TaskRecord] = field(default_factory=dict)
    remembered: QueueRecord = field(default_factory=lambda: QueueRecord(workspace=""))
    written: QueueRecord | None = None


def agents_query(workspace: str) -> Query:
    """Every agent of a workspace."""
    return Query(AGENTS.name, "workspace", {"workspace": workspace}, limit=PAGE_SIZE)


def tasks_query(workspace: str) -> Query:
    """Every open task of a workspace."""
    return Query(TASKS.name, "state", {"workspace": workspace}, limit=PAGE_SIZE)


def workspace_state(work: UnitOfWork, workspace: str, fifo_reserve_interval: int) -> WorkspaceState:
    """The state as the documents are now, all of which the batch has read. Raises UndeclaredRead."""
    queue = work.get(QUEUES, workspace) or QueueRecord(workspace=workspace)
    agents = work.found(AGENTS, agents_query(workspace)).values()
    tasks = work.found(TASKS, tasks_query(workspace)).values()
    dispatcher = Dispatcher(queue.pulled_since_reserve, fifo_reserve_interval)
    state = WorkspaceState(workspace, dispatcher, remembered=queue, written=queue)
    state.agents = {record.id: record for record in agents}
    state.tasks = {record.conversation: record for record in tasks}
    dispatcher.restore(
        [to_agent(record) for record in agents],
        [to_task(record) for record in tasks if record.agent is None],
        [(to_task(record), record.agent) for record in tasks if record.agent is not None],
    )
    return state


def to_agent(record: AgentRecord) -> Agent:
    """The dispatcher's agent of a record."""
    body = record.body
    return Agent(
        id=record.id,
        name=body.name,
        teams=frozenset(body.teams),
        skills=body.skills,
        capacity=body.capacity,
        presence=record.presence,
        load=record.load,
        idle_since=record.idle_since,
        assigned_at=record.assigned_at,
    )


def to_task(record: TaskRecord) -> Task:
    """The dispatcher's task of a record."""
    return Task(
        id=record.conversation,
        need=TaskRequirement.of(record.team, record.requirement.skills),
        priority=record.priority,
        queued_at=record.queued_at,
        due_at=record.due_at,
        preferred=record.preferred,
    )
