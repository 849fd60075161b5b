"""One workspace in the memory of its partition, built from the workspace's documents alone."""

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
    """The dispatcher of a workspace, and the documents from which it was restored, as this batch leaves them.

    Whoever replaces a record here also writes it to the unit of work, so that both agree when the batch is committed.
    """

    workspace: str
    dispatcher: Dispatcher
    queue_record: QueueRecord
    agents: dict[str, AgentRecord] = field(default_factory=dict)
    tasks: dict[str, TaskRecord] = field(default_factory=dict)


def agents_query(workspace: str) -> Query:
    """Every agent of a workspace."""
    return Query(AGENTS.name, "workspace", {"workspace": workspace}, limit=PAGE_SIZE)


def tasks_query(workspace: str) -> Query:
    """Every open task of a workspace."""
    return Query(TASKS.name, "state", {"workspace": workspace}, limit=PAGE_SIZE)


def load_workspace_state(work: UnitOfWork, workspace: str, fifo_reserve_interval: int) -> WorkspaceState:
    """The state of the workspace's documents, which the batch must have read. Raises UndeclaredRead."""
    all_agents, all_tasks = agents_query(workspace), tasks_query(workspace)
    queue_record = work.get(QUEUES, workspace) or QueueRecord(workspace=workspace)
    agents = work.found(AGENTS, all_agents).values()
    tasks = work.found(TASKS, all_tasks).values()
    dispatcher = Dispatcher(queue_record.pulled_since_reserve, fifo_reserve_interval)
    state = WorkspaceState(workspace, dispatcher, queue_record)
    state.agents = {record.id: record for record in agents}
    state.tasks = {record.conversation: record for record in tasks}
    # No decisions: what waits here was decided to wait by an earlier batch.
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
        requirement=TaskRequirement.of(record.team, record.requirement.skills),
        priority=record.priority,
        queued_at=record.queued_at,
        due_at=record.due_at,
        preferred=record.preferred,
    )
