"""A room: one workspace's desk beside the documents it stands for, made from those documents alone."""

from dataclasses import dataclass, field, replace

from services.platform.processing.unit_of_work import Reader
from services.platform.store.port import Collection, Key, Model, Query
from services.records.agents import AGENTS, AgentRecord
from services.records.tasks import QUEUES, TASKS, QueueRecord, TaskRecord
from services.router.dispatch.domain.dispatcher import Dispatcher
from services.router.dispatch.domain.values import Agent, Task, TaskRequirement

PAGE = 1_000


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


async def load_workspace_state(reader: Reader, workspace: str, reserved_every: int) -> WorkspaceState:
    """The room as its documents are now. Store errors pass through."""
    key = Key(QUEUES.name, workspace)
    queue = QueueRecord.model_validate((await reader.get_many([key])).get(key, {"workspace": workspace}))
    agents = await _all(reader, AGENTS, "workspace", workspace)
    tasks = await _all(reader, TASKS, "state", workspace)
    state = WorkspaceState(workspace, Dispatcher(queue.drawn, reserved_every), remembered=queue, written=queue)
    state.agents = {record.id: record for record in agents}
    state.tasks = {record.conversation: record for record in tasks}
    state.desk.restore(
        [agent_of(record) for record in agents],
        [task_of(record) for record in tasks if record.agent is None],
        [(task_of(record), record.agent) for record in tasks if record.agent is not None],
    )
    return state


def agent_of(record: AgentRecord) -> Agent:
    """The agent as the desk knows it."""
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


def task_of(record: TaskRecord) -> Task:
    """The task as the desk knows it."""
    return Task(
        id=record.conversation,
        need=TaskRequirement.of(record.team, record.requirement.skills),
        priority=record.priority,
        queued_at=record.queued_at,
        due_at=record.due_at,
        preferred=record.preferred,
    )


async def _all(reader: Reader, collection: Collection[Model], index: str, workspace: str) -> list[Model]:
    records: list[Model] = []
    query: Query | None = Query(collection.name, index, {"workspace": workspace}, limit=PAGE)
    while query is not None:
        page = await reader.query(query)
        records += [collection.model.model_validate(document) for _, document in page.items]
        query = replace(query, after=page.next) if page.next else None
    return records
