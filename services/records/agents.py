"""Agents: the body that REST wrote, presence, and units in use. Only `dispatch` writes them."""

from dataclasses import dataclass, field
from typing import Annotated

from schemas.configuration import AgentBody, Lowering, PresenceStatus
from schemas.values import OMITTED_IF_EMPTY, Instant, WorkClass
from services.platform.store.port import Collection, Index

WRITER = "dispatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentUsage:
    """The units of an agent since `since`, when what is shown of the presence last changed, summed up until `at`.

    `used_unit_seconds` are units in use, `unit_seconds` those that there are, each times seconds.
    """

    since: Instant
    at: Instant
    used_unit_seconds: float = 0.0
    unit_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUpRecord:
    """The units of a conversation that has ended, in use until `until`."""

    conversation: str
    work_class: WorkClass
    units: int
    until: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecord:
    """An agent. Its document id is `workspace/agent`.

    `version` rises with each write of `body` and is the agent's ETag (`"3"`); `presence_version` rises with each
    change of `presence` and is the ETag of the presence. `generation` is the time of its creation in microseconds
    since 1970, 0 for agents of versions that did not store it: keys and sessions of an agent of the same id that was
    deleted do not open it. `presence` is what counts since `presence_since`, and `presence_declared` what the agent
    said (None: the same). `lowered` is what lowers it, each since when; `presence_reason` is the code of one of these, or
    the agent's words; `presence_words` are the latter in any case. `presence_next` is what the agent will be once the work
    in hand is done. `returned`: what waited for the agent was given back in this absence. `presence_timer_at` is when
    dispatch looks at the presence again, and `leased_at` since when the agent's page says that it is there, or from when
    its silence counts; None: nobody expects it to. Neither version changes with `load`, the units in use, or `loads`, these by
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
    presence_words: Annotated[str | None, OMITTED_IF_EMPTY] = None
    presence_next: Annotated[PresenceStatus | None, OMITTED_IF_EMPTY] = None
    lowered: Annotated[dict[Lowering, Instant], OMITTED_IF_EMPTY] = field(default_factory=dict)
    returned: Annotated[bool, OMITTED_IF_EMPTY] = False
    leased_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    presence_timer_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    wrap_ups: Annotated[list[WrapUpRecord], OMITTED_IF_EMPTY] = field(default_factory=list)
    usage: Annotated[AgentUsage | None, OMITTED_IF_EMPTY] = None
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
