"""Agents as dispatch keeps them: what was written, presence, and the units in use. Written by `dispatch` alone."""

from dataclasses import dataclass

from schemas.configuration import AgentBody, PresenceStatus
from schemas.values import Instant
from services.platform.store.port import Collection, Index

WRITER = "dispatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecord:
    """An agent. Its document id is `workspace/agent`.

    `version` counts the writings of `body` and is the agent's ETag (`"3"`); `presence_version` counts the settings of
    `presence` and is the presence's. Neither moves with `load`. `load` is the units in use: one per open conversation
    that the agent holds. `idle_since` is since when the agent is online with nothing in use, else None. `assigned_at`
    is when it was last given a task. `at` is the last change of `body` or `presence`.
    """

    workspace: str
    id: str
    body: AgentBody
    presence: PresenceStatus = "offline"
    load: int = 0
    idle_since: Instant | None = None
    assigned_at: Instant | None = None
    version: int = 1
    presence_version: int = 0
    at: Instant


def agent_id(workspace: str, agent: str) -> str:
    """The document id of an agent."""
    return f"{workspace}/{agent}"


AGENTS = Collection("agents", AgentRecord, writer=WRITER, indexes=(Index("workspace", ("workspace", "id")),))
