"""Tasks: the routing side of open conversations, and the draws from the queue. Written by `dispatch` alone."""

from typing import Literal

from schemas.routing import TaskQueued
from schemas.values import Contract, Instant
from services.platform.store.port import Collection, Index

WRITER = "dispatch"


class TaskRecord(TaskQueued):
    """An open task. Its document id is the conversation's; it is removed when the conversation is resolved.

    `agent`, `assigned_at` are given while it is assigned. `decision` is the id of the last decision about it.
    """

    state: Literal["waiting", "assigned"] = "waiting"
    agent: str | None = None
    assigned_at: Instant | None = None
    decision: str | None = None


class QueueRecord(Contract):
    """What dispatch remembers of a workspace besides agents and tasks. Its document id is the workspace.

    `drawn`: how many tasks agents have drawn from the queue; the reserved share counts by it, so that a restart does
    not change whose turn it is. `rules_version`: the version of the newest routing rules that dispatch knows of.
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
