"""Agents: the body that REST wrote, presence, and units in use. Only `dispatch` writes them."""

from dataclasses import dataclass, field

from schemas.configuration import AgentBody, PresenceStatus
from schemas.values import Instant, WorkClass
from services.platform.store.port import Collection, Index

WRITER = "dispatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecord:
    """An agent. Its document id is `workspace/agent`.

    `version` rises with each write of `body` and is the agent's ETag (`"3"`); `presence_version` rises with each
    change of `presence` and is the ETag of the presence. `generation` is the time of its creation in microseconds
    since 1970, 0 for agents of versions that did not store it: keys and sessions of an agent of the same id that was
    deleted do not open it. `presence` is what counts since `presence_since`, and `presence_declared` what the agent
    said (None: the same): missed offers lower it, until the agent sets it again. `presence_reason` are the agent's
    words, or the code of what lowered it. Neither version changes with `load`, the units in use, or `loads`, these by
    class of work. `missed_offers` counts the offers that the agent missed in a row. `reserved_for` is a task larger
    than its room, for which it saves room. `idle_since` is set while the agent is online without a conversation.
    `assigned_at` is the time of the last assignment, `at` that of the last change of `body` or `presence`.
    """

    workspace: str
    id: str
    body: AgentBody
    presence: PresenceStatus = "offline"
    presence_declared: PresenceStatus | None = None
    presence_reason: str | None = None
    presence_since: Instant | None = None
    load: int = 0
    loads: dict[WorkClass, int] = field(default_factory=dict)
    missed_offers: int = 0
    reserved_for: str | None = None
    idle_since: Instant | None = None
    assigned_at: Instant | None = None
    version: int = 1
    presence_version: int = 0
    generation: int = 0
    at: Instant


def agent_id(workspace: str, agent: str) -> str:
    """The document id of an agent."""
    return f"{workspace}/{agent}"


AGENTS = Collection("agents", AgentRecord, writer=WRITER, indexes=(Index("workspace", ("workspace", "id")),))
