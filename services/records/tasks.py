"""Tasks, which are the routing side of open conversations, and the queue record of each workspace. Only `dispatch` writes them."""

from dataclasses import dataclass, field
from typing import Literal

from schemas.values import Instant, Priority, Requirement, Surface
from services.platform.store.port import Collection, Index

WRITER = "dispatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """An open task. Its document id is the conversation's; it is removed when the conversation is resolved.

    The fields from `conversation` to `config_version` come from the event `TaskQueued`, which defines them; `TaskChanged`
    changes some. `agent` and `assigned_at` are set while the task is assigned. `decision` is the id of the last decision
    about it.
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
    rule: str
    config_version: int
    state: Literal["waiting", "assigned"] = "waiting"
    agent: str | None = None
    assigned_at: Instant | None = None
    decision: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRecord:
    """What dispatch stores for a workspace besides agents and tasks. Its document id is the workspace.

    `pulled_since_reserve` counts the tasks that freed agents took from the queue. The share that is reserved for the
    oldest task goes by it, so that a restart does not change whose turn it is. `rules_version` is the version of the
    newest routing rules that dispatch has read.
    """

    workspace: str
    pulled_since_reserve: int = 0
    rules_version: int = 0


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
