"""Tasks, which are the routing side of open conversations, and the queue record of each workspace. Only `dispatch` writes them."""

from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args

from schemas.values import OMITTED_IF_EMPTY, Instant, Overflow, Priority, RelaxStep, Requirement, Surface, WorkClass
from services.platform.store.port import Collection, Index

WRITER = "dispatch"

TaskState = Literal["waiting", "offered", "assigned", "set_aside"]
TASK_STATES: tuple[TaskState, ...] = get_args(TaskState)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """An open task. Its document id is the conversation's; it is removed when the conversation is resolved.

    The fields from `conversation` to `config_version` come from the event `TaskQueued`, which defines them; `TaskChanged`
    changes some. `agent` is who has it or is offered it, and `assigned_at` is set while it is assigned. `decision` is the id of the
    last decision about it.

    What dispatch has decided about the way it waits: `relaxed` of the steps `relax` were applied, it `overflowed`, it waits for its
    preferred agent until `preferred_until`, agents in `passed` are passed over until a time, `offers` were made so far. While it is
    offered, `offer` is the offer's id and `offer_expires_at` its end. `counting`: it uses units of its agent, or waits in the queue.
    `next_change_at` is when dispatch looks at it again.
    """

    conversation: str
    key: str
    workspace: str
    channel: str
    account: str
    surface: Surface
    team: str
    requirement: Requirement = field(default_factory=Requirement)
    priority: Priority = "normal"
    language: str | None = None
    queued_at: Instant
    due_at: Instant | None = None
    preferred: str | None = None
    preferred_until: Instant | None = None
    work_class: WorkClass = "chat"
    units: int = 1
    relax: list[RelaxStep] = field(default_factory=list)
    offer_seconds: float | None = None
    overflow: Overflow | None = None
    rule: str
    config_version: int
    state: TaskState = "waiting"
    agent: str | None = None
    assigned_at: Instant | None = None
    decision: str | None = None
    relaxed: int = 0
    overflowed: bool = False
    passed: dict[str, Instant] = field(default_factory=dict)
    offers: int = 0
    offer: str | None = None
    offer_expires_at: Instant | None = None
    counting: bool = True
    next_change_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRecord:
    """What dispatch stores for a workspace besides agents and tasks. Its document id is the workspace.

    `pulled_since_reserve` counts the tasks that freed agents took from the queue. The share that is reserved for the
    oldest task goes by it, so that a restart does not change whose turn it is. `rules_version` is the version of the
    newest routing rules that dispatch has read. `closing_at` is when the opening hours of a team end next.
    """

    workspace: str
    pulled_since_reserve: int = 0
    rules_version: int = 0
    closing_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None


TASKS = Collection(
    "tasks",
    TaskRecord,
    writer=WRITER,
    indexes=(
        Index("state", ("workspace", "state", "queued_at")),
        Index("agent", ("workspace", "agent", "assigned_at")),
    ),
)
QUEUES = Collection("queues", QueueRecord, writer=WRITER)
